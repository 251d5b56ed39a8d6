// The main thread's side of user-defined functions: one thread, started with the first call and ended when it has had
// nothing to do for a while. They cannot run on the main thread: some built-ins of JavaScript run for hours without
// asking the engine's interrupt handler, and only a thread can be ended from outside.
//
// A query waits up to a millisecond for an answer with the event loop held: most functions answer within 30 µs, for which
// going through the event loop would be dear. A function that is slower is waited for without holding anything, and one
// that was slow several times is not waited for otherwise any more.
//
// A call that does not end is ended with its thread; what other queries asked for is asked again of the next one.

import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { DatabaseError } from '../../model/errors.ts';
import { answeredPlace, sentPlace, type FunctionAnswer, type FunctionRequest } from './function-messages.ts';
import {
  endingMsMax,
  functionCallMsMax,
  functionPageMsMax,
  functionQueriesMax,
  functionWaitMsMax,
  idleMsDefault,
  slowCallsMax,
  threadStackMegabytes,
} from './limits.ts';

/** What a call came to: JSON, '' for undefined; or why there is none. */
export type FunctionResult =
  { readonly kind: 'value'; readonly json: string } | { readonly kind: 'error'; readonly error: DatabaseError };

interface Pending {
  readonly query: FunctionQuery;
  readonly request: Omit<Extract<FunctionRequest, { readonly kind: 'call' }>, 'text'>;
  readonly text: string;
  readonly settle: (result: FunctionResult) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly counters: Int32Array;
  isReady: boolean;
  /** Functions it was told, as `query/name`. */
  readonly told: Set<string>;
}

/** The functions of one query. */
export class FunctionQuery {
  readonly number: number;
  readonly #thread: FunctionThread;
  #waiting: Promise<void> | undefined;
  #slowCalls = 0;
  #leftMs = functionPageMsMax;

  constructor(number: number, thread: FunctionThread) {
    this.number = number;
    this.#thread = thread;
  }

  /** Whether calls may be waited for with the event loop held. */
  get mayWait(): boolean {
    return this.#slowCalls < slowCallsMax;
  }

  /** Resolves when the call that is waited for was answered; undefined when none is. */
  get waiting(): Promise<void> | undefined {
    return this.#waiting;
  }

  /**
   * Calls a function with JSON; a `u` among the signs makes an argument undefined. The answer is given at once when it
   * comes at once; else undefined, and `later` gets it.
   */
  call(
    name: string,
    text: string,
    values: string,
    signs: string,
    later: (result: FunctionResult) => void,
  ): FunctionResult | undefined {
    if (this.#leftMs <= 0)
      return { kind: 'error', error: tooSlow(`the functions of a query ran for ${functionPageMsMax} ms`) };
    let now: FunctionResult | undefined;
    let isLater = false;
    let wake = (): void => undefined;
    this.#thread.send(this, { name, text, values, signs }, (result) => {
      now = result;
      if (!isLater) return;
      later(result);
      this.#waiting = undefined;
      wake();
    });
    if (now !== undefined) return now;
    isLater = true;
    this.#slowCalls++;
    this.#waiting = new Promise((resolve) => (wake = resolve));
    return undefined;
  }

  took(milliseconds: number): void {
    this.#leftMs -= milliseconds;
  }

  close(): void {
    this.#thread.endQuery(this);
  }
}

export class FunctionThread {
  readonly #idleMs: number;
  readonly #queries = new Set<FunctionQuery>();
  /** In the order sent. */
  readonly #pending = new Map<number, Pending>();
  #thread: Thread | undefined;
  #ids = 0;
  #watch: NodeJS.Timeout | undefined;
  #watched = 0;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  /** `idleMs` is given to tests. */
  constructor(idleMs = idleMsDefault) {
    this.#idleMs = idleMs;
  }

  get isRunning(): boolean {
    return this.#thread !== undefined;
  }

