// Bodies that are no text: items in binary JSON, as the Rust and .NET SDKs may send them, and batches in HybridRow, as
// the .NET SDK always does. Rows are written and read here byte by byte, from the format's grammar.

import { crc32 } from 'node:zlib';
import { CosmosClient, type Container } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BinaryEncoder } from '../../model/cosmos-binary/encoder.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';
import { signature } from './request.ts';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let container: Container;

beforeAll(async () => {
  server = await start();
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  const { database } = await client.databases.create({ id: 'd' });
  ({ container } = await database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } }));
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

interface Reply {
  readonly status: number;
  readonly bytes: Buffer;
}

async function send(verb: string, link: string, body: Uint8Array, headers: Record<string, string>): Promise<Reply> {
  const date = new Date().toUTCString();
  const isFeed = link.split('/').length % 2 === 1;
  const signed = isFeed ? 'dbs/d/colls/c' : link;
  const response = await fetch(`http://127.0.0.1:${server.port}/${link}`, {
    method: verb,
    headers: {
      authorization: signature(verb, 'docs', signed, date, keys.primary),
      'x-ms-date': date,
      'content-type': 'application/json',
      ...headers,
    },
    body,
  });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

const feed = 'dbs/d/colls/c/docs';
const one = { 'x-ms-documentdb-partitionkey': '["one"]' };

describe('binary JSON', () => {
  const encoder = new BinaryEncoder(randomOf(seedOf()));

  it('makes, replaces and patches items, and is answered in text', async () => {
    const item = { id: 'b', pk: 'one', list: [1, 2, 3], deep: { at: '2024-01-02T03:04:05Z', '': null } };
    const offer = { ...one, 'x-ms-cosmos-supported-serialization-formats': 'CosmosBinary' };
    const made = await send('POST', feed, encoder.encode(item), offer);
    expect([made.status, JSON.parse(made.bytes.toString()) as unknown]).toMatchObject([201, item]);
    const other = { ...item, list: [] };
    expect((await send('PUT', `${feed}/b`, encoder.encode(other), one)).status).toBe(200);
    const patch = encoder.encode({ operations: [{ op: 'set', path: '/n', value: 7 }] });
    expect((await send('PATCH', `${feed}/b`, patch, one)).status).toBe(200);
    expect((await container.item('b', 'one').read()).resource).toMatchObject({ ...other, n: 7 });
  });

  it('that is cut or has an id twice is refused', async () => {
    const bytes = encoder.encode({ id: 'x', pk: 'one' });
    expect((await send('POST', feed, bytes.subarray(0, -1), one)).status).toBe(400);
    const twice = Buffer.from('80ea0e2c81782c817982706b836f6e65', 'hex');
    expect((await send('POST', feed, twice, one)).status).toBe(400);
  });
});

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
};

function lengthOf(value: number): Buffer {
  return value < 128 ? Buffer.of(value) : Buffer.concat([Buffer.of((value & 127) | 128), lengthOf(value >> 7)]);
}

const sized = (bytes: Buffer): Buffer => Buffer.concat([lengthOf(bytes.length), bytes]);

interface Operation {
  readonly type: number;
  readonly id?: string;
  readonly key?: string;
  readonly body?: object | Uint8Array;
  readonly ifMatch?: string;
  readonly minimal?: boolean;
  /** A sparse field that the schema does not name. */
  readonly more?: string;
}

function rowOf({ type, id, key, body, ifMatch, minimal, more }: Operation): Buffer {
  const presence = 3 | (key ? 4 : 0) | (id ? 16 : 0) | (body ? 64 : 0);
  const parts = [Buffer.of(0x81), int32(2145473648), Buffer.of(presence), int32(type), int32(2)];
  if (key) parts.push(sized(Buffer.from(key)));
  if (id) parts.push(sized(Buffer.from(id)));
  if (body) parts.push(sized(body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body))));
  if (ifMatch) parts.push(Buffer.of(20, 9), sized(Buffer.from(ifMatch)));
  if (more) parts.push(Buffer.of(20, 13 + 3), Buffer.from('own'), sized(Buffer.from(more)));
  if (minimal !== undefined) parts.push(Buffer.of(minimal ? 3 : 2, 12));
  return Buffer.concat(parts);
}

