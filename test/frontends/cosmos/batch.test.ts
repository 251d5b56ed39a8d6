// Batches and bulk requests to the letter: which operations fail and with what, what is left of the others, and what an
// answer says of each.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
let count = 0;

beforeAll(async () => {
  server = await start({ partitions: 3 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

async function container(more: object = {}): Promise<string> {
  const id = `c${++count}`;
  const body = { id, partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 }, ...more };
  expect((await ask(server, { verb: 'POST', path: '/dbs/d/colls', body })).status).toBe(201);
  return `/dbs/d/colls/${id}/docs`;
}

interface Outcome {
  readonly statusCode: number;
  readonly subStatusCode?: number;
  readonly requestCharge: number;
  readonly eTag?: string;
  readonly resourceBody?: { readonly id: string; readonly [name: string]: unknown };
}

interface Batched {
  readonly answer: Answered;
  readonly outcomes: readonly Outcome[];
  readonly codes: readonly number[];
}

async function batch(path: string, operations: unknown, headers: Record<string, string>): Promise<Batched> {
  const answer = await ask(server, {
    verb: 'POST',
    path,
    headers: { 'x-ms-cosmos-is-batch-request': 'True', ...headers },
    body: operations as object,
  });
  const outcomes = Array.isArray(answer.json) ? (answer.json as readonly Outcome[]) : [];
  return { answer, outcomes, codes: outcomes.map(({ statusCode }) => statusCode) };
}

const atomic = (path: string, operations: unknown, more: Record<string, string> = {}): Promise<Batched> =>
  batch(path, operations, { 'x-ms-cosmos-batch-atomic': 'True', ...partitionKey('a'), ...more });

const bulk = (path: string, operations: unknown, more: Record<string, string> = {}): Promise<Batched> =>
  batch(path, operations, { 'x-ms-cosmos-batch-atomic': 'False', 'x-ms-documentdb-partitionkeyrangeid': '0', ...more });

const create = (path: string, item: object): Promise<Answered> =>
  ask(server, { verb: 'POST', path, headers: partitionKey('a'), body: item });

const read = (path: string, id: string): Promise<Answered> =>
  ask(server, { path: `${path}/${id}`, headers: partitionKey('a') });

const idsOf = async (path: string): Promise<string[]> =>
  ((await ask(server, { path })).json['Documents'] as readonly { readonly id: string }[]).map(({ id }) => id).sort();

describe('an atomic batch', () => {
  it('tells of every operation its status, charge, ETag and item, in order', async () => {
    const path = await container();
    await create(path, { id: 'there', pk: 'a', n: 1 });
    const { answer, outcomes, codes } = await atomic(path, [
      { operationType: 'Create', resourceBody: { id: 'new', pk: 'a' } },
      { operationType: 'Patch', id: 'there', resourceBody: { operations: [{ op: 'incr', path: '/n', value: 1 }] } },
      { operationType: 'Read', id: 'there' },
      { operationType: 'Replace', id: 'new', resourceBody: { id: 'new', pk: 'a', n: 1 } },
      { operationType: 'Upsert', resourceBody: { id: 'more', pk: 'a' } },
      { operationType: 'Upsert', resourceBody: { id: 'more', pk: 'a', n: 2 } },
      { operationType: 'Delete', id: 'new' },
    ]);
    expect(answer.status).toBe(200);
    expect(codes).toEqual([201, 200, 200, 200, 201, 200, 204]);
    expect(outcomes[2]!.resourceBody).toMatchObject({ id: 'there', n: 2, _etag: outcomes[1]!.eTag });
    expect(outcomes.map(({ resourceBody }) => resourceBody?.id)).toEqual([
      'new',
      'there',
      'there',
      'new',
      'more',
      'more',
      undefined,
    ]);
    for (const { requestCharge } of outcomes) expect(requestCharge).toBeGreaterThan(0);
    const sum = outcomes.reduce((total, { requestCharge }) => total + requestCharge, 0);
    expect(Number(answer.headers.get('x-ms-request-charge'))).toBeCloseTo(sum, 5);
    expect(answer.headers.get('x-ms-item-count')).toBe('7');
    expect((await read(path, 'more')).headers.get('etag')).toBe(outcomes[5]!.eTag);
    expect(await idsOf(path)).toEqual(['more', 'there']);
  });

  it('leaves bodies out when none are wanted, but for what was read', async () => {
    const path = await container();
    const { outcomes } = await atomic(
      path,
      [
        { operationType: 'Create', resourceBody: { id: 'new', pk: 'a' } },
        { operationType: 'Read', id: 'new' },
      ],
      { prefer: 'return=minimal' },
    );
    expect(outcomes.map(({ resourceBody }) => resourceBody?.id)).toEqual([undefined, 'new']);
    expect(outcomes[0]!.eTag).toMatch(/^"/);
  });

  it.each([
    ['a create of what exists', { operationType: 'Create', resourceBody: { id: 'there', pk: 'a' } }, 409],
    ['a create in another partition', { operationType: 'Create', resourceBody: { id: 'x', pk: 'b' } }, 400],
    ['an item without id', { operationType: 'Create', resourceBody: { pk: 'a' } }, 400],
    ['an id that is too long', { operationType: 'Upsert', resourceBody: { id: 'x'.repeat(1024), pk: 'a' } }, 400],
    ['a replace of nothing', { operationType: 'Replace', id: 'x', resourceBody: { id: 'x', pk: 'a' } }, 404],
    ['a delete of nothing', { operationType: 'Delete', id: 'x' }, 404],
    ['a read of nothing', { operationType: 'Read', id: 'x' }, 404],
    [
      'a patch of nothing',
      { operationType: 'Patch', id: 'x', resourceBody: { operations: [{ op: 'set', path: '/a', value: 1 }] } },
      404,
    ],
    ['a patch that is none', { operationType: 'Patch', id: 'there', resourceBody: { operations: [] } }, 400],
    [
      'a patch that cannot be applied',
      { operationType: 'Patch', id: 'there', resourceBody: { operations: [{ op: 'remove', path: '/none' }] } },
      400,
    ],
    [
      'a patch of the partition key',
      { operationType: 'Patch', id: 'there', resourceBody: { operations: [{ op: 'set', path: '/pk', value: 'b' }] } },
      400,
    ],
    [
      'a patch whose condition does not hold',
      {
        operationType: 'Patch',
        id: 'there',
        resourceBody: { condition: 'from c where c.n = 2', operations: [{ op: 'set', path: '/a', value: 1 }] },
      },
      412,
    ],
    [
      'a replace of another version',
      {
        operationType: 'Replace',
        id: 'there',
        ifMatch: '"00000000-0000-0000-0000-000000000001"',
        resourceBody: { id: 'there', pk: 'a' },
      },
      412,
    ],
    [
      'a delete of another version',
      { operationType: 'Delete', id: 'there', ifMatch: '"00000000-0000-0000-0000-000000000001"' },
      412,
    ],
    [
      'a patch of another version',
      {
        operationType: 'Patch',
        id: 'there',
        ifMatch: '"00000000-0000-0000-0000-000000000001"',
        resourceBody: { operations: [{ op: 'set', path: '/a', value: 1 }] },
      },
      412,
    ],
    [
      'an upsert over what must not exist',
      { operationType: 'Upsert', ifNoneMatch: '*', resourceBody: { id: 'there', pk: 'a' } },
      412,
    ],
    ['a value that must be unique', { operationType: 'Create', resourceBody: { id: 'y', pk: 'a', unique: 1 } }, 409],
    [
      'one that an operation before it took',
      { operationType: 'Create', resourceBody: { id: 'y', pk: 'a', unique: 2 } },
      409,
    ],
  ])('with %s leaves nothing, and says so of the others', async (_what, operation, status) => {
    const path = await container({ uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/unique'] }] } });
    await create(path, { id: 'there', pk: 'a', n: 1, unique: 1 });
    const before = (await read(path, 'there')).json;
    const { answer, codes } = await atomic(path, [
      { operationType: 'Create', resourceBody: { id: 'first', pk: 'a', unique: 2 } },
      operation,
      { operationType: 'Upsert', resourceBody: { id: 'last', pk: 'a', unique: 3 } },
    ]);
    expect(answer.status).toBe(207);
    expect(codes).toEqual([424, status, 424]);
    expect(await idsOf(path)).toEqual(['there']);
    expect((await read(path, 'there')).json).toEqual(before);
  });

  it('names the first failure, whatever follows it', async () => {
    const path = await container();
    const { codes } = await atomic(path, [
      { operationType: 'Delete', id: 'none' },
      { operationType: 'Create', resourceBody: { pk: 'a' } },
    ]);
    expect(codes).toEqual([404, 424]);
  });

  it('moves a unique value from one item to another', async () => {
    const path = await container({ uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/unique'] }] } });
    await create(path, { id: 'old', pk: 'a', unique: 1 });
    const { codes } = await atomic(path, [
      { operationType: 'Delete', id: 'old' },
      { operationType: 'Create', resourceBody: { id: 'new', pk: 'a', unique: 1 } },
    ]);
    expect(codes).toEqual([204, 201]);
  });

  it('honours conditions that hold, also on what the batch itself wrote', async () => {
    const path = await container();
    const { headers } = await create(path, { id: 'v', pk: 'a', n: 1 });
    const first = { operations: [{ op: 'set', path: '/n', value: 2 }], condition: 'from c where c.n = 1' };
    const second = { operations: [{ op: 'set', path: '/n', value: 3 }], condition: 'from c where c.n = 2' };
    const { codes } = await atomic(path, [
      { operationType: 'Patch', id: 'v', ifMatch: headers.get('etag'), resourceBody: first },
      { operationType: 'Patch', id: 'v', resourceBody: second },
      { operationType: 'Upsert', ifNoneMatch: '*', resourceBody: { id: 'w', pk: 'a' } },
      { operationType: 'Delete', id: 'v', ifMatch: '*' },
    ]);
    expect(codes).toEqual([200, 200, 201, 204]);
  });

  it('answers a read of the version that the client has with 304', async () => {
    const path = await container();
    const { headers } = await create(path, { id: 'v', pk: 'a' });
    const { codes, outcomes } = await atomic(path, [
      { operationType: 'Read', id: 'v', ifNoneMatch: headers.get('etag') },
      { operationType: 'Read', id: 'v', ifNoneMatch: '"00000000-0000-0000-0000-000000000001"' },
    ]);
    expect(codes).toEqual([304, 200]);
    expect(outcomes[0]!.resourceBody).toBeUndefined();
  });

  it('is refused without its key, with half a key, and beyond its limits', async () => {
    const path = await container();
    const one = { operationType: 'Upsert', resourceBody: { id: '1', pk: 'a' } };
    const noKey = await batch(path, [one], { 'x-ms-cosmos-batch-atomic': 'True' });
    expect(noKey.answer.status).toBe(400);
    const many = Array.from({ length: 101 }, (_, i) => ({ ...one, resourceBody: { id: String(i), pk: 'a' } }));
    const refused = await atomic(path, many);
    expect(refused.answer.status).toBe(400);
    expect(refused.answer.json.message).toContain('Batch request has more operations than what is supported.');
    const large = { ...one, resourceBody: { id: '1', pk: 'a', text: 'x'.repeat(2.2 * 1024 * 1024) } };
    const { answer } = await atomic(path, [large]);
    expect([answer.status, answer.json.code]).toEqual([413, 'RequestEntityTooLarge']);
    expect((await atomic(path, many.slice(1))).codes).toEqual(many.slice(1).map(() => 201));
  });

  it('of reads alone writes nothing', async () => {
    const path = await container();
    await create(path, { id: 'v', pk: 'a' });
    const lsn = (await read(path, 'v')).headers.get('lsn');
    const { answer } = await atomic(path, [{ operationType: 'Read', id: 'v' }]);
    expect(answer.headers.get('lsn')).toBe(lsn);
  });
});

describe('a bulk request', () => {
  const key = (value: unknown): { readonly partitionKey: string } => ({ partitionKey: JSON.stringify([value]) });
  const upsert = (id: string, pk: string): object => ({
    operationType: 'Upsert',
    ...key(pk),
    resourceBody: { id, pk },
  });

  it('lets each operation stand alone, over all partitions', async () => {
    const path = await container();
    const { answer, codes } = await bulk(path, [
      upsert('1', 'a'),
      { operationType: 'Create', ...key('a'), resourceBody: { pk: 'a' } },
      { operationType: 'Patch', ...key('a'), id: '1', resourceBody: { operations: [{ op: 'fly', path: '/a' }] } },
      { operationType: 'Create', ...key('b'), resourceBody: { id: '1', pk: 'a' } },
      { operationType: 'Read', ...key('none'), id: '1' },
      { operationType: 'Delete', ...key('a'), id: '1', ifMatch: '"00000000-0000-0000-0000-000000000001"' },
      upsert('2', 'zz'),
    ]);
    expect(answer.status).toBe(207);
    expect(codes).toEqual([201, 400, 400, 400, 404, 412, 201]);
    expect(await idsOf(path)).toEqual(['1', '2']);
  });

  it('stops at a failure when it is asked to', async () => {
    const path = await container();
    const operations = [upsert('1', 'a'), { operationType: 'Delete', ...key('a'), id: 'none' }, upsert('2', 'a')];
    const { codes } = await bulk(path, operations, { 'x-ms-cosmos-batch-continue-on-error': 'False' });
    expect(codes).toEqual([201, 404, 424]);
    expect(await idsOf(path)).toEqual(['1']);
  });

  it('succeeds with 200 when all do', async () => {
    const path = await container();
    expect((await bulk(path, [upsert('1', 'a'), upsert('2', 'b')])).answer.status).toBe(200);
  });

  it.each([
    ['no key', { operationType: 'Delete', id: '1' }],
    ['a key that is no JSON', { operationType: 'Delete', id: '1', partitionKey: 'a' }],
    ['an operation that is none', { operationType: 'Sing', partitionKey: '["a"]' }],
  ])('with %s is refused whole', async (_what, operation) => {
    const path = await container();
    expect((await bulk(path, [upsert('1', 'a'), operation])).answer.status).toBe(400);
    expect(await idsOf(path)).toEqual([]);
  });
});

describe('a patch where items expire', () => {
  it('sets the time to live, and refuses one that is none', async () => {
    const path = await container({ defaultTtl: 100 });
    await create(path, { id: 'v', pk: 'a' });
    const patch = (value: unknown): Promise<Answered> =>
      ask(server, {
        verb: 'PATCH',
        path: `${path}/v`,
        headers: { ...partitionKey('a'), 'content-type': 'application/json-patch+json' },
        body: { operations: [{ op: 'set', path: '/ttl', value }] },
      });
    expect((await patch(7)).json).toMatchObject({ ttl: 7 });
    expect((await patch(0)).status).toBe(400);
    expect((await patch('7')).status).toBe(400);
    expect((await patch(-1)).status).toBe(200);
  });
});
