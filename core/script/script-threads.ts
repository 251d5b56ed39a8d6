// The main thread's side of procedures and triggers: at most two threads, started at first use and ended when they have
// had nothing to do for a while, so that a server without scripts pays nothing. They are a second wall around what the
// engine already shuts in, and they keep the event loop free.
//
// A script that does not end in time although its engine was told so (some built-ins of JavaScript can run for hours
// without asking) is ended with its thread.

import { Worker } from 'node:worker_threads';
import { DatabaseError } from '../../model/errors.ts';
import { endingMsMax, idleMsDefault, scriptThreadsMax, threadStackMegabytes, waitingExecutionsMax } from './limits.ts';
import type { ScriptOutcome, ScriptRun, ThreadAnswer, ThreadRequest } from './messages.ts';

/** Answers calls of the collection: JSON in, JSON out. What it throws ends the execution. */
export type AnswerCalls = (calls: string) => Promise<string>;

interface Job {
  readonly run: ScriptRun;
  readonly answerCalls: AnswerCalls;
  readonly resolve: (outcome: ScriptOutcome) => void;
  readonly reject: (error: unknown) => void;
}

interface Busy {
  readonly id: number;
  readonly job: Job;
  readonly watch: NodeJS.Timeout;
}

interface Thread {
  readonly worker: Worker;
  /** The engine is loaded; until then it takes no job, so that no script pays for the loading with its time. */
  isReady: boolean;
  busy: Busy | undefined;
  idle: NodeJS.Timeout | undefined;
}

export class ScriptThreads {
  readonly #idleMs: number;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Job[] = [];
  #ids = 0;
  #closed = false;

  /** `idleMs` is given to tests. */
  constructor(idleMs = idleMsDefault) {
    this.#idleMs = idleMs;
  }

  /** Threads that live now. */
  get count(): number {
    return this.#threads.size;
  }

  run(run: ScriptRun, answerCalls: AnswerCalls): Promise<ScriptOutcome> {
    if (this.#closed) return Promise.reject(closed());
    if (this.#waiting.length >= waitingExecutionsMax)
      return Promise.reject(new DatabaseError('TooManyRequests', 'too many scripts wait to be run'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, answerCalls, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const free = [...this.#threads].find(({ isReady, busy }) => isReady && busy === undefined);
      if (free === undefined) break;
      this.#give(free, this.#waiting.shift()!);
    }
    const starting = [...this.#threads].filter(({ isReady }) => !isReady).length;
    if (this.#waiting.length > starting && this.#threads.size < scriptThreadsMax) this.#start();
  }

  #start(): void {
    // The worker lies beside this file, as a source or compiled.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const worker = new Worker(new URL(`./procedure-worker${extension}`, import.meta.url), {
      name: 'script',
      resourceLimits: { stackSizeMb: threadStackMegabytes },
    });
    const thread: Thread = { worker, isReady: false, busy: undefined, idle: undefined };
    this.#threads.add(thread);
    worker.on('message', (answer: ThreadAnswer) => {
      this.#answered(thread, answer);
    });
    worker.on('error', (error) => {
      this.#lost(thread, error);
    });
    worker.on('exit', () => {
      this.#lost(thread, undefined);
    });
  }

  #give(thread: Thread, job: Job): void {
    const id = ++this.#ids;
    clearTimeout(thread.idle);
    thread.worker.ref();
    const watch = setTimeout(() => {
      this.#end(thread, { kind: 'ended' });
    }, job.run.timeMs + endingMsMax);
    thread.busy = { id, job, watch };
    thread.worker.postMessage({ kind: 'run', id, run: job.run } satisfies ThreadRequest);
  }

  #answered(thread: Thread, answer: ThreadAnswer): void {
    if (answer.kind === 'ready') {
      thread.isReady = true;
      this.#rest(thread);
      return this.#next();
    }
    const { busy } = thread;
    if (busy?.id !== answer.id) return;
    if (answer.kind === 'calls') return this.#answerCalls(thread, busy, answer.calls);
    const { outcome } = answer;
    if (answer.isBroken) return this.#end(thread, outcome);
    this.#free(thread);
    busy.job.resolve(outcome);
    this.#next();
  }

  #answerCalls(thread: Thread, busy: Busy, calls: string): void {
    void (async () => busy.job.answerCalls(calls))().then(
      (answers) => {
        if (thread.busy === busy)
          thread.worker.postMessage({ kind: 'deliver', id: busy.id, answers } satisfies ThreadRequest);
      },
      (error: unknown) => {
        if (thread.busy !== busy) return;
        this.#free(thread);
        thread.worker.postMessage({ kind: 'stop', id: busy.id } satisfies ThreadRequest);
        busy.job.reject(error);
        this.#next();
      },
    );
  }

  #free(thread: Thread): void {
    clearTimeout(thread.busy?.watch);
    thread.busy = undefined;
    this.#rest(thread);
  }

  /** Nothing to do: it may end, and the process with it. */
  #rest(thread: Thread): void {
    thread.worker.unref();
    thread.idle = setTimeout(() => {
      this.#end(thread, undefined);
    }, this.#idleMs).unref();
  }

  /** Ends a thread, and with it what it runs. */
  #end(thread: Thread, outcome: ScriptOutcome | undefined): void {
    const { busy } = thread;
    this.#forget(thread);
    void thread.worker.terminate();
    if (busy !== undefined && outcome !== undefined) busy.job.resolve(outcome);
    this.#next();
  }

  #lost(thread: Thread, error: unknown): void {
    if (!this.#threads.has(thread)) return;
    const { busy, isReady } = thread;
    this.#forget(thread);
    const failure = new DatabaseError('Unavailable', 'the thread that runs scripts ended', { cause: error });
    busy?.job.reject(failure);
    // A thread that cannot even start would be started again and again.
    if (!isReady) for (const job of this.#waiting.splice(0)) job.reject(failure);
    if (!this.#closed) this.#next();
  }

  #forget(thread: Thread): void {
    this.#threads.delete(thread);
    clearTimeout(thread.idle);
    clearTimeout(thread.busy?.watch);
    thread.busy = undefined;
  }

  /** Ends every thread, whatever it does. */
  async close(): Promise<void> {
    this.#closed = true;
    const jobs = this.#waiting.splice(0);
    const threads = [...this.#threads];
    for (const thread of threads) {
      if (thread.busy !== undefined) jobs.push(thread.busy.job);
      this.#forget(thread);
    }
    for (const { reject } of jobs) reject(closed());
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

function closed(): DatabaseError {
  return new DatabaseError('Unavailable', 'the server is stopping');
}
