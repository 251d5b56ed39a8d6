// The pipeline every door runs, written once: decode → authenticate → operate → encode, with one place where
// failures become the protocol's own errors. A request gives a sequence of answers (one for a point read, many
// for an exhaust cursor or a pushed feed); `send` is awaited, so a slow client slows its own source only.

import { randomUUID } from 'node:crypto';
import { DatabaseError, type ErrorCode } from '../model/errors.ts';

/** Who asks: the account chosen by the credentials and what they allow. */
export interface Principal {
  readonly account: number;
  readonly name: string;
  readonly access: 'full' | 'read-only';
}

/** What a protocol supplies. Input and Output are its bytes or messages, Request, Answer and Who its own records. */
export interface Door<Input, Request, Answer, Output, Who extends Principal = Principal> {
  /** Label in metrics and logs. */
  readonly protocol: string;
  /** Total: any input gives a request or throws DatabaseError. */
  decode(input: Input): Request;
  /** Name of the operation, from the surface: label in metrics. */
  operationOf(request: Request): string;
  authenticate(request: Request): Who | Promise<Who>;
  operate(request: Request, principal: Who, signal: AbortSignal): Answer | Promise<Answer> | AsyncIterable<Answer>;
  encode(answer: Answer, request: Request): Output;
  /** A failure in the protocol's own terms as one of ours, whose code is counted; undefined for what it does not know. */
  translate?(thrown: unknown): DatabaseError | undefined;
  /** The protocol's own error. `request` is undefined when decoding failed. */
  fail(error: DatabaseError, input: Input, request: Request | undefined, activityId: string): Output;
}

/** Told once per request; counts and logs, never changes anything. */
export interface Observer {
  finished(event: {
    readonly protocol: string;
    readonly operation: string;
    readonly code: ErrorCode | 'ok';
    readonly startedMs: number;
  }): void;
  /** A fault of ours, once, with its activity id. */
  fault(error: unknown, activityId: string, protocol: string, operation: string): void;
}

function isSequence<Answer>(value: unknown): value is AsyncIterable<Answer> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Runs one request to its end. Never throws: the last thing sent is an answer or the protocol's error. */
export async function serve<Input, Request, Answer, Output, Who extends Principal>(
  door: Door<Input, Request, Answer, Output, Who>,
  input: Input,
  send: (output: Output) => void | Promise<void>,
  signal: AbortSignal,
  observer: Observer,
): Promise<void> {
  const startedMs = performance.now();
  let request: Request | undefined;
  let operation = 'unknown';
  let code: ErrorCode | 'ok' = 'ok';
  try {
    request = door.decode(input);
    operation = door.operationOf(request);
    const given = door.authenticate(request);
    const principal = given instanceof Promise ? await given : given;
    const answers = door.operate(request, principal, signal);
    if (isSequence<Answer>(answers)) for await (const answer of answers) await send(door.encode(answer, request));
    else await send(door.encode(answers instanceof Promise ? await answers : (answers as Answer), request));
  } catch (thrown) {
    const activityId = randomUUID();
    const error =
      thrown instanceof DatabaseError
        ? thrown
        : (door.translate?.(thrown) ??
          new DatabaseError('Internal', 'an internal fault; see the log', { cause: thrown }));
    code = error.code;
    if (code === 'Internal') observer.fault(thrown, activityId, door.protocol, operation);
    if (!signal.aborted) await send(door.fail(error, input, request, activityId));
  }
  observer.finished({ protocol: door.protocol, operation, code, startedMs });
}
