// A connection on which plain requests come, one after the other: each is read from its bytes and answered without
// Node's parser and its objects, which cost more than a point read. With the first bytes that are no plain request
// (http-plain-request.ts) the connection leaves for Node's own server, unread bytes and all, and does not come back.
//
// Invariants: one request at a time, so answers keep their order; until it is answered and the answer on its way, what
// comes is held and the socket paused; a connection leaves between two requests only.

import type { Socket } from 'node:net';
import { copiedBytesMax, headOf, joined } from './http-answer.ts';
import { noBytes, type Handle, type HttpAnswer, type HttpInput } from './http-exchange.ts';
import { readPlainRequest, type PlainRequest } from './http-plain-request.ts';
import type { HttpTurn, Outgoing } from './http-turn.ts';

export interface LaneOptions {
  readonly bodyBytesMax: number;
  readonly handle: Handle;
  readonly turn: HttpTurn;
  /** Idle connections are kept this long. */
  readonly keepAliveMs: number;
  /** A body is whole by then. */
  readonly bodyMsMax: number;
  /** The port is closing: each answer is the last of its connection. */
  readonly isClosing: () => boolean;
  /** Takes the connection over; its unread bytes lie in the paused socket. */
  readonly leave: (socket: Socket) => void;
}

const slowBody = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** A request whose body is not whole yet. */
interface Begun {
  readonly request: PlainRequest;
  readonly chunks: Buffer[];
  bytes: number;
}

export class HttpLane implements Outgoing {
  readonly #socket: Socket;
  readonly #encrypted: boolean;
  readonly #signal: AbortSignal;
  readonly #options: LaneOptions;
  /** Header lines of every answer but the last. */
  readonly #keepAlive: string;
  #begun: Begun | undefined;
  #isAnswering = false;
  /** The answer that is to be written, and whether the connection ends with it. */
  #head = '';
  #body: Uint8Array | undefined;
  #isLast = false;
  /** Came while a request was under way. */
  #held: Buffer | undefined;
  /** When the connection fell idle or the body under way began. */
  #sinceMs: number;

  constructor(socket: Socket, encrypted: boolean, signal: AbortSignal, options: LaneOptions) {
    this.#socket = socket;
    this.#encrypted = encrypted;
    this.#signal = signal;
    this.#options = options;
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${options.keepAliveMs / 1000}\r\n`;
    this.#sinceMs = performance.now();
    socket.on('data', this.#onData);
  }

  /** Ends what took too long; called every few seconds. */
  check(nowMs: number): void {
    if (this.#isAnswering) return;
    const { bodyMsMax, keepAliveMs } = this.#options;
    const sinceMs = nowMs - this.#sinceMs;
    if (this.#begun !== undefined) {
      if (sinceMs > bodyMsMax) this.#socket.end(slowBody).destroySoon();
    } else if (sinceMs > keepAliveMs) this.#socket.destroy();
  }

  /** Closes the connection, now or with its answer. */
  close(): void {
    if (!this.#isAnswering) this.#socket.end();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isAnswering) {
      this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
      this.#socket.pause();
    } else if (this.#begun === undefined) this.#begin(chunk);
    else this.#gather(this.#begun, chunk);
  };

  #begin(bytes: Buffer): void {
    const request = readPlainRequest(bytes, this.#options.bodyBytesMax);
    if (request === undefined) return this.#leave(bytes);
    const { bodyAt, bodyLength } = request;
    const end = bodyAt + bodyLength;
    if (bytes.length < end) {
      this.#sinceMs = performance.now();
      this.#begun = { request, chunks: [bytes.subarray(bodyAt)], bytes: bytes.length - bodyAt };
      return;
    }
    if (bytes.length > end) this.#held = bytes.subarray(end);
    this.#run(request, bodyLength === 0 ? noBytes : bytes.subarray(bodyAt, end));
  }

  #gather(begun: Begun, chunk: Buffer): void {
    const { request, chunks } = begun;
    const missing = request.bodyLength - begun.bytes;
    begun.bytes += chunk.length;
    if (chunk.length > missing) {
      this.#held = chunk.subarray(missing);
      chunks.push(chunk.subarray(0, missing));
    } else chunks.push(chunk);
    if (chunk.length < missing) return;
    this.#begun = undefined;
    this.#run(request, Buffer.concat(chunks, request.bodyLength));
  }

  #run({ method, url, headers }: PlainRequest, body: Uint8Array): void {
    this.#isAnswering = true;
    const message = { method, url, headers, socket: this.#socket };
    const input: HttpInput = { message, body, fault: undefined, encrypted: this.#encrypted };
    void this.#options.handle(input, this.#send, this.#signal);
  }

  /** Throws for an answer that cannot be written; another may then be sent in its place. */
  readonly #send = (answer: HttpAnswer): void => {
    this.#isLast = this.#options.isClosing();
    this.#head = headOf(answer, this.#isLast ? 'Connection: close\r\n' : this.#keepAlive);
    this.#body = answer.body;
    this.#options.turn.add(this);
  };

  /** Writes what was sent; called by the turn. */
  write(): void {
    const socket = this.#socket;
    const body = this.#body;
    this.#body = undefined;
    if (socket.destroyed) return;
    if (body === undefined || body.length <= copiedBytesMax) socket.write(joined(this.#head, body));
    else {
      socket.cork();
      socket.write(this.#head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
    if (this.#isLast) socket.end();
    // A client that reads slowly is asked for its next request when it has read: one answer is what a connection holds.
    else if (socket.writableNeedDrain) socket.once('drain', this.#next);
    else this.#next();
  }

  readonly #next = (): void => {
    const held = this.#held;
    this.#isAnswering = false;
    this.#held = undefined;
    this.#socket.resume();
    if (held !== undefined) this.#begin(held);
    else if (this.#options.isClosing()) this.#socket.end();
    else this.#sinceMs = performance.now();
  };

  #leave(bytes: Buffer): void {
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.pause();
    socket.unshift(bytes);
    this.#options.leave(socket);
    process.nextTick(() => socket.resume());
  }
}