  openQuery(): FunctionQuery {
    if (this.#closed) throw closed();
    if (this.#queries.size >= functionQueriesMax)
      throw new DatabaseError('TooManyRequests', 'too many queries with user-defined functions run');
    const query = new FunctionQuery(++this.#ids, this);
    this.#queries.add(query);
    clearTimeout(this.#idle);
    return query;
  }

  endQuery(query: FunctionQuery): void {
    this.#queries.delete(query);
    for (const [id, pending] of this.#pending) if (pending.query === query) this.#pending.delete(id);
    const thread = this.#thread;
    if (thread === undefined) return;
    for (const name of thread.told) if (name.startsWith(`${query.number}/`)) thread.told.delete(name);
    this.#post(thread, { kind: 'end', query: query.number });
    if (this.#queries.size > 0) return;
    this.#idle = setTimeout(() => {
      void this.#end();
    }, this.#idleMs).unref();
  }

  /** Sends a call and waits a moment for its answer. */
  send(
    query: FunctionQuery,
    {
      text,
      ...rest
    }: { readonly name: string; readonly text: string; readonly values: string; readonly signs: string },
    settle: (result: FunctionResult) => void,
  ): void {
    const id = ++this.#ids;
    const request = { kind: 'call', id, query: query.number, ...rest } as const;
    this.#pending.set(id, { query, request, text, settle });
    const thread = (this.#thread ??= this.#start());
    if (!thread.isReady) return;
    this.#call(thread, this.#pending.get(id)!);
    if (query.mayWait) this.#await(thread, id);
    if (this.#pending.has(id)) this.#watchNext();
  }

  #call(thread: Thread, { request, text, query }: Pending): void {
    const name = `${query.number}/${request.name}`;
    const isTold = thread.told.has(name);
    thread.told.add(name);
    this.#post(thread, { ...request, text: isTold ? undefined : text });
  }

  #post(thread: Thread, request: FunctionRequest): void {
    thread.port.postMessage(request);
    Atomics.add(thread.counters, sentPlace, 1);
    Atomics.notify(thread.counters, sentPlace);
  }

  /** Holds the event loop until the answer is there, and no longer than that may take. */
  #await(thread: Thread, id: number): void {
    const endMs = performance.now() + functionWaitMsMax;
    for (;;) {
      const seen = Atomics.load(thread.counters, answeredPlace);
      for (let next = receiveMessageOnPort(thread.port); next !== undefined; next = receiveMessageOnPort(thread.port))
        this.#answered(thread, next.message as FunctionAnswer);
      const leftMs = endMs - performance.now();
      if (!this.#pending.has(id) || leftMs <= 0) return;
      Atomics.wait(thread.counters, answeredPlace, seen, leftMs);
    }
  }

  #start(): Thread {
    // The worker lies beside this file, as a source or compiled.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const { port1, port2 } = new MessageChannel();
    const counters = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(new URL(`./function-worker${extension}`, import.meta.url), {
      name: 'functions',
      workerData: { port: port2, counters },
      transferList: [port2],
      resourceLimits: { stackSizeMb: threadStackMegabytes },
    });
    const thread: Thread = { worker, port: port1, counters, isReady: false, told: new Set() };
    port1.on('message', (answer: FunctionAnswer) => {
      if (this.#thread === thread) this.#answered(thread, answer);
    });
    worker.on('error', (error) => {
      this.#lost(thread, error);
    });
    worker.on('exit', () => {
      this.#lost(thread, undefined);
    });
    worker.unref();
    port1.unref();
    return thread;
  }

  #answered(thread: Thread, answer: FunctionAnswer): void {
    if (answer.kind === 'ready') {
      thread.isReady = true;
      for (const pending of this.#pending.values()) this.#call(thread, pending);
      this.#watchNext();
      return;
    }
    const pending = this.#pending.get(answer.id);
    if (answer.outcome === 'broken' || answer.outcome === 'ended')
      for (const name of thread.told)
        if (pending && name.startsWith(`${pending.query.number}/`)) thread.told.delete(name);
    if (pending !== undefined) {
      this.#pending.delete(answer.id);
      pending.query.took(answer.tookMs);
      pending.settle(resultOf(answer));
    }
    if (answer.outcome === 'broken') this.#restart();
    else if (this.#watched !== 0) this.#watchNext();
  }

  /** Watches the call that is at work, so that one which does not end is ended. */
  #watchNext(): void {
    const first = this.#pending.keys().next().value;
    if (first === this.#watched) return;
    clearTimeout(this.#watch);
    this.#watched = first ?? 0;
    if (first === undefined || this.#thread?.isReady !== true) return;
    this.#watch = setTimeout(() => {
      const pending = this.#pending.get(first);
      this.#pending.delete(first);
      pending?.settle({ kind: 'error', error: callTooSlow() });
      this.#restart();
    }, functionCallMsMax + endingMsMax);
  }

  /** Ends the thread; what others wait for is asked of a new one. */
  #restart(): void {
    void this.#end();
    if (this.#pending.size > 0 && !this.#closed) this.#thread = this.#start();
  }

  #end(): Promise<unknown> | undefined {
    const thread = this.#thread;
    this.#thread = undefined;
    clearTimeout(this.#watch);
    this.#watched = 0;
    thread?.port.close();
    return thread?.worker.terminate();
  }

  /** A thread that ended by itself, or could not start, would do so again. */
  #lost(thread: Thread, cause: unknown): void {
    if (this.#thread !== thread) return;
    void this.#end();
    const error = new DatabaseError('Unavailable', 'the thread that runs functions ended', { cause });
    this.#rejectAll(error);
  }

  #rejectAll(error: DatabaseError): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settle } of all) settle({ kind: 'error', error });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#rejectAll(closed());
    await this.#end();
  }
}

function resultOf({ outcome, text }: Extract<FunctionAnswer, { readonly kind: 'answer' }>): FunctionResult {
  if (outcome === 'done') return { kind: 'value', json: text };
  if (outcome === 'ended') return { kind: 'error', error: callTooSlow() };
  return { kind: 'error', error: new DatabaseError('ScriptFailed', text) };
}

function tooSlow(message: string): DatabaseError {
  return new DatabaseError('ScriptTimeout', message);
}

function callTooSlow(): DatabaseError {
  return tooSlow(`a user-defined function did not end within ${functionCallMsMax} ms`);
}

function closed(): DatabaseError {
  return new DatabaseError('Unavailable', 'the server is stopping');
}
