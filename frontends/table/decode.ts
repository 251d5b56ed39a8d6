// From an HTTP request to what it asks for: account, table, keys and the row of the surface. Total: any bytes give a
// request or a DatabaseError. Source: "Addressing Table service resources", "Query timeout and pagination" (Azure
// Storage REST reference), OData v3 "verb tunneling".
//
//   path style   http://127.0.0.1:10002/account/Table     emulators, and any host that names no account
//   host style   https://account.table.example/Table
//
// The secondary of a geo-redundant account is the account's name with `-secondary` behind it, in either style.

import type { IncomingHttpHeaders } from 'node:http';
import type { DatabaseError } from '../../model/errors.ts';
import type { HttpInput } from '../http-exchange.ts';
import { refusal } from './errors.ts';
import { parseAddress, type Address } from './odata/address.ts';
import { parseQuery } from './query-string.ts';
import type { Flavour, TableRequest, Verb } from './request.ts';
import { hasComponent, rowOf, type Component, type Row } from './surface.ts';

export interface DecodeOptions {
  /** Tells the accounts apart from other first labels of a host. */
  readonly isAccount: (name: string) => boolean;
}

const printable = /^[\x21-\x7e]*$/;
const hostForm = /^[A-Za-z0-9.\-_[\]:]{1,255}$/;
const absoluteForm = /^(https?):\/\/([^/?#]*)/i;
const secondarySuffix = '-secondary';

/** Node refuses longer ones with the headers they are in; parts of a batch come here, too. */
const urlLengthMax = 64 * 1024;

export function decode(input: HttpInput, options: DecodeOptions): TableRequest {
  if (input.fault !== undefined) throw faultOf(input.fault);
  const { message } = input;
  const { headers, socket } = message;
  const target = split(message.url ?? '/');
  const host = (target.host ?? headers.host ?? '').toLowerCase();
  const scheme = input.encrypted ? 'https' : 'http';
  const { path, isRedirected } = redirectedPath(target.path, options);
  const place = placeOf(host, path, options);
  const isHostGood = hostForm.test(host);
  const authority = isHostGood ? host : `${bracketed(socket.localAddress ?? 'localhost')}:${socket.localPort ?? 0}`;
  const sentVerb = message.method ?? 'GET';
  const verb = verbOf(sentVerb, headers);
  const query = parseQuery(target.query);
  const address = addressOf(place.segments, verb, place.flavour);
  return {
    row: rowFor(verb, address, query, headers),
    verb,
    sentVerb,
    flavour: place.flavour,
    accountName: place.accountName,
    isPathStyle: place.isPathStyle,
    // Every region of Cosmos DB takes writes.
    isSecondary: (place.isSecondary || isRedirected) && place.flavour === 'storage',
    rawPath: path,
    query,
    table: address.table,
    key: address.key,
    headers,
    body: input.body,
    serviceRoot: `${scheme}://${authority}${place.isPathStyle ? `/${place.sentAccount}` : ''}`,
    isEncrypted: input.encrypted,
    remoteAddress: socket.remoteAddress ?? '',
  };
}

/** A part of an entity group transaction, or the query in its place, under the credentials of its envelope. */
export function decodePart(
  envelope: TableRequest,
  part: {
    readonly verb: string;
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: Uint8Array;
  },
): TableRequest {
  const target = split(part.url);
  const segments = segmentsOf(target.path);
  // Relative addresses are told with and without the account of the path style.
  if (segments.length > 1 && accountIn(decodedSegment(segments[0]!)).name === envelope.accountName) segments.shift();
  const verb = verbOf(part.verb, part.headers);
  const query = parseQuery(target.query);
  const address = addressOf(segments, verb, envelope.flavour);
  return {
    ...envelope,
    row: rowFor(verb, address, query, part.headers),
    verb,
    sentVerb: part.verb,
    rawPath: target.path,
    query,
    table: address.table,
    key: address.key,
    headers: part.headers,
    body: part.body,
  };
}

/** What the HTTP layer found wrong with a body. */
function faultOf(fault: DatabaseError): DatabaseError {
  return fault.code === 'TooLarge' ? refusal('RequestBodyTooLarge', 'body') : fault;
}

interface SplitUrl {
  readonly host: string | undefined;
  readonly path: string;
  readonly query: string;
}

function split(url: string): SplitUrl {
  if (url.length > urlLengthMax || !printable.test(url)) throw refusal('InvalidUri', 'path');
  const absolute = url.startsWith('/') ? null : absoluteForm.exec(url);
  const rest = absolute === null ? url : url.slice(absolute[0].length);
  const hash = rest.indexOf('#');
  const whole = hash < 0 ? rest : rest.slice(0, hash);
  const mark = whole.indexOf('?');
  const path = mark < 0 ? whole : whole.slice(0, mark);
  return {
    host: absolute?.[2],
    path: path.startsWith('/') ? path : `/${path}`,
    query: mark < 0 ? '' : whole.slice(mark + 1),
  };
}

/** Segments as they were sent, without empty ones at the ends. */
function segmentsOf(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (path.charCodeAt(start) === 0x2f) start++;
  while (end > start && path.charCodeAt(end - 1) === 0x2f) end--;
  return start === end ? [] : path.slice(start, end).split('/');
}

function decodedSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw refusal('InvalidUri', 'path');
  }
}