function streamOf(rows: readonly Buffer[]): Buffer {
  const segment = Buffer.concat([Buffer.of(0x81), int32(2147473648), Buffer.of(1), int32(10)]);
  const records = rows.map((row) =>
    Buffer.concat([Buffer.of(0x81), int32(2147473649), int32(row.length), int32(crc32(row)), row]),
  );
  return Buffer.concat([segment, ...records]);
}

interface Result {
  readonly status: number;
  readonly substatus?: number;
  readonly etag?: string;
  readonly body?: unknown;
  readonly charge?: number;
}

/** Reads the answer as the SDK does: a segment, then records of results. */
function resultsOf(bytes: Buffer): Result[] {
  expect(bytes.subarray(0, 10)).toEqual(streamOf([]));
  const results: Result[] = [];
  for (let at = 10; at < bytes.length;) {
    expect([bytes[at], bytes.readUInt32LE(at + 1)]).toEqual([0x81, 2147473649]);
    const row = bytes.subarray(at + 13, at + 13 + bytes.readInt32LE(at + 5));
    expect(bytes.readUInt32LE(at + 9)).toBe(crc32(row));
    at += 13 + row.length;
    expect([row[0], row.readInt32LE(1)]).toEqual([0x81, 2145473649]);
    const presence = row[5]!;
    let place = 14;
    const take = (): Buffer => {
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = row[place++]!;
        length |= (byte & 127) << shift;
        if (byte < 128) break;
      }
      return row.subarray(place, (place += length));
    };
    const etag = presence & 4 ? take().toString() : undefined;
    const body = presence & 8 ? (JSON.parse(take().toString()) as unknown) : undefined;
    let charge: number | undefined;
    if (place < row.length) {
      expect([row[place], row[place + 1]]).toEqual([16, 6]);
      charge = row.readDoubleLE(place + 2);
      expect(place + 10).toBe(row.length);
    }
    results.push({
      status: row.readInt32LE(6),
      ...(presence & 2 ? { substatus: row.readInt32LE(10) } : {}),
      ...(etag === undefined ? {} : { etag }),
      ...(body === undefined ? {} : { body }),
      ...(charge === undefined ? {} : { charge }),
    });
  }
  return results;
}

const batchHeaders = { 'x-ms-cosmos-is-batch-request': 'True' };
const atomic = { ...one, ...batchHeaders, 'x-ms-cosmos-batch-atomic': 'True' };
const [create, patch, read, remove, replace, upsert] = [0, 1, 2, 4, 5, 20];

