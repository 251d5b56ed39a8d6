// A log group on NATS JetStream: one stream, one message per append, conditional on the stream's last sequence.
// That condition is the fence (800 of 800 races had exactly one winner); everything else here serves it.
//
// Invariants:
//  - A message is published only when this side knows which stream sequence holds record `after`; the server
//    compares it under its own lock. A refusal (10071, 10164) is 'fenced', silence in any form is 'unknown'.
//  - Nothing that is read is trusted: stream sequences must be consecutive (2.15.2 steps over damaged blocks in
//    silence), the frame must be whole, each record intact, dense and chained. Anything else is Internal.
//  - Where the log ends is asked of the stream's leader; bulk reads may come from any replica and be a little old.
//
// Where a record sequence lies in the stream is known for the end and for where the last read stopped; any other
// place is found by bisection over the messages, 20 requests in a million, which happens once after a start.

import {
  jetstreamManager,
  RetentionPolicy,
  DiscardPolicy,
  StorageType,
  JetStreamApiError,
  type JetStreamManager,
  type StreamState,
} from '@nats-io/jetstream';
import { createInbox, errors, headers, RequestError, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { DatabaseError } from '../../model/errors.ts';
import { emptyTail, readBytesMax, type AppendOutcome, type Log, type LogTail } from '../log.ts';
import { checkedRun, endsEntry, hole, sequenceOf, tailOf, verifyRead } from '../run.ts';
import { decodeAppend, encodeAppend, type AppendMessage } from './append-message.ts';

/** Wait for one answer before the outcome is unknown. A fail-over takes 4 to 7 s; the caller asks again. */
const requestMsDefault = 2_000;

/** Messages asked for in one request of a bulk read. The server's own bound is 1,024. */
const fetchMessagesMax = 256;

/** Error codes of the server (its errors.json). */
const wrongLastSequence = 10071;
const wrongLastSequenceInFlight = 10164;
const storeFailed = 10077;
const storageExceeded = 10047;
const accountExceeded = 10002;
const streamNotFound = 10059;

export interface JetStreamLogOptions {
  /** Name of the stream, and of its one subject: letters, digits, `-` and `_`. */
  readonly stream: string;
  /** Replicas in the region: 3 or 5 on a cluster, 1 only on a single server. */
  readonly replicas: number;
  /** Bytes the stream may hold before appends answer StorageFull; unbounded when absent. */
  readonly bytesMax?: number | undefined;
  /** Wait for one answer. */
  readonly requestMsMax?: number | undefined;
}

/** A place in the log: the next record after `sequence` is in stream message `next` (or would be, at the end). */
interface Place {
  readonly sequence: number;
  readonly next: number;
}

interface Found extends AppendMessage {
  readonly streamSequence: number;
}

/** Opens the log of one group, and makes its stream when there is none. */
export async function openJetStreamLog(
  connection: NatsConnection,
  options: JetStreamLogOptions,
): Promise<JetStreamLog> {
  if (!/^[\w-]{1,200}$/.test(options.stream))
    throw new DatabaseError('BadRequest', 'a stream name has letters, digits, - and _', { argument: 'stream' });
  const timeout = options.requestMsMax ?? requestMsDefault;
  const manager = await answered(() => jetstreamManager(connection, { timeout, checkAPI: false }));
  await answered(async () => {
    try {
      await manager.streams.info(options.stream);
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === streamNotFound)) throw error;
      await manager.streams.add({
        name: options.stream,
        subjects: [options.stream],
        storage: StorageType.File,
        num_replicas: options.replicas,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.New,
        max_bytes: options.bytesMax ?? -1,
        deny_delete: true,
        allow_direct: true,
      });
    }
  });
  return new JetStreamLog(connection, manager, options);
}

export class JetStreamLog implements Log {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #stream: string;
  readonly #requestMsMax: number;
  /** The end of the log as last seen, until an append fails. */
  #end: Place | undefined;
  /** Where the last read stopped. */
  #cursor: Place | undefined;
  #inFlight: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Use `openJetStreamLog`. */
  constructor(connection: NatsConnection, manager: JetStreamManager, options: JetStreamLogOptions) {
    this.#connection = connection;
    this.#manager = manager;
    this.#stream = options.stream;
    this.#requestMsMax = options.requestMsMax ?? requestMsDefault;
  }

