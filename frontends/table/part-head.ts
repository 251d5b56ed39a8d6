// The head of a part of an entity group transaction: its header fields up to a blank line (RFC 2046 §5.1, RFC 5322 §2.2
// with bare line feeds allowed). Total and bounded, in time linear in the bytes.
//
// Fields that only tell of the part itself, its id and its length, differ from part to part where others do not. They
// stand beside the others, so that parts whose other bytes are the same have one object of headers.

import type { IncomingHttpHeaders } from 'node:http';
import { textOf } from '../../model/bytes.ts';
import { refusal } from './errors.ts';

/** Headers of a part, in bytes with its request line: clients send well below 2 KiB beside the address. */
export const headBytesMax = 32 * 1024;

/** Fields in one head. */
const fieldsMax = 64;

export interface Fields {
  /** Without those below. */
  readonly headers: IncomingHttpHeaders;
  readonly contentId: string | undefined;
  readonly contentLength: string | undefined;
  /** Where what follows the blank line begins. */
  readonly end: number;
}

/** What no head may hold: some of it is told again in the answer. A carriage return stands before a line feed only. */
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|$)/;

const fieldName = /^[!#$%&'*+\-.^_`|~\da-z]+$/;

const lf = 0x0a;
const cr = 0x0d;

/** Behind the line feed of the line that begins at `start`, or the end of the part. */
export function endOfLine(part: Buffer, start: number): number {
  for (let at = start; at < part.length; at++) if (part[at] === lf) return at + 1;
  return part.length;
}

/**
 * Header fields from `at` up to a blank line, or up to the end of the part when none follows. `start` is where the line
 * before them begins, which is of the head, too.
 */
export function fieldsOf(part: Buffer, start: number, at: number): Fields {
  const end = endOfHead(part, start, at);
  if (end - start > headBytesMax) throw invalid('headers');
  const text = part.toString('latin1', start, end);
  if (control.test(text)) throw invalid('headers');
  const headers = Object.create(null) as Record<string, string>;
  let last: string | undefined;
  let fields = 0;
  for (let from = at - start; from < text.length;) {
    const found = text.indexOf('\n', from);
    const lineEnd = found < 0 ? text.length : found;
    const first = from;
    from = lineEnd + 1;
    const sign = text.charCodeAt(first);
    if (sign === cr || sign === lf) break;
    if (sign === 0x20 || sign === 0x09) {
      // A folded field goes on.
      if (last === undefined) throw invalid('headers');
      headers[last] = `${headers[last]!} ${text.slice(first, lineEnd).trim()}`;
      continue;
    }
    const colon = text.indexOf(':', first);
    if (colon <= first || colon > lineEnd || ++fields > fieldsMax) throw invalid('headers');
    last = text.slice(first, colon).toLowerCase();
    if (!fieldName.test(last)) throw invalid('headers');
    const value = text.slice(colon + 1, lineEnd).trim();
    headers[last] = last in headers ? joined(last, headers[last]!, value) : value;
  }
  const contentId = headers['content-id'];
  const contentLength = headers['content-length'];
  delete headers['content-id'];
  delete headers['content-length'];
  return { headers, contentId, contentLength, end };
}

/** Behind the first blank line, or the end of the part. A head may be nothing but that line. */
function endOfHead(part: Buffer, start: number, at: number): number {
  if (part[at] === lf) return at + 1;
  if (part[at] === cr && part[at + 1] === lf) return at + 2;
  // Beyond its bound a head is refused, and need not be looked through.
  const within = part.subarray(at, start + headBytesMax + 1);
  const long = within.indexOf('\n\r\n', 0, 'latin1');
  const short = (long < 0 ? within : within.subarray(0, long + 1)).indexOf('\n\n', 0, 'latin1');
  if (short >= 0) return at + short + 2;
  return long >= 0 ? at + long + 3 : at + within.length;
}

/** Fields that say what a body is may stand twice only when they agree. */
function joined(name: string, before: string, value: string): string {
  if (!name.startsWith('content-')) return `${before}, ${value}`;
  if (before !== value) throw invalid(name);
  return value;
}

/** The value of a field that tells of its part alone, in the bytes of a head; from its beginning. */
interface Hole {
  readonly isId: boolean;
  readonly start: number;
  readonly end: number;
}

/** Such fields of a head, each on a line of its own. */
const holeLine = /^content-(id|length):[ \t]*([\w.-]+)[ \t]*\r?$/gim;

/** Reads heads that follow each other: one that has the bytes of the last, but for such values, has its headers. */
export class FieldsReader {
  #bytes: Buffer = Buffer.alloc(0);
  #holes: readonly Hole[] = [];
  #headers: IncomingHttpHeaders | undefined;

  /** As `fieldsOf`. */
  read(part: Buffer, start: number, at: number): Fields {
    const known = this.#headers === undefined ? undefined : this.#again(part, start, at, this.#headers);
    if (known !== undefined) return known;
    const fields = fieldsOf(part, start, at);
    this.#remember(part.subarray(at, fields.end), fields);
    return fields;
  }

  /** A head that ends with its part goes on in another, perhaps. Of two lengths or ids it is not clear which counts. */
  #remember(bytes: Buffer, { headers, contentId, contentLength }: Fields): void {
    this.#headers = undefined;
    if (!isEnded(bytes)) return;
    const text = bytes.toString('latin1');
    const holes = Array.from(text.matchAll(holeLine), (match) => {
      const start = match.index + match[0].indexOf(match[2]!, match[0].indexOf(':'));
      return { isId: match[1]!.toLowerCase() === 'id', start, end: start + match[2]!.length };
    });
    const count = (contentId === undefined ? 0 : 1) + (contentLength === undefined ? 0 : 1);
    if (holes.length !== count || /\n[ \t]/.test(text)) return;
    this.#bytes = bytes;
    this.#holes = holes;
    this.#headers = headers;
  }

  #again(part: Buffer, start: number, at: number, headers: IncomingHttpHeaders): Fields | undefined {
    const bytes = this.#bytes;
    let contentId: string | undefined;
    let contentLength: string | undefined;
    let from = 0;
    for (const hole of this.#holes) {
      const valueAt = at + hole.start - from;
      if (!isSame(part, at, valueAt, bytes, from, hole.start)) return undefined;
      at = valueAt;
      while (isToken(part[at])) at++;
      if (at === valueAt) return undefined;
      const value = textOf(part, valueAt, at);
      if (hole.isId) contentId = value;
      else contentLength = value;
      from = hole.end;
    }
    const end = at + bytes.length - from;
    if (!isSame(part, at, end, bytes, from, bytes.length) || end - start > headBytesMax) return undefined;
    return { headers, contentId, contentLength, end };
  }
}

function isEnded(bytes: Buffer): boolean {
  const { length } = bytes;
  if (bytes[length - 1] !== lf) return false;
  const before = bytes[length - 2] === cr ? length - 3 : length - 2;
  return before < 0 || bytes[before] === lf;
}

/** Letters of ids and lengths that are taken as they are. */
const tokenBytes = new Uint8Array(256);
for (let byte = 0; byte < 128; byte++) tokenBytes[byte] = /[\w.-]/.test(String.fromCharCode(byte)) ? 1 : 0;

function isToken(byte: number | undefined): boolean {
  return byte !== undefined && tokenBytes[byte] === 1;
}

/** Whether [start, end) has the bytes of [otherStart, otherEnd) of another. Past the end no byte is the same. */
export function isSame(
  bytes: Buffer,
  start: number,
  end: number,
  other: Buffer,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = 0; i < end - start; i++) if (bytes[start + i] !== other[otherStart + i]) return false;
  return true;
}

export function invalid(argument: string): Error {
  return refusal('InvalidInput', argument);
}
