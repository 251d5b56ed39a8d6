// Replies → bytes. A reply to OP_MSG is OP_MSG with one section of kind 0; a reply to OP_QUERY is OP_REPLY.
// What came compressed or with a checksum goes back likewise.

import { deflateSync } from 'node:zlib';
import { writeInt32 } from '../../model/bytes.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { crc32c } from './crc32c.ts';
import { Compressor, MessageFlag, OpCode, type MongoRequest } from './decode.ts';
import { writeError, type MongoError } from './errors.ts';
import { headerBytes } from './frame.ts';

/** Below this a compressed reply would not be smaller. */
const compressionBytesMin = 512;

/** Room for a reply with a few documents. */
const initialBytes = 4 * 1024;

/** Fast setting: replies are compressed on the main thread. */
const compressionLevel = 1;

/** Commands whose replies are never compressed: they carry or protect secrets (OP_COMPRESSED specification). */
const uncompressed: ReadonlySet<string> = new Set([
  'hello',
  'ismaster',
  'isMaster',
  'saslStart',
  'saslContinue',
  'createUser',
  'updateUser',
]);

/** The bytes to send as answer to `request`. `moreToCome` says that another reply to it follows. */
export function encodeReply(request: MongoRequest, replyId: number, body: Uint8Array, moreToCome = false): Uint8Array {
  if (request.kind === 'query') return encodeQueryReply(request.requestId, replyId, body);
  const compress =
    request.compressor === Compressor.zlib && body.length >= compressionBytesMin && !uncompressed.has(request.command);
  const checksum = request.checksum && !compress;
  const flags = (checksum ? MessageFlag.checksumPresent : 0) | (moreToCome ? MessageFlag.moreToCome : 0);
  const message = encodeMessage(request.requestId, replyId, body, flags);
  return compress ? encodeCompressed(message) : message;
}

/** OP_MSG with this body; the checksum is appended if the flag asks for it. */
export function encodeMessage(responseTo: number, replyId: number, body: Uint8Array, flags: number): Uint8Array {
  const checksum = (flags & MessageFlag.checksumPresent) !== 0;
  const sectionsEnd = headerBytes + 5 + body.length;
  // From the pool of small buffers: a socket takes them as they are.
  const bytes = Buffer.allocUnsafe(sectionsEnd + (checksum ? 4 : 0));
  writeHeader(bytes, replyId, responseTo, OpCode.message);
  writeInt32(bytes, headerBytes, flags);
  bytes[headerBytes + 4] = 0;
  bytes.set(body, headerBytes + 5);
  if (checksum) writeInt32(bytes, sectionsEnd, crc32c(bytes, 0, sectionsEnd));
  return bytes;
}

/** OP_REPLY: flags (8 = await capable), cursor id 0, from 0, one document. */
function encodeQueryReply(responseTo: number, replyId: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + 20 + body.length);
  writeHeader(bytes, replyId, responseTo, OpCode.reply);
  writeInt32(bytes, headerBytes, 8);
  writeInt32(bytes, headerBytes + 16, 1);
  bytes.set(body, headerBytes + 20);
  return bytes;
}

/** Wraps a plain message in OP_COMPRESSED with zlib. */
export function encodeCompressed(message: Uint8Array): Uint8Array {
  const body = deflateSync(message.subarray(headerBytes), { level: compressionLevel });
  const bytes = new Uint8Array(headerBytes + 9 + body.length);
  bytes.set(message.subarray(0, headerBytes));
  writeInt32(bytes, 0, bytes.length);
  writeInt32(bytes, 12, OpCode.compressed);
  bytes.set(message.subarray(12, headerBytes), headerBytes);
  writeInt32(bytes, headerBytes + 4, message.length - headerBytes);
  bytes[headerBytes + 8] = Compressor.zlib;
  bytes.set(body, headerBytes + 9);
  return bytes;
}

function writeHeader(bytes: Uint8Array, requestId: number, responseTo: number, opCode: number): void {
  writeInt32(bytes, 0, bytes.length);
  writeInt32(bytes, 4, requestId);
  writeInt32(bytes, 8, responseTo);
  writeInt32(bytes, 12, opCode);
}

/** A writer that is kept for the next reply holds no more than this. */
const keptBytesMax = 256 * 1024;

let kept: BsonWriter | undefined;

/**
 * A reply's body: the fields given, then `ok: 1` and what the deployment adds to every reply. The bytes are good until
 * the next body is made.
 */
export function okBody(
  fields: (writer: BsonWriter) => void,
  trailer: (writer: BsonWriter) => void,
  bytes = 0,
): Uint8Array {
  const isLarge = bytes > keptBytesMax;
  const writer = isLarge ? new BsonWriter(bytes + initialBytes) : (kept ?? new BsonWriter(initialBytes)).clear();
  if (!isLarge) kept = undefined;
  writer.beginDocument();
  fields(writer);
  writer.double('ok', 1);
  trailer(writer);
  const body = writer.end().view();
  if (body.buffer.byteLength <= keptBytesMax) kept = writer;
  return body;
}

/** The body that tells an error. */
export function errorBody(error: MongoError, trailer?: (writer: BsonWriter) => void): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  writer.double('ok', 0);
  writeError(writer, error);
  trailer?.(writer);
  return writer.end().finish();
}
