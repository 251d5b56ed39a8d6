// From an HTTP request to what it asks for: the row of the surface, the ids in its path, and the link that its
// signature covers. Total: any bytes give a request or a DatabaseError.
// Source: "Azure Cosmos DB REST API reference", resource URI syntax. Paths alternate between the type of a
// resource and its id; an id is percent-encoded once, or is a `_rid`.

import type { IncomingHttpHeaders } from 'node:http';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { Addresses } from '../deployment.ts';
import type { HttpInput } from '../http-exchange.ts';
import type { Place } from './encode.ts';
import { rowOf, type Row } from './surface.ts';

export interface CosmosRequest {
  readonly row: Row;
  readonly verb: string;
  /** As it was sent, with its query. */
  readonly path: string;
  /** Type of the resource addressed, as it is signed: dbs, colls, docs, …; '' for the account. */
  readonly resourceType: string;
  /** What the signature covers for a name-based address: the resource itself, or its parent for feeds and creations. */
  readonly link: string;
  /** Ids in the path, outermost first. */
  readonly ids: readonly string[];
  /** As the client sent it. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** Scheme and host by which the client reached this server. */
  readonly origin: string;
  /** When it was read, by the monotonic clock: answers tell how long it took. */
  readonly receivedMs: number;
  /** Set once the operation knows it, so that a failure too can tell the session token. */
  touched: Place | undefined;
}

/** Segments of the longest address: database, container, item, attachment. */
const segmentsMax = 8;

const printable = /^[\x21-\x7e]*$/;

/** An id of a path as the client meant it. `+` is itself: this is no query string. */
function decodeId(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('the path holds a percent sign that encodes no character', 'path');
  }
}

function segmentsOf(url: string): string[] {
  // Ids may hold a question mark, which not every client encodes; only addresses outside the resource tree have a query.
  const isResource = url.startsWith('/dbs/') || url.startsWith('//dbs/');
  const query = isResource ? -1 : url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  let start = 0;
  let end = path.length;
  while (path.charCodeAt(start) === 0x2f) start++;
  while (end > start && path.charCodeAt(end - 1) === 0x2f) end--;
  return start === end ? [] : path.slice(start, end).split('/');
}

/** What stands after the question mark. */
export function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

/** The resource whose addresses are asked for: `dbs/…/colls/…/docs`. Some clients encode it twice. */
function resolvedPath(url: string): string {
  const path = queryOf(url).get('$resolveFor') ?? '';
  return `/${path.includes('/') || !path.includes('%') ? path : decodeId(path)}`;
}

const control = /[\x00-\x1f]/;

/** The link as the routing gateway sees it: decoded again, backslashes turned, cut at `#`, blanks at its end dropped. */
function gatewayLink(link: string): string {
  if (control.test(link)) throw badRequest('the path holds a control character', 'path');
  let decoded = link;
  if (link.includes('%')) {
    try {
      decoded = decodeURIComponent(link);
    } catch {
      // What is no encoding stays as it is.
    }
  }
  const hash = decoded.indexOf('#');
  return (hash < 0 ? decoded : decoded.slice(0, hash)).replaceAll('\\', '/').trimEnd();
}

/** What a signature must then cover. A slash within an id makes further segments, which no client signs. */
function gatewaySigned(link: string, ids: readonly string[]): string {
  const seen = gatewayLink(link);
  return ids.some((id) => id.includes('/')) ? `${seen}/` : seen;
}

export function decode(input: HttpInput, addresses: Addresses = 'exact'): CosmosRequest {
  if (input.fault !== undefined) throw input.fault;
  const { message } = input;
  const url = message.url ?? '/';
  const verb = message.method ?? 'GET';
  if (!printable.test(url)) throw badRequest('the path holds characters that must be percent-encoded', 'path');
  const asked = segmentsOf(url);
  // Addresses are asked for what the query names, and that is signed.
  const resolved = asked.length === 1 && asked[0] === 'addresses' ? resolvedPath(url) : undefined;
  const segments = resolved === undefined ? asked : segmentsOf(resolved);
  if (segments.length > segmentsMax) throw badRequest('the path has too many segments', 'path');
  const ids: string[] = [];
  let shape = '';
  let link = '';
  let parent = '';
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    if (i % 2 === 0) {
      shape = i === 0 ? segment : `${shape}/${segment}`;
      parent = link;
      link = i === 0 ? segment : `${link}/${segment}`;
    } else {
      const id = decodeId(segment);
      shape += '/*';
      link = `${link}/${id}`;
      ids.push(id);
    }
  }
  const isFeed = segments.length % 2 === 1;
  const { headers } = message;
  const row = rowOf(verb, resolved === undefined ? shape : 'addresses', headers);
  if (row === undefined)
    throw new DatabaseError('NotSupported', 'there is no such operation at this address', { argument: 'path' });
  const signedLink = isFeed || row.signedType !== undefined ? parent : link;
  return {
    row,
    verb,
    path: url,
    resourceType: row.signedType ?? (segments.length === 0 ? '' : isFeed ? segments.at(-1)! : segments.at(-2)!),
    link: addresses === 'gateway' ? gatewaySigned(signedLink, ids) : signedLink,
    ids,
    url,
    headers,
    body: input.body,
    origin: originOf(input),
    receivedMs: performance.now(),
    touched: undefined,
  };
}

const hostShape = /^[A-Za-z0-9.\-_[\]:]{1,255}$/;

function originOf(input: HttpInput): string {
  const { host } = input.message.headers;
  const scheme = input.encrypted ? 'https' : 'http';
  if (host !== undefined && hostShape.test(host)) return `${scheme}://${host}`;
  const { localAddress, localPort } = input.message.socket;
  return `${scheme}://${localAddress?.includes(':') === true ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** A header's text. Node joins repeated ones with a comma, so a repeated key or token fails its own parser. */
export function headerOf(request: CosmosRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

export function isTrue(text: string | undefined): boolean {
  return text !== undefined && (text === 'true' || text === 'True' || text.toLowerCase() === 'true');
}

const integerShape = /^-?\d{1,9}$/;

/** A header that holds a whole number. */
export function integerOf(request: CosmosRequest, name: string): number | undefined {
  const text = headerOf(request, name);
  if (text === undefined) return undefined;
  if (!integerShape.test(text)) throw badRequest(`${name} must be a whole number`, name);
  return Number(text);
}
