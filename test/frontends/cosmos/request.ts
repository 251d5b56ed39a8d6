// Signed requests over plain fetch, for what the SDK would not send.

import { createHmac } from 'node:crypto';
import type { Started } from './start.ts';
import { keys } from './start.ts';

export interface Asked {
  readonly verb?: string | undefined;
  readonly path: string;
  /** Resource type and link to sign; taken from the path by default. */
  readonly type?: string | undefined;
  readonly link?: string | undefined;
  readonly key?: string | undefined;
  readonly date?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | object | undefined;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: { readonly code?: string; readonly message?: string; readonly [name: string]: unknown };
}

/** What a client signs for a path: the resource itself, or the parent of a feed. */
export function signedPartsOf(path: string): { readonly type: string; readonly link: string } {
  const segments = path.split('/').filter((segment) => segment !== '');
  const isFeed = segments.length % 2 === 1;
  const named = segments.map((segment, i) => (i % 2 === 1 ? decodeURIComponent(segment) : segment));
  return {
    type: segments.length === 0 ? '' : isFeed ? segments.at(-1)! : segments.at(-2)!,
    link: (isFeed ? named.slice(0, -1) : named).join('/'),
  };
}

export function signature(verb: string, type: string, link: string, date: string, key: string): string {
  const text = `${verb.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
  const signed = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
  return encodeURIComponent(`type=master&ver=1.0&sig=${signed}`);
}

export async function ask(server: Started, asked: Asked): Promise<Answered> {
  const { verb = 'GET', path, key = keys.primary, body } = asked;
  const date = asked.date ?? new Date().toUTCString();
  const parts = asked.type === undefined || asked.link === undefined ? signedPartsOf(path) : { type: '', link: '' };
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: verb,
    headers: {
      authorization: signature(verb, asked.type ?? parts.type, asked.link ?? parts.link, date, key),
      'x-ms-date': date,
      'content-type': 'application/json',
      ...asked.headers,
    },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  let json: Answered['json'] = {};
  try {
    json = JSON.parse(text) as Answered['json'];
  } catch {
    // Some answers have no body.
  }
  return { status: response.status, headers: response.headers, text, json };
}

export const partitionKey = (...parts: unknown[]): Record<string, string> => ({
  'x-ms-documentdb-partitionkey': JSON.stringify(parts),
});