describe('a batch in HybridRow', () => {
  it('does all six operations at once, and is answered alike', async () => {
    await container.items.create({ id: 'old', pk: 'one', n: 1 });
    await container.items.create({ id: 'gone', pk: 'one' });
    const rows: Operation[] = [
      { type: create, body: { id: 'new', pk: 'one' }, more: 'unknown' },
      { type: upsert, body: { id: 'up', pk: 'one', text: 'x'.repeat(300) }, minimal: false },
      { type: replace, id: 'old', body: { id: 'old', pk: 'one', n: 2 }, minimal: true },
      { type: patch, id: 'old', body: { operations: [{ op: 'incr', path: '/n', value: 5 }] } },
      { type: read, id: 'old' },
      { type: remove, id: 'gone' },
    ];
    const { status, bytes } = await send('POST', feed, streamOf(rows.map(rowOf)), atomic);
    expect(status).toBe(200);
    const results = resultsOf(bytes);
    expect(results.map((result) => result.status)).toEqual([201, 201, 200, 200, 200, 204]);
    expect(results[1]!.body).toMatchObject({ id: 'up' });
    expect(results[2]!.body).toBeUndefined();
    expect(results[4]!.body).toMatchObject({ id: 'old', n: 7 });
    const { resource } = await container.item('old', 'one').read<{ n: number; _etag: string }>();
    expect(resource).toMatchObject({ n: 7, _etag: results[4]!.etag });
    expect(results.every(({ charge }) => charge !== undefined && charge > 0)).toBe(true);
  });

  it('fails as one, with 424 for those that are innocent', async () => {
    const rows: Operation[] = [
      { type: create, body: { id: 'never', pk: 'one' } },
      { type: remove, id: 'old', ifMatch: '"00000000-0000-0000-0000-000000000000"' },
      { type: read, id: 'old' },
    ];
    const { status, bytes } = await send('POST', feed, streamOf(rows.map(rowOf)), atomic);
    expect(status).toBe(207);
    expect(resultsOf(bytes).map((result) => result.status)).toEqual([424, 412, 424]);
    expect((await container.item('never', 'one').read()).statusCode).toBe(404);
  });

  it('takes bodies in binary JSON, and more than one segment', async () => {
    const body = new BinaryEncoder(randomOf(seedOf())).encode({ id: 'binary', pk: 'one' });
    const stream = Buffer.concat([
      streamOf([rowOf({ type: create, body })]),
      streamOf([rowOf({ type: read, id: 'up' })]),
    ]);
    const { bytes } = await send('POST', feed, stream, atomic);
    expect(resultsOf(bytes).map(({ status }) => status)).toEqual([201, 200]);
  });

  it('fails by a body that is no JSON', async () => {
    const rows: Operation[] = [
      { type: read, id: 'up' },
      { type: create, body: Buffer.from('{') },
    ];
    const { status, bytes } = await send('POST', feed, streamOf(rows.map(rowOf)), atomic);
    expect([status, resultsOf(bytes).map((result) => result.status)]).toEqual([207, [424, 400]]);
  });

  it('brings each its own key in bulk', async () => {
    const rows: Operation[] = [
      { type: create, key: '["two"]', body: { id: 'a', pk: 'two' } },
      { type: read, key: '["one"]', id: 'nobody' },
      { type: upsert, key: '["three"]', body: { id: 'a', pk: 'three' } },
    ];
    const headers = {
      ...batchHeaders,
      'x-ms-cosmos-batch-atomic': 'False',
      'x-ms-documentdb-partitionkeyrangeid': '0',
    };
    const { status, bytes } = await send('POST', feed, streamOf(rows.map(rowOf)), headers);
    expect(status).toBe(207);
    expect(resultsOf(bytes).map((result) => result.status)).toEqual([201, 404, 201]);
  });

  const good = streamOf([rowOf({ type: read, id: 'up' })]);
  const changed = (at: number, byte: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[at] = byte;
    return bytes;
  };

  it.each([
    ['no segment', good.subarray(10)],
    ['no operations', good.subarray(0, 10)],
    ['a cut record', good.subarray(0, -1)],
    ['a wrong checksum', changed(good.length - 1, 0)],
    ['another schema', streamOf([Buffer.concat([Buffer.of(0x81), int32(5)])])],
    ['an unknown operation', streamOf([rowOf({ type: 3, id: 'up' })])],
    ['no body', streamOf([rowOf({ type: create })])],
    ['101 operations', streamOf(Array.from({ length: 101 }, () => rowOf({ type: read, id: 'up' })))],
    [
      'a sparse field of an unknown type',
      streamOf([Buffer.concat([rowOf({ type: read, id: 'up' }), Buffer.of(99, 13)])]),
    ],
    ['a length without end', streamOf([Buffer.concat([rowOf({ type: read, id: 'up' }), Buffer.alloc(9, 255)])])],
  ])('with %s is refused', async (_what, bytes) => {
    expect((await send('POST', feed, bytes, atomic)).status).toBe(400);
  });

  it('of any bytes is answered', async () => {
    const seed = seedOf();
    const random = randomOf(seed);
    for (let round = 0; round < 100 * testScale; round++) {
      const row = rowOf({ type: read, id: 'up', ifMatch: 'x', minimal: true });
      for (let change = 0; change < 2; change++) row[Math.floor(random() * row.length)] = Math.floor(random() * 256);
      const { status } = await send('POST', feed, streamOf([row]), atomic);
      expect([200, 207, 400], `seed ${seed}, round ${round}`).toContain(status);
    }
  });
});
