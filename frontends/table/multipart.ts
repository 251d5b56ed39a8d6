// The envelope of an entity group transaction: multipart/mixed with one change set (multipart/mixed again) of
// application/http parts, or with one such part alone, a query. Sources: RFC 2046 §5.1, OData 3.0 "Batch Processing",
// "Performing entity group transactions" (Azure Storage REST reference).
//
// Total and bounded: any bytes give a batch or a refusal, in time linear in them. Parts are views of the request's own
// bytes. Lines end with CRLF or LF. A delimiter at the very end that lacks its closing `--`, as old clients and the
// documentation's samples write it, ends the list too.

import type { IncomingHttpHeaders } from 'node:http';
import { refusal } from './errors.ts';
import { batchOperationsMax } from './limits.ts';

/** RFC 2046 §5.1.1. */
const boundaryLengthMax = 70;

/** Headers of a part, in bytes with its request line: clients send well below 2 KiB beside the address. */
const headBytesMax = 32 * 1024;

/** Fields in one head. */
const fieldsMax = 64;

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

/** What no head may hold: some of it is told again in the answer. */
const control = /[\x00-\x08\x0a-\x1f\x7f]/;

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
  const head = headOf(only);
  const type = head.headers['content-type'];
  if (mediaTypeOf(type) === 'application/http') return { kind: 'query', part: only };
  const parts = partsOf(only.subarray(head.end), boundaryOf(type), batchOperationsMax + 1);
  if (parts.length === 0) throw invalid('body');
  return { kind: 'changeset', parts };
}

/** Reads one application/http part: its own head, and the request in it. */
export function readPart(part: Buffer): PartRequest {
  const envelope = headOf(part);
  if (mediaTypeOf(envelope.headers['content-type']) !== 'application/http') throw invalid('Content-Type');
  const encoding = envelope.headers['content-transfer-encoding'];
  if (encoding !== undefined && !/^(binary|8bit|7bit)$/i.test(String(encoding)))
    throw invalid('Content-Transfer-Encoding');
  const start = skipBlankLines(part, envelope.end);
  const endOfLine = part.indexOf(lf, start);
  const lineEnd = endOfLine < 0 ? part.length : endOfLine;
  if (lineEnd - start > headBytesMax) throw invalid('request line');
  const line = part.toString('latin1', start, lineEnd).trimEnd();
  if (control.test(line)) throw invalid('request line');
  // Clients put spaces between the keys of an address: the first space and the last one count.
  const afterVerb = line.indexOf(' ');
  const beforeVersion = line.lastIndexOf(' ');
  const url = line.slice(afterVerb + 1, beforeVersion).trim();
  if (afterVerb <= 0 || url === '' || !/^HTTP\/1\.[01]$/.test(line.slice(beforeVersion + 1)))
    throw invalid('request line');
  const head = headOf(part, Math.min(lineEnd + 1, part.length));
  return {
    verb: line.slice(0, afterVerb),
    url,
    headers: head.headers,
    body: bodyOf(part, head),
    contentId: textOf(head.headers['content-id'] ?? envelope.headers['content-id']),
  };
}

/** By Content-Length where it is given, else all that is left; white space around it is not of the body. */
function bodyOf(part: Buffer, { headers, end }: Head): Uint8Array {
  const declared = textOf(headers['content-length']);
  if (declared === undefined) return trimmed(part, end);
  const length = /^\d{1,9}$/.test(declared) ? Number(declared) : NaN;
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
  const mark = `--${boundary}`;
  const parts: Buffer[] = [];
  let start = -1;
  let from = 0;
  for (;;) {
    const at = bytes.indexOf(mark, from, 'latin1');
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

interface Head {
  readonly headers: IncomingHttpHeaders;
  /** Where what follows the blank line begins. */
  readonly end: number;
}

/** Header fields from `start` up to a blank line, or up to the end of the part when none follows. */
function headOf(part: Buffer, start = 0): Head {
  const headers = Object.create(null) as Record<string, string>;
  let at = start;
  let last: string | undefined;
  for (let fields = 0; at < part.length;) {
    const found = part.indexOf(lf, at);
    const lineEnd = found < 0 ? part.length : found;
    const end = lineEnd > at && part[lineEnd - 1] === cr ? lineEnd - 1 : lineEnd;
    if (lineEnd - start > headBytesMax) throw invalid('headers');
    const next = Math.min(lineEnd + 1, part.length);
    if (end === at) return { headers, end: next };
    const line = part.toString('latin1', at, end);
    if (control.test(line)) throw invalid('headers');
    at = next;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      // A folded field goes on.
      if (last === undefined) throw invalid('headers');
      headers[last] += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0 || ++fields > fieldsMax) throw invalid('headers');
    last = line.slice(0, colon).toLowerCase();
    if (!/^[!#$%&'*+\-.^_`|~\da-z]+$/.test(last)) throw invalid('headers');
    const value = line.slice(colon + 1).trim();
    headers[last] = last in headers ? joined(last, headers[last]!, value) : value;
  }
  return { headers, end: at };
}

/** Fields that say what a body is may stand twice only when they agree. */
function joined(name: string, before: string, value: string): string {
  if (!name.startsWith('content-')) return `${before}, ${value}`;
  if (before !== value) throw invalid(name);
  return value;
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
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

function invalid(argument: string): Error {
  return refusal('InvalidInput', argument);
}
