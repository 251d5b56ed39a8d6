// Reads the requests that clients send nearly always, from the bytes of one read: HTTP/1.1, a head that is whole, one
// header of a name, a body of a declared length or none. It takes a strict part of what RFC 9112 allows and says
// nothing of the rest: whatever is unusual in any way, valid or not, is left to Node's parser with all its bytes.
//
// Invariant: what is read here, Node's strict parser reads the same; so nobody in between can see other requests.

import type { IncomingHttpHeaders } from 'node:http';

export interface PlainRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Where the body begins. */
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** Heads of clients have some 500 bytes; one with a long token has a few thousand. */
const headBytesMax = 16 * 1024;

/** More headers than any client sends. */
const headersMax = 64;

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'MERGE']);

const urlForm = /^\/[\x21-\x7e]*$/;
const nameForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const outsideValue = /[^\t\x20-\x7e]/;
const lengthForm = /^\d{1,9}$/;

/** Spellings that are seen again and again, so that none of them is made anew. */
const lowered: ReadonlyMap<string, string> = new Map(
  [
    ...['Host', 'Connection', 'User-Agent', 'Accept', 'Accept-Encoding', 'Accept-Language', 'Authorization', 'Date'],
    ...['Content-Type', 'Content-Length', 'Content-MD5', 'If-Match', 'If-None-Match', 'Prefer', 'Cache-Control'],
    ...['DataServiceVersion', 'MaxDataServiceVersion', 'Origin', 'Referer'],
    ...['x-ms-date', 'x-ms-version', 'x-ms-client-request-id', 'x-ms-return-client-request-id', 'x-ms-activity-id'],
    ...['x-ms-documentdb-partitionkey', 'x-ms-documentdb-query', 'x-ms-documentdb-isquery', 'x-ms-max-item-count'],
    ...['x-ms-documentdb-query-enablecrosspartition', 'x-ms-documentdb-partitionkeyrangeid', 'x-ms-continuation'],
    ...[
      'x-ms-session-token',
      'x-ms-consistency-level',
      'x-ms-documentdb-is-upsert',
      'x-ms-cosmos-allow-tentative-writes',
    ],
    ...['x-ms-cosmos-sdk-supportedcapabilities', 'x-ms-useragent', 'x-ms-http-method', 'x-http-method'],
  ].flatMap((name) => [
    [name, name.toLowerCase()],
    [name.toLowerCase(), name.toLowerCase()],
  ]),
);

/** Headers by which a message is cut or a connection changes: Node's parser knows what they ask. */
const unusual: ReadonlySet<string> = new Set([
  ...['transfer-encoding', 'content-encoding', 'expect', 'upgrade', 'te', 'trailer', 'keep-alive', 'proxy-connection'],
  // Node makes a list of it.
  'set-cookie',
]);

/** The request that the bytes begin with; undefined when it is not plain, or its head not whole. */
export function readPlainRequest(bytes: Buffer, bodyBytesMax: number): PlainRequest | undefined {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, headBytesMax));
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const lineEnd = text.indexOf('\r\n');
  const space = text.indexOf(' ');
  const method = text.slice(0, space);
  if (!methods.has(method)) return undefined;
  const urlEnd = lineEnd - ' HTTP/1.1'.length;
  if (urlEnd <= space || !text.startsWith(' HTTP/1.1', urlEnd)) return undefined;
  const url = text.slice(space + 1, urlEnd);
  if (!urlForm.test(url)) return undefined;
  const headers = readHeaders(text, lineEnd + 2, end);
  if (headers?.host === undefined) return undefined;
  const { connection } = headers;
  if (connection !== undefined && connection !== 'keep-alive' && connection.toLowerCase() !== 'keep-alive')
    return undefined;
  const length = headers['content-length'];
  if (length === undefined) return { method, url, headers, bodyAt: end + 4, bodyLength: 0 };
  if (!lengthForm.test(length) || Number(length) > bodyBytesMax) return undefined;
  return { method, url, headers, bodyAt: end + 4, bodyLength: Number(length) };
}

/** The header lines in [at, end), the last one without its line break. */
function readHeaders(text: string, at: number, end: number): IncomingHttpHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let count = 0; at <= end; count++) {
    const lineEnd = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > lineEnd || count === headersMax) return undefined;
    const sent = text.slice(at, colon);
    const name = lowered.get(sent) ?? loweredOf(sent);
    // A second one of the name; those that every object has look like one, and leave as well.
    if (name === undefined || headers[name] !== undefined) return undefined;
    let from = colon + 1;
    let to = lineEnd;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    const value = text.slice(from, to);
    if (outsideValue.test(value)) return undefined;
    headers[name] = value;
    at = lineEnd + 2;
  }
  return headers;
}

function loweredOf(name: string): string | undefined {
  if (!nameForm.test(name)) return undefined;
  const lower = name.toLowerCase();
  return unusual.has(lower) ? undefined : lower;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
