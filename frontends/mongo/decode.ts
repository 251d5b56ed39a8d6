// Bytes of one wire message → a request. Total: any bytes give a request or a ProtocolError, never anything else.
// Bodies stay bytes; they are validated here once, so that everything behind may trust them.
//
// Sources: MongoDB wire protocol. OP_MSG (2013): flags, sections of kind 0 (the body, exactly one) and kind 1
// (a named sequence of documents), CRC-32C at the end if flag 0 is set; bits 0–15 are required to be understood.
// OP_QUERY (2004) is taken for the first hello only. OP_COMPRESSED (2012) wraps either with zlib. The claimed
// size of a compressed body is the allocation's cap and must be its exact size (CVE-2025-14847).

import { inflateSync } from 'node:zlib';
import { readInt32, textOf, utf8FaultAt } from '../../model/bytes.ts';
import { DatabaseError } from '../../model/errors.ts';
import { validateBson } from '../../model/bson/validate.ts';
import { ElementCursor, fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { BsonType, depthMax } from '../../model/bson/types.ts';
import { crc32c } from './crc32c.ts';
import { MongoCode, ProtocolError } from './errors.ts';
import { headerBytes } from './frame.ts';

export const OpCode = { reply: 1, query: 2004, compressed: 2012, message: 2013 } as const;

export const Compressor = { none: 0, zlib: 2 } as const;

export const MessageFlag = { checksumPresent: 1, moreToCome: 2, exhaustAllowed: 1 << 16 } as const;

/** Bits 0 to 15 must be understood by whoever reads them; these are. */
const requiredFlagsKnown = MessageFlag.checksumPresent | MessageFlag.moreToCome;

/** Nesting of a command: a stored item's own limit is lower and checked where items enter. */
const commandLevelsMax = 200;

/** The sequence whose documents are stored as they are, and so nest no deeper than items may. */
const itemSequence = 'documents';

/** Bytes of one document on the wire: 16 MiB, and 16 KiB more for what a command wraps around it. */
export const documentBytesMax = 16 * 1024 * 1024;
const wireDocumentBytesMax = documentBytesMax + 16 * 1024;

/** Named sequences in one message; every command of MongoDB has at most two. */
const sequencesMax = 8;

export interface DocumentSequence {
  readonly name: string;
  readonly documents: readonly Uint8Array[];
}

export interface MongoRequest {
  /** `query` is OP_QUERY, answered by OP_REPLY. */
  readonly kind: 'message' | 'query';
  readonly requestId: number;
  /** Name of the body's first field. */
  readonly command: string;
  readonly database: string;
  readonly body: Uint8Array;
  readonly sequences: readonly DocumentSequence[];
  /** The client wants no reply. */
  readonly moreToCome: boolean;
  /** The client reads a stream of replies to this one request. */
  readonly exhaustAllowed: boolean;
  readonly checksum: boolean;
  /** How the request came compressed, and so how its reply goes. */
  readonly compressor: number;
}

/** Decodes one whole frame. `bytesMax` bounds what a compressed message may unfold to. */
export function decodeRequest(frame: Uint8Array, bytesMax: number): MongoRequest {
  const requestId = readInt32(frame, 4);
  const opCode = readInt32(frame, 12);
  if (opCode === OpCode.compressed) {
    const inner = decompress(frame, requestId, bytesMax);
    return decodeBody(inner.bytes, inner.opCode, requestId, inner.compressor);
  }
  return decodeBody(frame, opCode, requestId, Compressor.none);
}

function decodeBody(frame: Uint8Array, opCode: number, requestId: number, compressor: number): MongoRequest {
  if (opCode === OpCode.message) return decodeMessage(frame, requestId, compressor);
  if (opCode === OpCode.query) return decodeQuery(frame, requestId, compressor);
  throw new ProtocolError(`opcode ${opCode} is not supported`, { requestId });
}

/** The original message behind a placeholder of its header, so that offsets are those of a plain one. */
function decompress(
  frame: Uint8Array,
  requestId: number,
  bytesMax: number,
): { readonly bytes: Uint8Array; readonly opCode: number; readonly compressor: number } {
  const bodyStart = headerBytes + 9;
  if (frame.length < bodyStart) throw new ProtocolError('a compressed message is cut', { requestId });
  const opCode = readInt32(frame, headerBytes);
  const claimed = readInt32(frame, headerBytes + 4);
  const compressor = frame[headerBytes + 8]!;
  if (opCode === OpCode.compressed) throw new ProtocolError('a compressed message holds another', { requestId });
  if (claimed < 0 || claimed > bytesMax - headerBytes)
    throw new ProtocolError('the claimed size of a compressed message is out of range', { requestId });
  const body = frame.subarray(bodyStart);
  const bytes = new Uint8Array(headerBytes + claimed);
  bytes.set(frame.subarray(0, headerBytes));
  if (compressor === Compressor.none) {
    if (body.length !== claimed) throw new ProtocolError('a message has not its claimed size', { requestId });
    bytes.set(body, headerBytes);
  } else if (compressor === Compressor.zlib) {
    let unfolded: Uint8Array;
    try {
      // One byte more than claimed, so that a longer result is seen and a claim of 0 stays legal.
      unfolded = inflateSync(body, { maxOutputLength: claimed + 1 });
    } catch (cause) {
      throw new ProtocolError('a compressed message cannot be unfolded to its claimed size', { requestId, cause });
    }
    if (unfolded.length !== claimed)
      throw new ProtocolError('a compressed message has not its claimed size', { requestId });
    bytes.set(unfolded, headerBytes);
  } else {
    throw new ProtocolError(`compressor ${compressor} was not agreed`, { requestId });
  }
  return { bytes, opCode, compressor };
}

function decodeMessage(frame: Uint8Array, requestId: number, compressor: number): MongoRequest {
  if (frame.length < headerBytes + 4 + 1 + 5) throw new ProtocolError('a message is cut', { requestId });
  const flags = readInt32(frame, headerBytes);
  if ((flags & 0xffff & ~requiredFlagsKnown) !== 0)
    throw new ProtocolError('Message contains illegal flags value', { code: MongoCode.IllegalOpMsgFlag, requestId });
  const checksum = (flags & MessageFlag.checksumPresent) !== 0;
  const end = frame.length - (checksum ? 4 : 0);
  if (checksum && crc32c(frame, 0, end) !== readInt32(frame, end) >>> 0)
    throw new ProtocolError('OP_MSG checksum does not match contents', { requestId });

  let body: Uint8Array | undefined;
  const sequences: DocumentSequence[] = [];
  let at = headerBytes + 4;
  while (at < end) {
    const kind = frame[at]!;
    at++;
    if (kind === 0) {
      if (body !== undefined) throw new ProtocolError('OP_MSG has two bodies', { requestId, code: 40430 });
      const next = documentEnd(frame, at, end, requestId);
      body = frame.subarray(at, next);
      at = next;
    } else if (kind === 1) {
      const sectionEnd = at + (at + 4 <= end ? readInt32(frame, at) : -1);
      if (sectionEnd < at + 5 || sectionEnd > end)
        throw new ProtocolError('a document sequence has a wrong length', { requestId });
      if (sequences.length === sequencesMax) throw new ProtocolError('too many document sequences', { requestId });
      const sequence = decodeSequence(frame, at + 4, sectionEnd, requestId);
      if (sequences.some((other) => other.name === sequence.name))
        throw new ProtocolError('Duplicate document sequence field', { requestId, code: 40431 });
      sequences.push(sequence);
      at = sectionEnd;
    } else {
      throw new ProtocolError(`section kind ${kind} is unknown`, { requestId, code: 40432 });
    }
  }
  if (body === undefined) throw new ProtocolError('OP_MSG messages must have a body', { requestId, code: 40587 });

  validate(body, requestId);
  const command = firstName(body, requestId);
  for (const sequence of sequences) {
    const levelsMax = sequence.name === itemSequence ? depthMax : commandLevelsMax;
    for (const document of sequence.documents) validate(document, requestId, levelsMax);
    if (fieldOf(body, sequence.name) !== undefined)
      throw refused('a document sequence repeats a field of the body', 40433, requestId);
  }
  const database = fieldOf(body, '$db');
  if (database === undefined) throw refused('OP_MSG requests require a $db argument', 40571, requestId);
  if (database.type !== BsonType.string) throw refused('$db must be a string', MongoCode.TypeMismatch, requestId);
  return {
    kind: 'message',
    requestId,
    command,
    database: textOfRaw(database),
    body,
    sequences,
    moreToCome: (flags & MessageFlag.moreToCome) !== 0,
    exhaustAllowed: (flags & MessageFlag.exhaustAllowed) !== 0,
    checksum,
    compressor,
  };
}

/** A fault of content in a frame that is otherwise whole: told to the client, the connection lives. */
function refused(message: string, code: number, requestId: number, cause?: unknown): ProtocolError {
  return new ProtocolError(message, { code, requestId, closes: false, cause });
}

function documentEnd(frame: Uint8Array, at: number, end: number, requestId: number): number {
  if (at + 5 > end) throw new ProtocolError('a document is cut', { requestId });
  const length = readInt32(frame, at);
  if (length < 5 || at + length > end) throw new ProtocolError('a document has a wrong length', { requestId });
  if (length > wireDocumentBytesMax)
    throw refused('a document is larger than 16 MiB', MongoCode.BSONObjectTooLarge, requestId);
  return at + length;
}

function decodeSequence(frame: Uint8Array, start: number, end: number, requestId: number): DocumentSequence {
  let nameEnd = start;
  while (nameEnd < end && frame[nameEnd] !== 0) nameEnd++;
  if (nameEnd === end || nameEnd === start || utf8FaultAt(frame, start, nameEnd) >= 0)
    throw new ProtocolError('a document sequence has no name', { requestId });
  const documents: Uint8Array[] = [];
  let at = nameEnd + 1;
  while (at < end) {
    const next = documentEnd(frame, at, end, requestId);
    documents.push(frame.subarray(at, next));
    at = next;
  }
  return { name: textOf(frame, start, nameEnd), documents };
}

function validate(document: Uint8Array, requestId: number, levelsMax = commandLevelsMax): void {
  try {
    validateBson(document, 0, document.length, levelsMax);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const code = error.code === 'TooDeep' ? MongoCode.Overflow : MongoCode.InvalidBSON;
    throw refused(error.message, code, requestId, error);
  }
}

function firstName(body: Uint8Array, requestId: number): string {
  const cursor = new ElementCursor(body);
  if (!cursor.next()) throw refused('no command was given', MongoCode.CommandNotFound, requestId);
  return cursor.name();
}

/** OP_QUERY: flags, full collection name, skip, limit, the query (perhaps wrapped in `$query`), perhaps a selector. */
function decodeQuery(frame: Uint8Array, requestId: number, compressor: number): MongoRequest {
  const nameStart = headerBytes + 4;
  let nameEnd = nameStart;
  while (nameEnd < frame.length && frame[nameEnd] !== 0) nameEnd++;
  if (nameEnd >= frame.length || utf8FaultAt(frame, nameStart, nameEnd) >= 0)
    throw new ProtocolError('a query names no collection', { requestId });
  const collection = textOf(frame, nameStart, nameEnd);
  if (!collection.endsWith('.$cmd')) throw new ProtocolError('OP_QUERY is no longer supported', { requestId });
  const bodyStart = nameEnd + 1 + 8;
  const bodyEnd = documentEnd(frame, bodyStart, frame.length, requestId);
  let body = frame.subarray(bodyStart, bodyEnd);
  validate(body, requestId);
  const wrapped = fieldOf(body, '$query') ?? fieldOf(body, 'query');
  if (wrapped?.type === BsonType.object) body = wrapped.slice();
  return {
    kind: 'query',
    requestId,
    command: firstName(body, requestId),
    database: collection.slice(0, -5),
    body,
    sequences: [],
    moreToCome: false,
    exhaustAllowed: false,
    checksum: false,
    compressor,
  };
}
