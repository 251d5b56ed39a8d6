// One client connection: bytes in, requests one at a time in order, replies out. Reading stops while a request is
// under way and more than one is waiting, and writing waits for a slow client, so memory per connection is bounded
// by one message each way.

import type { Socket } from 'node:net';
import { DatabaseError, type ErrorCode } from '../../model/errors.ts';
import { readInt32 } from '../../model/bytes.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { serve, type Door, type Principal } from '../serve.ts';
import type { Authentication } from './authenticate.ts';
import type { Answer, ConnectionState, MongoServer } from './command.ts';
import { decodeRequest, type MongoRequest } from './decode.ts';
import { encodeMessage, encodeReply } from './encode.ts';
import { MongoCode, MongoError, mongoErrorOf, ProtocolError, writeError } from './errors.ts';
import { FrameSplitter, messageBytesMax, unauthenticatedMessageBytesMax } from './frame.ts';
import { operate } from './operate.ts';

/** Bytes waiting behind the request under way before the socket is paused. */
const waitingBytesMax = 256 * 1024;

/** Our errors by the code they count under in metrics. */
function codeOf(error: MongoError): ErrorCode {
  switch (error.code) {
    case MongoCode.Unauthorized:
    case MongoCode.AuthenticationFailed:
      return 'Unauthorized';
    case MongoCode.NotImplemented:
    case MongoCode.CommandNotFound:
      return 'NotSupported';
    case MongoCode.DuplicateKey:
      return 'ItemExists';
    case MongoCode.CursorNotFound:
      return 'CursorNotFound';
    default:
      return 'BadRequest';
  }
}

/** The pipeline speaks DatabaseError; MongoDB's own error travels as its cause. */
function carried(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  if (error instanceof MongoError) return new DatabaseError(codeOf(error), error.message, { cause: error });
  if (error instanceof ProtocolError) return new DatabaseError('BadRequest', error.message, { cause: error });
  return new DatabaseError('Internal', 'internal error', { cause: error });
}

/** Bytes to send; empty for a request that wants no reply. */
type Output = Uint8Array;
const nothing: Output = new Uint8Array(0);

export class MongoConnection {
  readonly #socket: Socket;
  readonly #server: MongoServer;
  readonly #state: ConnectionState;
  readonly #splitter: FrameSplitter;
  readonly #abort = new AbortController();
  readonly #door: Door<Uint8Array, MongoRequest, Answer, Output>;
  #busy = false;
  #replyId = 0;
  /** What the next reply to a stream answers: its request, then its last reply. */
  #responseTo: number | undefined;
  #closing = false;

