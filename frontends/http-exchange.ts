// What a door is given of an HTTP request and what it gives back, however the connection was read.

import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { DatabaseError } from '../model/errors.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Names and values in turn: the form that is written without another object. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}

/** The head of a request, as Node's `IncomingMessage` shows it. */
export interface HttpMessage {
  readonly method?: string | undefined;
  /** As it was sent. */
  readonly url?: string | undefined;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
}

export interface HttpInput {
  readonly message: HttpMessage;
  readonly body: Uint8Array;
  /** What was wrong with the body: `decode` throws it. */
  readonly fault: DatabaseError | undefined;
  readonly encrypted: boolean;
}

/** Runs one request; `send` is called once. Never rejects. `signal` aborts when the connection closes. */
export type Handle = (input: HttpInput, send: (answer: HttpAnswer) => void, signal: AbortSignal) => Promise<void>;

export const noBytes = new Uint8Array(0);
