// The reply that opens a cursor and the one that continues it; as an exhaust stream, all of them at once.
// Source: MongoDB manual, "find", "getMore"; OP_MSG specification, "exhaustAllowed".

import type { BsonWriter } from '../../model/bson/write.ts';
import { Arguments } from './arguments.ts';
import { ownerOf, type Call, type Reply } from './call.ts';
import { idleMsMax, type Cursor } from './cursors.ts';
import type { Source } from './source.ts';

/** Documents of the first batch when the client does not say, and bytes of any batch. */
export const firstBatchItems = 101;
export const batchBytesMax = 16 * 1024 * 1024;

/** Documents of one batch when the client sets no number. */
const batchItemsMax = 100_000;

/** Type and position of a document in a batch, at most. */
const elementBytes = 8;

/** As long as a session lives without use. */
const idleWithoutTimeoutMsMax = 30 * 60_000;

export interface CursorOptions {
  /** Documents of the first batch; 0 opens the cursor and reads nothing. */
  readonly batchSize?: number | undefined;
  readonly singleBatch?: boolean | undefined;
  readonly noTimeout?: boolean | undefined;
}

interface Part {
  readonly documents: readonly Uint8Array[];
  readonly done: boolean;
}

const cursorFields = new Set(['batchSize']);

/** `cursor.batchSize` of a command that lists something. */
export function batchSizeOf({ args, request }: Call): number | undefined {
  const cursor = args.document('cursor');
  return cursor === undefined
    ? undefined
    : new Arguments(`${request.command}.cursor`, cursor, cursorFields).count('batchSize');
}

/** Fills one batch from as many steps of the source as it takes. */
async function fill(source: Source, itemsMax: number, signal: AbortSignal): Promise<Part> {
  const first = await source.next(itemsMax, batchBytesMax, signal);
  if (first.done || first.documents.length >= itemsMax) return first;
  const documents = [...first.documents];
  let bytes = documents.reduce((sum, document) => sum + document.length, 0);
  let done = false;
  // Half a batch of bytes is enough: a step may bring one large document more than it was asked for.
  while (!done && documents.length < itemsMax && bytes < batchBytesMax / 2) {
    const next = await source.next(itemsMax - documents.length, batchBytesMax / 2, signal);
    for (const document of next.documents) {
      documents.push(document);
      bytes += document.length;
    }
    done = next.done;
  }
  return { documents, done };
}

function batchReply(
  name: 'firstBatch' | 'nextBatch',
  namespace: string,
  id: bigint,
  documents: readonly Uint8Array[],
): Pick<Reply, 'fields' | 'bytes'> {
  let bytes = 0;
  for (const document of documents) bytes += document.length + elementBytes;
  return {
    bytes,
    fields: (writer: BsonWriter) => {
      writer.beginObject('cursor').beginArray(name);
      for (const document of documents) writer.document('', document);
      writer.end().int64('id', id).string('ns', namespace).end();
    },
  };
}

/** Answers with the first batch of `source`, and keeps the rest of it behind a cursor. */
export function openCursor(
  call: Call,
  namespace: string,
  source: Source,
  options: CursorOptions = {},
): Promise<Reply> | AsyncIterable<Reply> {
  return call.request.exhaustAllowed
    ? exhaustFind(call, namespace, source, options)
    : first(call, namespace, source, options);
}

async function first(call: Call, namespace: string, source: Source, options: CursorOptions): Promise<Reply> {
  const { reply } = await firstBatch(call, namespace, source, options);
  return reply;
}

async function firstBatch(
  call: Call,
  namespace: string,
  source: Source,
  options: CursorOptions,
): Promise<{ readonly reply: Reply; readonly cursor: Cursor | undefined }> {
  let cursor: Cursor | undefined;
  try {
    const size = options.batchSize ?? firstBatchItems;
    const { documents, done } =
      size === 0 ? { documents: [], done: false } : await fill(source, Math.min(size, batchItemsMax), call.signal);
    if (!done && options.singleBatch !== true)
      cursor = call.shared.cursors.open({
        namespace,
        owner: ownerOf(call),
        connection: call.client.number,
        idleMsMax: options.noTimeout === true ? idleWithoutTimeoutMsMax : idleMsMax,
        source,
      });
    return { reply: batchReply('firstBatch', namespace, cursor?.id ?? 0n, documents), cursor };
  } finally {
    if (cursor === undefined) source.close();
  }
}

async function* exhaustFind(
  call: Call,
  namespace: string,
  source: Source,
  options: CursorOptions,
): AsyncIterable<Reply> {
  const { reply, cursor } = await firstBatch(call, namespace, source, options);
  yield { ...reply, moreToCome: cursor !== undefined };
  if (cursor === undefined) return;
  const taken = call.shared.cursors.take(cursor.id, namespace, ownerOf(call));
  yield* exhaust(call, taken, options.batchSize);
}

/** Answers with the next batch of a cursor that `take` gave; several times when the client reads a stream. */
export function continueCursor(
  call: Call,
  cursor: Cursor,
  batchSize: number | undefined,
): Promise<Reply> | AsyncIterable<Reply> {
  return call.request.exhaustAllowed ? exhaust(call, cursor, batchSize) : nextBatch(call, cursor, batchSize);
}

async function nextBatch(call: Call, cursor: Cursor, batchSize: number | undefined): Promise<Reply> {
  const { cursors } = call.shared;
  let part: Part;
  try {
    part = await fill(
      cursor.source,
      Math.min(batchSize === 0 ? batchItemsMax : (batchSize ?? batchItemsMax), batchItemsMax),
      call.signal,
    );
  } catch (error) {
    cursors.close(cursor.id);
    throw error;
  }
  if (part.done) cursors.close(cursor.id);
  else cursors.release(cursor);
  return {
    ...batchReply('nextBatch', cursor.namespace, part.done ? 0n : cursor.id, part.documents),
    moreToCome: call.request.exhaustAllowed && !part.done,
  };
}

async function* exhaust(call: Call, cursor: Cursor, batchSize: number | undefined): AsyncIterable<Reply> {
  try {
    for (;;) {
      cursor.busy = true;
      const reply = await nextBatch(call, cursor, batchSize);
      yield reply;
      if (reply.moreToCome !== true) return;
    }
  } finally {
    // The client left in the middle of its stream.
    call.shared.cursors.close(cursor.id);
  }
}