  async tail(): Promise<LogTail> {
    this.#requireOpen();
    const { last_seq: last } = await this.#state();
    if (last === 0) {
      this.#end = { sequence: 0, next: 1 };
      return emptyTail;
    }
    const message = await this.#message(last);
    const record = message.records.at(-1)!;
    verifyRead(record, message.last, undefined);
    this.#end = { sequence: message.last, next: last + 1 };
    return tailOf(record);
  }

  async append(records: readonly Uint8Array[], after: number): Promise<AppendOutcome> {
    this.#requireOpen();
    const last = checkedRun(records, after).sequence;
    const turn = this.#inFlight.then(() => this.#publish(records, after, last));
    this.#inFlight = turn.catch(() => undefined);
    return turn;
  }

  async read(after: number, recordsMax: number): Promise<Uint8Array[]> {
    this.#requireOpen();
    const taken: Uint8Array[] = [];
    let place = await this.#place(after);
    if (place === undefined) return taken;
    let before: LogTail | undefined;
    let bytes = 0;
    for (;;) {
      const messages = await this.#fetch(place.next, recordsMax);
      if (messages.length === 0) return taken;
      for (const message of messages) {
        if (message.streamSequence !== place.next || message.first > place.sequence + 1)
          throw hole(place.sequence + 1, message.first);
        for (const record of message.records) {
          const sequence = sequenceOf(record);
          if (sequence <= place.sequence) continue;
          verifyRead(record, place.sequence + 1, before);
          before = tailOf(record);
          taken.push(record);
          bytes += record.length;
          place = { sequence, next: message.streamSequence + (sequence === message.last ? 1 : 0) };
          if (endsEntry(record) && (taken.length >= recordsMax || bytes >= readBytesMax)) {
            this.#cursor = place;
            return taken;
          }
        }
        if (!endsEntry(taken.at(-1)!))
          throw new DatabaseError('Internal', `the log breaks off within an entry at sequence ${place.sequence}`);
      }
      this.#cursor = place;
    }
  }

