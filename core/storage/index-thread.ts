// The main thread's side of the index worker: one thread for the whole process, started with its first task, because
// a server that never flushes should not pay for it (about 10 MB). Tasks go over by structured clone; the pages of a
// memtable and the bytes of segments in memory are shared, not copied.
//
// A thread that dies takes its tasks with it: they are rejected, their callers give the jobs back, and the next task
// starts another thread. The thread keeps the process alive only while it works.

import { Worker } from 'node:worker_threads';
import { DatabaseError } from '../../model/errors.ts';
import type { SegmentTask, SegmentTasks, SegmentWritten } from './segment-task.ts';
import { storageFull, storeClosed } from './store.ts';

export type IndexRequest =
  | { readonly kind: 'run'; readonly id: number; readonly task: SegmentTask }
  | { readonly kind: 'cancel'; readonly id: number };

export type IndexAnswer =
  | { readonly kind: 'written'; readonly id: number; readonly written: SegmentWritten }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly code: string | undefined };

interface Pending {
  readonly resolve: (written: SegmentWritten) => void;
  readonly reject: (error: Error) => void;
  readonly settled: () => void;
}

/**
 * The thread's young generation. Blocks it reads are garbage at once, and their bytes lie outside the heap: a larger
 * one would let 60 MB of them gather between two collections.
 */
const youngMegabytesMax = 4;

/**
 * Without a task for so long the thread ends, and what it holds goes with it: 20 MB after merges of a million items.
 * Another one starts in some 50 ms.
 */
const idleMsDefault = 5_000;

/** The system's words for a disk that takes no more. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export class IndexThread implements SegmentTasks {
  #worker: Worker | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #idleMs: number;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #ids = 0;
  #closed = false;

  /** `idleMs` is given to tests. */
  constructor(idleMs = idleMsDefault) {
    this.#idleMs = idleMs;
  }

  /** True once a task was given and the thread lives. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  run(task: SegmentTask, signal?: AbortSignal): Promise<SegmentWritten> {
    if (this.#closed) return Promise.reject(storeClosed());
    const id = ++this.#ids;
    clearTimeout(this.#idle);
    return new Promise<SegmentWritten>((resolve, reject) => {
      const worker = (this.#worker ??= this.#start());
      worker.postMessage({ kind: 'run', id, task } satisfies IndexRequest);
      const cancel = () => this.#worker?.postMessage({ kind: 'cancel', id } satisfies IndexRequest);
      const settled = () => signal?.removeEventListener('abort', cancel);
      this.#pending.set(id, { resolve, reject, settled });
      if (this.#pending.size === 1) worker.ref();
      signal?.addEventListener('abort', cancel);
    });
  }

  #start(): Worker {
    // The worker lies beside this file, as a source or compiled.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const worker = new Worker(new URL(`./index-worker${extension}`, import.meta.url), {
      name: 'index',
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytesMax },
    });
    worker.unref();
    worker.on('message', (answer: IndexAnswer) => {
      this.#answered(worker, answer);
    });
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const pending = [...this.#pending.values()];
      this.#pending.clear();
      for (const { reject, settled } of pending) {
        settled();
        reject(new DatabaseError('Unavailable', 'the thread that writes the index ended', { cause }));
      }
    });
    return worker;
  }

  #answered(worker: Worker, answer: IndexAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) {
      worker.unref();
      this.#idle = setTimeout(() => this.#end(), this.#idleMs).unref();
    }
    if (pending === undefined) return;
    pending.settled();
    if (answer.kind === 'written') pending.resolve(answer.written);
    else pending.reject(failureOf(answer));
  }

  #end(): Promise<unknown> | undefined {
    const worker = this.#worker;
    this.#worker = undefined;
    return worker?.terminate();
  }

  /** Ends the thread, whatever it does: close the keepers before. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    await this.#end();
    for (const { reject, settled } of pending) {
      settled();
      reject(storeClosed());
    }
  }
}

function failureOf({ message, code }: { readonly message: string; readonly code: string | undefined }): DatabaseError {
  const cause = new Error(message);
  return code !== undefined && fullCodes.has(code)
    ? storageFull(cause)
    : new DatabaseError('Internal', 'a segment of the index could not be written', { cause });
}
