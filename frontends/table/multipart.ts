// The envelope of an entity group transaction: multipart/mixed with one change set (multipart/mixed again) of
// application/http parts, or with one such part alone, a query. Sources: RFC 2046 §5.1, OData 3.0 "Batch Processing",
// "Performing entity group transactions" (Azure Storage REST reference).
//
// Total and bounded: any bytes give a batch or a refusal, in time linear in them. Parts are views of the request's own
// bytes. Lines end with CRLF or LF. A delimiter at the very end that lacks its closing `--`, as old clients and the
// documentation's samples write it, ends the list too.

import type { IncomingHttpHeaders } from 'node:http';
import { batchOperationsMax } from './limits.ts';
import { endOfLine, FieldsReader, fieldsOf, headBytesMax, invalid, isSame, type Fields } from './part-head.ts';

/** RFC 2046 §5.1.1. */
const boundaryLengthMax = 70;

export type Batch =
  /** One part more than may be is kept, so that the excess is seen. */
  { readonly kind: 'changeset'; readonly parts: readonly Buffer[] } | { readonly kind: 'query'; readonly part: Buffer };

/** The request in an application/http part. */
export interface PartRequest {
  readonly verb: string;
  /** Absolute or relative, as it was sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** Told again in the answer. */
  readonly contentId: string | undefined;
}

const lf = 0x0a;
const cr = 0x0d;
const dash = 0x2d;

/** Splits the body of a batch. Throws InvalidInput where it is none. */
export function readBatch(contentType: string | undefined, body: Uint8Array): Batch {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const outer = partsOf(bytes, boundaryOf(contentType), 2);
  const [only] = outer;
  // Several change sets, and queries beside others, are refused as a whole.
  if (only === undefined || outer.length > 1) throw invalid('body');
  const head = fieldsOf(only, 0, 0);
  const type = head.headers['content-type'];
  if (mediaTypeOf(type) === 'application/http') return { kind: 'query', part: only };
  const parts = partsOf(only.subarray(head.end), boundaryOf(type), batchOperationsMax + 1);
  if (parts.length === 0) throw invalid('body');
  return { kind: 'changeset', parts };
}

/** Reads one application/http part: its own head, and the request in it. */
export function readPart(part: Buffer): PartRequest {
  return new PartReader().read(part);
}

/**
 * Reads the parts of one change set. Their heads are much the same: what has the bytes of the part before is what that
 * was, and is neither made nor looked at again. Headers may be one object for many parts.
 */
export class PartReader {
  readonly #envelope = new FieldsReader();
  readonly #fields = new FieldsReader();
  #line: RequestLine | undefined;
  #checked: IncomingHttpHeaders | undefined;

