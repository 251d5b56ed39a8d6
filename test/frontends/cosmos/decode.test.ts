// Decoding is total: any verb, path and headers give a request or a DatabaseError. A failing seed is printed.

import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../frontends/cosmos/decode.ts';
import type { Addresses } from '../../../frontends/deployment.ts';
import type { HttpInput } from '../../../frontends/http-exchange.ts';
import { DatabaseError } from '../../../model/errors.ts';

function inputOf(verb: string, url: string, headers: Record<string, string> = {}): HttpInput {
  const message = {
    method: verb,
    url,
    headers: { host: 'localhost:8081', ...headers },
    socket: {},
  } as unknown as IncomingMessage;
  return { message, body: new Uint8Array(0), fault: undefined, encrypted: false };
}

describe('decode', () => {
  it.each([
    ['GET', '/', 'read-account', '', ''],
    ['GET', '/dbs', 'list-databases', 'dbs', ''],
    ['POST', '/dbs', 'create-database', 'dbs', ''],
    ['GET', '/dbs/a', 'read-database', 'dbs', 'dbs/a'],
    ['GET', '//dbs/a/', 'read-database', 'dbs', 'dbs/a'],
    ['POST', '/dbs/a/colls', 'create-container', 'colls', 'dbs/a'],
    ['GET', '/dbs/a/colls/b/pkranges', 'list-partition-key-ranges', 'pkranges', 'dbs/a/colls/b'],
    ['GET', '/dbs/a/colls/b/docs/c%20d', 'read-item', 'docs', 'dbs/a/colls/b/docs/c d'],
    ['GET', '/dbs/a/colls/b/docs/c+d?e', 'read-item', 'docs', 'dbs/a/colls/b/docs/c+d?e'],
    ['PATCH', '/dbs/a/colls/b/docs/%E9%B1%80', 'patch-item', 'docs', 'dbs/a/colls/b/docs/鱀'],
    ['GET', '/offers/xYz', 'read-offer', 'offers', 'offers/xYz'],
    ['GET', '//addresses/?$resolveFor=docs', 'resolve-addresses', 'docs', ''],
  ])('%s %s is %s', (verb, url, operation, type, link) => {
    const request = decode(inputOf(verb, url));
    expect([request.row.operation, request.resourceType, request.link]).toEqual([operation, type, link]);
  });

  it.each([
    [{ 'x-ms-documentdb-isquery': 'True' }, 'query-items'],
    [{ 'x-ms-documentdb-query': 'true' }, 'query-items'],
    [{ 'content-type': 'application/query+json' }, 'query-items'],
    [{ 'x-ms-cosmos-is-query-plan-request': 'True', 'x-ms-documentdb-isquery': 'True' }, 'plan-query'],
    [{ 'x-ms-cosmos-is-batch-request': 'true' }, 'batch-items'],
    [{ 'x-ms-documentdb-is-upsert': 'TRUE' }, 'upsert-item'],
    [{ 'x-ms-documentdb-is-upsert': 'false' }, 'create-item'],
  ])('headers %j mean %s', (headers, operation) => {
    expect(decode(inputOf('POST', '/dbs/a/colls/b/docs', headers)).row.operation).toBe(operation);
  });

  it('gives a request or a DatabaseError for anything', () => {
    const seed = Number(process.env['MERIDIAN_TEST_SEED'] ?? Date.now() % 2 ** 31);
    const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? 1);
    const random = generator(seed);
    const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)]!;
    const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', ''];
    const pieces = [
      'dbs',
      'colls',
      'docs',
      'offers',
      'pkranges',
      'sprocs',
      '*',
      '',
      '.',
      '..',
      '%',
      '%2',
      '%2f',
      '%00',
      '%ff%fe',
      '%E9%B1%80',
      '?',
      '#',
      '\\',
      'é',
      '\u0000',
      '__proto__',
      'a'.repeat(300),
    ];
    const markers = [
      'x-ms-documentdb-isquery',
      'x-ms-cosmos-is-batch-request',
      'x-ms-documentdb-is-upsert',
      'a-im',
      'content-type',
      'host',
    ];
    for (let i = 0; i < 20_000 * scale; i++) {
      const url =
        '/' + Array.from({ length: Math.floor(random() * 12) }, () => pick(pieces)).join(pick(['/', '/', '']));
      const headers = random() < 0.5 ? {} : { [pick(markers)]: pick(['true', 'x', '', '\u00ff']) };
      try {
        decode(inputOf(pick(verbs), url, headers), pick<Addresses>(['exact', 'gateway']));
      } catch (error) {
        expect(error, `seed ${seed}, url ${JSON.stringify(url)}`).toBeInstanceOf(DatabaseError);
        expect((error as DatabaseError).code, `seed ${seed}, url ${JSON.stringify(url)}`).not.toBe('Internal');
      }
    }
  });
});

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
