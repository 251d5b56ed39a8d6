// An answer as bytes on a connection that stays open: status line, headers, body, in one buffer where it is small.
// Sources: RFC 9112 sections 4 and 6, RFC 9110 section 5.5.

import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from './http-exchange.ts';

/** Up to here copying a body is cheaper than a second buffer in the same write. */
export const copiedBytesMax = 16 * 1024;

const lengthName = 'content-length';
const outsideValue = /[^\t\x20-\x7e\x80-\xff]/;

let dateSecond = NaN;
let dateText = '';

/** The `Date` header's value, made once a second. */
function dateNow(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}

/** Whether an answer of that status has neither body nor length (RFC 9110 section 8.6). */
function isBare(status: number): boolean {
  return status === 204 || status === 304;
}

/**
 * The head with its blank line; `connection` are the lines about the connection. Throws TypeError for a value
 * that cannot stand in a header: nothing of a request may break out of its own.
 */
export function headOf({ status, headers, body }: HttpAnswer, connection: string): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
  let isMeasured = isBare(status);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (outsideValue.test(value)) throw new TypeError(`the header ${name} has a character that no header can have`);
    if (name.length === lengthName.length && name.toLowerCase() === lengthName) isMeasured = true;
    head += `${name}: ${value}\r\n`;
  }
  if (!isMeasured) head += `Content-Length: ${body?.length ?? 0}\r\n`;
  return `${head}Date: ${dateNow()}\r\n${connection}\r\n`;
}

/** Head and body in one buffer. */
export function joined(head: string, body: Uint8Array | undefined): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + (body?.length ?? 0));
  bytes.write(head, 'latin1');
  if (body !== undefined) bytes.set(body, head.length);
  return bytes;
}