  read(part: Buffer): PartRequest {
    const envelope = this.#envelope.read(part, 0, 0);
    if (envelope.headers !== this.#checked) checkEnvelope(envelope);
    this.#checked = envelope.headers;
    const start = skipBlankLines(part, envelope.end);
    const lineEnd = endOfLine(part, start);
    const fields = this.#fields.read(part, start, lineEnd);
    const last = this.#line;
    const isKnown = last !== undefined && isSame(part, start, lineEnd, last.bytes, 0, last.bytes.length);
    const { verb, url } = isKnown ? last : (this.#line = requestLineOf(part.subarray(start, lineEnd)));
    return {
      verb,
      url,
      headers: fields.headers,
      body: bodyOf(part, fields),
      contentId: fields.contentId ?? envelope.contentId,
    };
  }
}

/** What a part holds is a request, as it is. */
function checkEnvelope({ headers }: Fields): void {
  if (mediaTypeOf(headers['content-type']) !== 'application/http') throw invalid('Content-Type');
  const encoding = headers['content-transfer-encoding'];
  if (encoding !== undefined && !/^(binary|8bit|7bit)$/i.test(String(encoding)))
    throw invalid('Content-Transfer-Encoding');
}

interface RequestLine {
  readonly bytes: Buffer;
  readonly verb: string;
  readonly url: string;
}

function requestLineOf(bytes: Buffer): RequestLine {
  const line = bytes.toString('latin1').trimEnd();
  // Clients put spaces between the keys of an address: the first space and the last one count.
  const afterVerb = line.indexOf(' ');
  const beforeVersion = line.lastIndexOf(' ');
  const url = line.slice(afterVerb + 1, beforeVersion).trim();
  if (afterVerb <= 0 || url === '' || !/^HTTP\/1\.[01]$/.test(line.slice(beforeVersion + 1)))
    throw invalid('request line');
  return { bytes, verb: line.slice(0, afterVerb), url };
}

/** By Content-Length where it is given, else all that is left; white space around it is not of the body. */
function bodyOf(part: Buffer, { contentLength, end }: Fields): Uint8Array {
  if (contentLength === undefined) return trimmed(part, end);
  const length = /^\d{1,9}$/.test(contentLength) ? Number(contentLength) : NaN;
  if (!(length <= part.length - end) || trimmed(part, end + length).length > 0) throw invalid('Content-Length');
  return part.subarray(end, end + length);
}

function trimmed(part: Buffer, from: number): Buffer {
  let start = from;
  let end = part.length;
  while (start < end && part[start]! <= 0x20) start++;
  while (end > start && part[end - 1]! <= 0x20) end--;
  return part.subarray(start, end);
}

/**
 * What stands between delimiter lines, at most `partsMax` of them. The line break before a delimiter is part of it. What
 * stands before the first and after the closing one is ignored. Throws when the last part is not ended.
 */
function partsOf(bytes: Buffer, boundary: string, partsMax: number): Buffer[] {
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  const parts: Buffer[] = [];
  let start = -1;
  let from = 0;
  for (;;) {
    const at = bytes.indexOf(mark, from);
    if (at < 0) break;
    const afterMark = at + mark.length;
    from = afterMark;
    if (at > 0 && bytes[at - 1] !== lf) continue;
    const isClosing = bytes[afterMark] === dash && bytes[afterMark + 1] === dash;
    const next = endOfDelimiter(bytes, isClosing ? afterMark + 2 : afterMark);
    // Another boundary may begin with this one.
    if (next < 0) continue;
    if (start >= 0) {
      const end = at - (at > 1 && bytes[at - 2] === cr ? 2 : 1);
      parts.push(bytes.subarray(start, Math.max(start, end)));
      if (parts.length === partsMax) return parts;
    }
    if (isClosing) return start < 0 ? [] : parts;
    start = next;
    from = next;
  }
  if (start < 0 || trimmed(bytes, start).length > 0) throw invalid('body');
  return parts;
}

/** Where the line after a delimiter begins; negative when more than white space follows on its line. */
function endOfDelimiter(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === cr)) at++;
  if (at === bytes.length) return at;
  return bytes[at] === lf ? at + 1 : -1;
}

function skipBlankLines(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === cr || bytes[at] === lf) at++;
  return at;
}

function mediaTypeOf(contentType: string | undefined): string {
  const end = contentType?.indexOf(';') ?? -1;
  return (end < 0 ? contentType : contentType?.slice(0, end))?.trim().toLowerCase() ?? '';
}

/** A parameter of a media type: a token or a quoted string. Each match begins where the one before ended. */
const parameter = /\s*;\s*(?:([!#$%&'*+\-.^_`|~\w]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+)))?/y;

/** The boundary of a multipart/mixed type. */
function boundaryOf(contentType: string | undefined): string {
  if (contentType === undefined || contentType.length > headBytesMax || mediaTypeOf(contentType) !== 'multipart/mixed')
    throw invalid('Content-Type');
  let boundary: string | undefined;
  parameter.lastIndex = contentType.indexOf(';');
  while (parameter.lastIndex >= 0 && parameter.lastIndex < contentType.length) {
    const match = parameter.exec(contentType);
    if (match === null) throw invalid('Content-Type');
    if (match[1]?.toLowerCase() !== 'boundary') continue;
    if (boundary !== undefined) throw invalid('Content-Type');
    boundary = match[2]?.replace(/\\(.)/g, '$1') ?? match[3];
  }
  // Printable, and not ending with a space.
  if (boundary === undefined || boundary.length > boundaryLengthMax || !/^[\x20-\x7e]*[\x21-\x7e]$/.test(boundary))
    throw invalid('Content-Type');
  return boundary;
}