interface Place {
  readonly flavour: Flavour;
  readonly accountName: string;
  /** With its suffix. */
  readonly sentAccount: string;
  readonly isSecondary: boolean;
  readonly isPathStyle: boolean;
  /** Behind the account. */
  readonly segments: readonly string[];
}

/** Lower-case host with its port; path as it was sent. */
function placeOf(host: string, path: string, { isAccount }: DecodeOptions): Place {
  const segments = segmentsOf(path);
  const isCosmos = host.includes('.table.cosmos.') || host.includes('.table.cosmosdb.');
  const flavour = isCosmos ? 'cosmos' : 'storage';
  const label = host.includes('.table.') ? host.slice(0, host.indexOf('.')) : undefined;
  const first = segments[0] === undefined ? undefined : decodedSegment(segments[0]);
  const byHost = label === undefined ? undefined : accountIn(label);
  const byPath = first === undefined ? undefined : accountIn(first);
  // A server in a cluster may have such a host name itself.
  const isHostStyle =
    byHost !== undefined && (isAccount(byHost.name) || byPath === undefined || !isAccount(byPath.name));
  const { name, isSecondary } = (isHostStyle ? byHost : byPath) ?? { name: '', isSecondary: false };
  return {
    flavour,
    accountName: name,
    sentAccount: isHostStyle ? (label ?? '') : (segments[0] ?? ''),
    isSecondary,
    isPathStyle: !isHostStyle,
    segments: isHostStyle ? segments : segments.slice(1),
  };
}

/**
 * Python's client writes the secondary's account before a path that has the primary's already, and which it has signed:
 * `/account-secondary/account/Table`. A table of the account's own name is found as ever: nothing is behind it.
 */
function redirectedPath(
  path: string,
  { isAccount }: DecodeOptions,
): { readonly path: string; readonly isRedirected: boolean } {
  const end = path.indexOf(secondarySuffix);
  if (end < 0) return { path, isRedirected: false };
  const account = path.slice(1, end);
  const rest = path.slice(end + secondarySuffix.length);
  const isRedirected = isAccount(account) && rest.startsWith(`/${account}/`);
  return { path: isRedirected ? rest : path, isRedirected };
}

function accountIn(text: string): { readonly name: string; readonly isSecondary: boolean } {
  const isSecondary = text.length > secondarySuffix.length && text.endsWith(secondarySuffix);
  return { name: isSecondary ? text.slice(0, -secondarySuffix.length) : text, isSecondary };
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['GET', 'GET'],
  ['POST', 'POST'],
  ['PUT', 'PUT'],
  ['MERGE', 'MERGE'],
  ['PATCH', 'MERGE'],
  ['DELETE', 'DELETE'],
  ['OPTIONS', 'OPTIONS'],
  ['HEAD', 'HEAD'],
]);

const tunnelled: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['MERGE', 'MERGE'],
  ['PATCH', 'MERGE'],
  ['PUT', 'PUT'],
  ['DELETE', 'DELETE'],
]);

function verbOf(sent: string, headers: IncomingHttpHeaders): Verb {
  const given = headers['x-http-method'];
  if (given === undefined) {
    const verb = verbs.get(sent);
    if (verb === undefined) throw refusal('UnsupportedHttpVerb', 'verb');
    return verb;
  }
  if (sent !== 'POST') throw refusal('XMethodNotUsingPost', 'X-HTTP-Method');
  // Node joins repeated headers with commas.
  if (typeof given !== 'string' || given.includes(',')) throw refusal('XMethodIncorrectCount', 'X-HTTP-Method');
  const verb = tunnelled.get(given.trim().toUpperCase());
  if (verb === undefined) throw refusal('XMethodIncorrectValue', 'X-HTTP-Method');
  return verb;
}

/**
 * An address behind a table's, as clients send whose account URL ends with a table's name: to the storage service it
 * is that table, to Cosmos DB it is nothing.
 */
function addressOf(segments: readonly string[], verb: Verb, flavour: Flavour): Address {
  if (segments.length < 2) return parseAddress(segments[0] ?? '');
  if (flavour === 'cosmos') throw refusal('InvalidInput', 'path', 'Request url is invalid.');
  const first = parseAddress(segments[0]!);
  const last = parseAddress(segments.at(-1)!);
  if (segments.length > 2 || first.target !== 'entities') throw refusal('InvalidUri', 'path');
  // An entity that is told by one key: whether its table is there comes first.
  if (last.target === 'table') return { ...first, target: 'entity' };
  if (last.target === 'tables' && verb !== 'OPTIONS') return first;
  if (last.target === 'batch') throw refusal('MediaTypeNotSupported', 'path');
  throw refusal('InvalidUri', 'path');
}

function componentOf(query: ReadonlyMap<string, string>): Component | undefined {
  const component = query.get('comp')?.toLowerCase();
  if (component === undefined || component === '') return undefined;
  if (component === 'properties' || component === 'stats' || component === 'acl') return component;
  throw refusal('InvalidQueryParameterValue', 'comp');
}

function rowFor(
  verb: Verb,
  { target }: Address,
  query: ReadonlyMap<string, string>,
  headers: IncomingHttpHeaders,
): Row {
  const component = componentOf(query);
  const row = rowOf(verb, target, component, headers['if-match'] !== undefined);
  if (row !== undefined) return row;
  throw hasComponent(target, component)
    ? refusal('MethodNotAllowed', 'verb')
    : refusal('InvalidQueryParameterValue', 'comp');
}
