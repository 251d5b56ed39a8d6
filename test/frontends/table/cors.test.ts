// What pages of other sites are allowed, by the rules of the service.

import { describe, expect, test } from 'vitest';
import type { CorsRule } from '../../../frontends/table/cors-rules.ts';
import { corsHeaders, preflightHeaders } from '../../../frontends/table/cors.ts';
import { tableErrorOf } from '../../../frontends/table/errors.ts';
import type { DatabaseError } from '../../../model/errors.ts';
import { requestOf } from './signed-request.ts';

const rule = (changes: Partial<CorsRule> = {}): CorsRule => ({
  origins: ['http://a.example'],
  methods: ['GET', 'PUT'],
  allowedHeaders: ['x-ms-meta-*', 'Accept'],
  exposedHeaders: ['ETag', 'x-ms-*'],
  maxAgeSeconds: 200,
  ...changes,
});

function named(headers: readonly string[]): Record<string, string> {
  return Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]!]] : []))) as Record<
    string,
    string
  >;
}

describe('a preflight', () => {
  const ask = (cors: readonly CorsRule[], headers: Record<string, string>): unknown => {
    try {
      return named(preflightHeaders(requestOf({ headers }), { cors }));
    } catch (error) {
      const { status, word } = tableErrorOf(error as DatabaseError);
      return `${status} ${word}`;
    }
  };
  const origin = 'http://a.example';
  const method = { 'access-control-request-method': 'PUT' };
  const failure = '403 CorsPreflightFailure';

  test('is told what the first rule that fits allows', () => {
    const wanted = { origin, ...method, 'access-control-request-headers': 'X-MS-Meta-color, accept' };
    expect(ask([rule({ origins: ['http://b.example'] }), rule()], wanted)).toEqual({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Credentials': 'true',
      Vary: 'Origin',
      'Access-Control-Allow-Methods': 'PUT',
      'Access-Control-Allow-Headers': 'X-MS-Meta-color,accept',
      'Access-Control-Max-Age': '200',
    });
  });

  test('from any origin gets a star and no credentials', () => {
    expect(ask([rule({ origins: ['*'] })], { origin, ...method })).toEqual({
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': 'PUT',
      'Access-Control-Max-Age': '200',
    });
  });

  test('that no rule fits is refused', () => {
    expect(ask([], { origin, ...method })).toBe(failure);
    expect(ask([rule()], { origin: 'http://A.example', ...method })).toBe(failure);
    expect(ask([rule()], { origin, 'access-control-request-method': 'DELETE' })).toBe(failure);
    expect(ask([rule()], { origin, ...method, 'access-control-request-headers': 'authorization' })).toBe(failure);
    expect(
      ask([rule({ allowedHeaders: ['*'] })], { origin, ...method, 'access-control-request-headers': 'x' }),
    ).not.toBe(failure);
  });

  test('must name origin and method', () => {
    expect(ask([rule()], method)).toBe('400 MissingRequiredHeader');
    expect(ask([rule()], { origin })).toBe('400 MissingRequiredHeader');
  });

  test('may come from below a name', () => {
    const below = [rule({ origins: ['https://*.example.com'] })];
    const from = (one: string): unknown => ask(below, { origin: one, ...method });
    expect(from('https://a.example.com')).toHaveProperty('Access-Control-Allow-Origin', 'https://a.example.com');
    expect(from('https://a.b.example.com')).toHaveProperty('Vary');
    for (const other of [
      'https://example.com',
      'http://a.example.com',
      'https://a.example.com.evil',
      'https://xexample.com',
    ])
      expect(from(other)).toBe(failure);
  });
});

describe('an actual request', () => {
  const from = (cors: readonly CorsRule[], origin: string | undefined, sentVerb = 'GET'): Record<string, string> =>
    named(
      corsHeaders(requestOf({ sentVerb, headers: origin === undefined ? {} : { origin } }), { cors }, [
        'x-ms-version',
        '1',
        'Content-Type',
        'x',
      ]),
    );

  test('is told its origin, and the headers that it may see with prefixes made whole', () => {
    expect(from([rule()], 'http://a.example')).toEqual({
      'Access-Control-Allow-Origin': 'http://a.example',
      'Access-Control-Allow-Credentials': 'true',
      Vary: 'Origin',
      'Access-Control-Expose-Headers': 'ETag,x-ms-version',
    });
    expect(from([rule({ origins: ['*'], exposedHeaders: [] })], 'http://a.example')).toEqual({
      'Access-Control-Allow-Origin': '*',
    });
  });

  test('that no rule fits is told nothing but, when read, that others may get another answer', () => {
    expect(from([], 'http://a.example')).toEqual({});
    expect(from([rule()], undefined)).toEqual({ Vary: 'Origin' });
    expect(from([rule()], 'http://b.example')).toEqual({ Vary: 'Origin' });
    expect(from([rule()], 'http://b.example', 'PUT')).toEqual({});
    expect(from([rule({ origins: ['*'] })], undefined)).toEqual({});
    expect(from([rule({ methods: ['PUT'] })], undefined)).toEqual({});
  });
});