  constructor(socket: Socket, server: MongoServer, id: number, authentication: Authentication) {
    this.#socket = socket;
    this.#server = server;
    this.#state = {
      id,
      remote: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`,
      local: addressText(socket.localAddress ?? '', socket.localPort ?? 0),
      authentication,
      appName: undefined,
    };
    this.#splitter = new FrameSplitter(unauthenticatedMessageBytesMax);
    this.#door = {
      protocol: 'mongo',
      decode: (frame) => this.#decode(frame),
      operationOf: (request) => request.command,
      authenticate: () => this.#principal(),
      operate: (request, _principal, signal) => this.#operate(request, signal),
      encode: (answer, request) => this.#encode(answer, request),
      fail: (error, frame, request) => this.#fail(error, frame, request),
    };
    socket.on('data', (chunk) => {
      this.#splitter.push(chunk);
      void this.#pump();
    });
    socket.on('close', () => this.#abort.abort());
    socket.on('error', () => socket.destroy());
  }

  /** Serves what has arrived, one request after the other. Never throws. */
  async #pump(): Promise<void> {
    if (this.#busy) {
      if (this.#splitter.bufferedBytes > waitingBytesMax) this.#socket.pause();
      return;
    }
    this.#busy = true;
    while (!this.#closing) {
      this.#splitter.bytesMax = this.#state.authentication.allowed ? messageBytesMax : unauthenticatedMessageBytesMax;
      let frame: Uint8Array | undefined;
      try {
        frame = this.#splitter.next();
      } catch {
        // A length that cannot be: nothing after it can be found, and nobody waits for an answer.
        this.#socket.destroy();
        break;
      }
      if (frame === undefined) break;
      await serve(
        this.#door,
        frame,
        (output) => this.#send(output),
        this.#abort.signal,
        this.#server.deployment.observer,
      );
      if (this.#state.authentication.exhausted) this.#closing = true;
    }
    this.#busy = false;
    if (this.#closing) this.#socket.end();
    else this.#socket.resume();
  }

  #decode(frame: Uint8Array): MongoRequest {
    this.#responseTo = undefined;
    try {
      return decodeRequest(frame, this.#splitter.bytesMax);
    } catch (error) {
      throw carried(error);
    }
  }

  /** Commands decide for themselves whether they need more; see `operate`. */
  #principal(): Principal {
    const { principal } = this.#state.authentication;
    const account = this.#server.deployment.accounts.find((each) => each.id === principal?.name);
    const { number } = account ?? this.#server.deployment.accounts[0]!;
    return { account: number, name: principal?.name ?? 'anonymous', access: 'full' };
  }

  async *#operate(request: MongoRequest, signal: AbortSignal): AsyncIterable<Answer> {
    try {
      const answers = await operate({ server: this.#server, connection: this.#state, request, signal });
      if (answers === 'close') {
        this.#closing = true;
        this.#socket.destroy();
      } else if (Symbol.asyncIterator in answers) {
        yield* answers;
      } else {
        yield answers;
      }
    } catch (error) {
      throw carried(error);
    }
  }

  #encode(answer: Answer, request: MongoRequest): Output {
    if (request.moreToCome) return nothing;
    const writer = new BsonWriter().beginDocument();
    try {
      answer.write(writer);
    } catch (error) {
      throw carried(error);
    }
    writer.double('ok', 1);
    this.#trailer(writer);
    return this.#reply(request, writer.end().finish(), answer.moreToCome === true);
  }

  #reply(request: MongoRequest, body: Uint8Array, moreToCome: boolean): Output {
    const replyId = this.#nextReplyId();
    const answered = this.#responseTo === undefined ? request : { ...request, requestId: this.#responseTo };
    this.#responseTo = replyId;
    return encodeReply(answered, replyId, body, moreToCome);
  }

  #fail(error: DatabaseError, frame: Uint8Array, request: MongoRequest | undefined): Output {
    const { cause } = error;
    if (cause instanceof ProtocolError && cause.closes) this.#closing = true;
    if (request?.moreToCome === true) return nothing;
    const told = cause instanceof MongoError || cause instanceof ProtocolError ? cause : error;
    const writer = new BsonWriter().beginDocument().double('ok', 0);
    writeError(writer, mongoErrorOf(told));
    this.#trailer(writer);
    const body = writer.end().finish();
    if (request !== undefined) return this.#reply(request, body, false);
    return encodeMessage(readInt32(frame, 4), this.#nextReplyId(), body, 0);
  }

  /** What a member of a replica set adds to every reply. */
  #trailer(writer: BsonWriter): void {
    const { seconds, increment } = this.#server.clusterTime();
    writer.beginObject('$clusterTime').timestamp('clusterTime', seconds, increment);
    writer.beginObject('signature').binary('hash', 0, unsigned).int64('keyId', 0n).end().end();
    writer.timestamp('operationTime', seconds, increment);
  }

  #nextReplyId(): number {
    this.#replyId = (this.#replyId + 1) & 0x7fffffff;
    return this.#replyId;
  }

  #send(output: Output): void | Promise<void> {
    if (output.length === 0 || this.#socket.destroyed) return;
    if (this.#socket.write(output)) return;
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }
}

/** The cluster time is not signed: one process needs no proof of its own clock. */
const unsigned = new Uint8Array(20);

function addressText(address: string, port: number): string {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}