  /**
   * Removes whole messages of records below `sequence` from the front of the stream. Readers that are behind it
   * need a clone then: `read` throws Internal for them.
   */
  async trimBefore(sequence: number): Promise<void> {
    this.#requireOpen();
    const place = await this.#place(sequence - 1);
    if (place === undefined) return;
    await answered(() => this.#manager.streams.purge(this.#stream, { seq: place.next }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#inFlight;
  }

  async #publish(records: readonly Uint8Array[], after: number, last: number): Promise<AppendOutcome> {
    if (this.#end?.sequence !== after) {
      try {
        const tail = await this.tail();
        if (tail.sequence > after) return { kind: 'fenced' };
      } catch (error) {
        if (isUnavailable(error)) return { kind: 'unknown' };
        throw error;
      }
    }
    const end = this.#end;
    // A leader that was cut off may show an old end: nothing was sent, and the caller looks again.
    if (end?.sequence !== after) return { kind: 'unknown' };
    this.#end = undefined;
    const conditions = headers();
    conditions.set('Nats-Expected-Stream', this.#stream);
    conditions.set('Nats-Expected-Last-Sequence', String(end.next - 1));
    let reply: Msg;
    try {
      reply = await this.#connection.request(this.#stream, encodeAppend(records), {
        headers: conditions,
        timeout: this.#requestMsMax,
      });
    } catch (error) {
      if (isSilence(error)) return { kind: 'unknown' };
      throw new DatabaseError('Internal', 'the log servers could not be asked', { cause: error });
    }
    const answer = ackOf(reply);
    if (answer.kind === 'stored') {
      if (answer.streamSequence !== end.next)
        throw new DatabaseError(
          'Internal',
          `the stream stored message ${answer.streamSequence} where ${end.next} was expected`,
        );
      this.#end = { sequence: last, next: end.next + 1 };
      return { kind: 'appended' };
    }
    if (answer.kind === 'full') {
      this.#end = end;
      throw new DatabaseError('StorageFull', 'the log stream has no room for this write');
    }
    return answer;
  }

  async #state(): Promise<StreamState> {
    const { state } = await answered(() => this.#manager.streams.info(this.#stream));
    const present = state.messages === 0 ? 0 : state.last_seq - state.first_seq + 1;
    if (state.messages !== present || (state.messages === 0 && state.last_seq > 0))
      throw new DatabaseError(
        'Internal',
        `the log stream holds ${state.messages} messages of ${present}: replace this replica`,
      );
    return state;
  }

  /** Where the record after `sequence` is; undefined when the log ends there as far as we can see. */
  async #place(sequence: number): Promise<Place | undefined> {
    if (this.#end?.sequence === sequence) return this.#end;
    if (this.#cursor?.sequence === sequence) return this.#cursor;
    const { first_seq: first, last_seq: last } = await this.#state();
    if (last === 0) return sequence === 0 ? { sequence: 0, next: 1 } : undefined;
    let low = first;
    let high = last + 1;
    // The first message whose last record is above `sequence`.
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const message = await this.#message(middle);
      if (message.last <= sequence) low = middle + 1;
      else high = middle;
    }
    return { sequence, next: low };
  }

  /** One message that exists. A replica that lags may not have it yet; the leader has. */
  async #message(streamSequence: number): Promise<Found> {
    const [found] = await this.#fetch(streamSequence, 1);
    if (found?.streamSequence === streamSequence) return found;
    const stored = await answered(() => this.#manager.streams.getMessage(this.#stream, { seq: streamSequence }));
    if (stored === null)
      throw new DatabaseError('Internal', `the log stream has a hole: message ${streamSequence} is missing`);
    return { ...decodeAppend(stored.data, streamSequence), streamSequence };
  }

  /** Messages from `next` on, as many as one read may need; none at the end. */
  #fetch(next: number, recordsMax: number): Promise<Found[]> {
    const request = { seq: next, batch: Math.min(recordsMax, fetchMessagesMax), max_bytes: readBytesMax };
    const inbox = createInbox();
    return new Promise((resolve, reject) => {
      const messages: Found[] = [];
      const end = (finish: () => void) => {
        clearTimeout(timer);
        subscription.unsubscribe();
        finish();
      };
      const silent = (cause?: unknown) => () =>
        reject(new DatabaseError('Unavailable', 'the log servers do not answer', { cause }));
      const subscription = this.#connection.subscribe(inbox, {
        callback: (error, message) => {
          timer.refresh();
          if (error !== null) return end(silent(error));
          const status = message.headers?.code ?? 0;
          if (status === 204 || status === 404) return end(() => resolve(messages));
          if (status !== 0) return end(silent(message.headers?.description));
          try {
            const streamSequence = Number(message.headers?.get('Nats-Sequence'));
            messages.push({ ...decodeAppend(message.data, streamSequence), streamSequence });
          } catch (fault) {
            end(() => reject(fault as Error));
          }
        },
      });
      const timer = setTimeout(() => end(silent()), this.#requestMsMax);
      try {
        this.#connection.publish(`$JS.API.DIRECT.GET.${this.#stream}`, JSON.stringify(request), { reply: inbox });
      } catch (error) {
        end(silent(error));
      }
    });
  }

  #requireOpen(): void {
    if (this.#closed) throw new DatabaseError('Unavailable', 'the log is closed');
  }
}

type Ack =
  | { readonly kind: 'stored'; readonly streamSequence: number }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'full' }
  | { readonly kind: 'unknown' };

function ackOf(reply: Msg): Ack {
  let ack: { seq?: unknown; error?: { err_code?: unknown; description?: unknown } };
  try {
    ack = reply.json();
  } catch {
    return { kind: 'unknown' };
  }
  if (ack.error === undefined)
    return typeof ack.seq === 'number' ? { kind: 'stored', streamSequence: ack.seq } : { kind: 'unknown' };
  switch (ack.error.err_code) {
    case wrongLastSequence:
    case wrongLastSequenceInFlight:
      return { kind: 'fenced' };
    case storageExceeded:
    case accountExceeded:
      return { kind: 'full' };
    case storeFailed:
      // The same code stands for a disk that failed, and then nobody knows.
      return ack.error.description === 'maximum bytes exceeded' ? { kind: 'full' } : { kind: 'unknown' };
    default:
      return { kind: 'unknown' };
  }
}

/** True for every way in which NATS says that no answer came. */
function isSilence(error: unknown): boolean {
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError ||
    error instanceof errors.ConnectionError ||
    error instanceof RequestError
  );
}

function isUnavailable(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === 'Unavailable';
}

/** Runs a request of the management interface; no answer is Unavailable, as is an engine without a leader. */
async function answered<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    if (error instanceof JetStreamApiError && error.status !== 503)
      throw new DatabaseError('Internal', `the log servers refuse: ${error.message}`, { cause: error });
    throw new DatabaseError('Unavailable', 'the log servers do not answer', { cause: error });
  }
}
