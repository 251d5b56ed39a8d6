// The thread that writes segments: the entry point that `index-thread.ts` starts. One slice at a time: of the oldest
// flush if there is one, else of the oldest merge, so that a flush overtakes every merge. Between slices messages
// come in; waiting for the disk holds up neither.

import { parentPort } from 'node:worker_threads';
import type { IndexAnswer, IndexRequest } from './index-thread.ts';
import { SegmentTaskRun } from './segment-task.ts';

interface Running {
  readonly id: number;
  readonly run: SegmentTaskRun;
}

const flushes: Running[] = [];
const merges: Running[] = [];
let turning = false;

function answer(message: IndexAnswer): void {
  parentPort?.postMessage(message);
}

function failed(id: number, error: unknown): void {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  answer({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error), code });
}

async function finish({ id, run }: Running): Promise<void> {
  try {
    answer({ kind: 'written', id, written: await run.finish() });
  } catch (error) {
    await run.discard();
    failed(id, error);
  }
}

function turn(): void {
  turning = false;
  const queue = flushes.length > 0 ? flushes : merges;
  const running = queue[0];
  if (running === undefined) return;
  try {
    if (running.run.step()) {
      queue.shift();
      void finish(running);
    }
  } catch (error) {
    queue.shift();
    void running.run.discard().then(() => {
      failed(running.id, error);
    });
  }
  schedule();
}

function schedule(): void {
  if (turning || flushes.length + merges.length === 0) return;
  turning = true;
  setImmediate(turn);
}

function cancel(id: number): void {
  for (const queue of [flushes, merges]) {
    const at = queue.findIndex((running) => running.id === id);
    if (at < 0) continue;
    const [running] = queue.splice(at, 1);
    void running!.run.discard().then(() => {
      failed(id, new Error('cancelled'));
    });
  }
}

parentPort?.on('message', (request: IndexRequest) => {
  if (request.kind === 'cancel') {
    cancel(request.id);
    return;
  }
  const { id, task } = request;
  try {
    (task.kind === 'flush' ? flushes : merges).push({ id, run: new SegmentTaskRun(task) });
  } catch (error) {
    failed(id, error);
  }
  schedule();
});
