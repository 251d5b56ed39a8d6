// Entity group transactions to the letter: what each operation answers, and that whatever is wrong stores nothing.

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../core/engine.ts';
import { openEmbeddedLog } from '../../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../../core/storage/memory-store.ts';
import type { Account } from '../../../frontends/deployment.ts';
import { sentenceOf, tableErrorOf } from '../../../frontends/table/errors.ts';
import { commitBatch } from '../../../frontends/table/operations/commit-batch.ts';
import type { TablePrincipal } from '../../../frontends/table/principal.ts';
import type { TableRequest } from '../../../frontends/table/request.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { HybridClock } from '../../../model/hybrid-time.ts';
import { always } from '../../../model/predicate.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';
import { batchOf, boundary, changesetOf, partOf, readAnswer, type Answered, type Sent } from './batch-text.ts';
import { deploymentOf, keys, requestOf, rowOf } from './signed-request.ts';

let engine: Engine;
let table = '';
let tables = 0;

beforeAll(async () => {
  engine = await Engine.open({
    log: await openEmbeddedLog(new MemoryStore(), { account: 1, group: 0 }),
    clock: new HybridClock(() => Date.now()),
    region: { id: 1, name: 'here' },
    partitionsDefault: 2,
    pause: (milliseconds) => pause(milliseconds),
  });
});
afterAll(() => engine.close());

beforeEach(() => newTable());

async function newTable(): Promise<void> {
  table = `People${++tables}`;
  await engine.execute(
    {
      kind: 'create-container',
      database: 'tables',
      container: table,
      profile: 'table',
      partitionKey: { paths: ['/PartitionKey'], kind: 'Hash', version: 2 },
      createDatabase: true,
    },
    { account: 1 },
  );
}

/** Keys of the rows that are stored now. */
async function stored(of = table): Promise<string[]> {
  const page = await engine.execute(
    {
      kind: 'read-by-key',
      database: 'tables',
      container: of,
      predicate: always,
      itemsMax: 1000,
      bytesMax: 1 << 24,
    },
    { account: 1 },
  );
  return page.items.map(({ id }) => id);
}

interface Asking extends Partial<Omit<TableRequest, 'query'>> {
  readonly url?: string;
  readonly contentType?: string;
  readonly principal?: Partial<TablePrincipal>;
}

async function sendBody(body: string | Uint8Array, asking: Asking = {}): Promise<Answered> {
  const { contentType = `multipart/mixed; boundary=${boundary}`, principal, ...changes } = asking;
  const request = requestOf({
    url: '/devstoreaccount1/$batch',
    verb: 'POST',
    sentVerb: 'POST',
    row: rowOf('commit-batch', { verb: 'POST', target: 'batch', reads: false }),
    headers: { 'content-type': contentType },
    body: Buffer.from(body),
    serviceRoot: 'http://127.0.0.1:10002/devstoreaccount1',
    ...changes,
  });
  const account: Account = { number: 1, id: 'devstoreaccount1', keys, engine };
  const who = { account: 1, name: 'tester', access: 'full', grant: undefined, ...principal } as TablePrincipal;
  const answer = await commitBatch({
    request,
    principal: who,
    deployment: deploymentOf(),
    account,
    engine,
    context: { account: 1 },
  });
  return readAnswer(answer);
}

const send = (sent: readonly Sent[], asking: Asking = {}): Promise<Answered> =>
  sendBody(batchOf(changesetOf(sent.map(partOf))), asking);

/** The outline of an answer, or the status and the word of what refused the whole request. */
async function outlineOf(answered: Promise<Answered>): Promise<readonly string[]> {
  try {
    return (await answered).outline;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { status, word } = tableErrorOf(error);
    return [`${status} ${word} for all: ${sentenceOf(error)}`];
  }
}

const root = 'http://127.0.0.1:10002/devstoreaccount1';
const json = { 'Content-Type': 'application/json;odata=nometadata' };
const quiet = { ...json, Prefer: 'return-no-content' };

const insert = (rowKey: string, more: object = {}, headers: Record<string, string> = quiet): Sent => ({
  verb: 'POST',
  url: `${root}/${table}`,
  headers,
  body: JSON.stringify({ PartitionKey: 'p', RowKey: rowKey, ...more }),
});
const addressed = (rowKey: string, partitionKey = 'p'): string =>
  `${root}/${table}(PartitionKey='${partitionKey}',RowKey='${rowKey}')`;
const change = (verb: string, rowKey: string, more: object = {}, headers: Record<string, string> = {}): Sent => ({
  verb,
  url: addressed(rowKey),
  headers: { ...json, ...headers },
  body: JSON.stringify({ PartitionKey: 'p', RowKey: rowKey, ...more }),
});
const remove = (rowKey: string, ifMatch = '*'): Sent => ({
  verb: 'DELETE',
  url: addressed(rowKey),
  headers: { 'If-Match': ifMatch },
});

const invalid = 'InvalidInput';
const notValid = 'One of the request inputs is not valid.';

describe('a transaction', () => {
  it('does writes of every kind, in whatever form they come, and answers each', async () => {
    expect((await send(['1', '2', '3', '4'].map((row) => insert(row, { a: 1, b: 2 })))).outline).toEqual([
      '204',
      '204',
      '204',
      '204',
    ]);
    const { parts, outline } = await send([
      insert('new', { a: 1 }, json),
      change('PUT', '1', { a: 9 }, { 'If-Match': '*' }),
      change('MERGE', '2', { a: 9 }, { 'If-Match': '*' }),
      change('PATCH', '3', { a: 9 }),
      change('POST', '5', { a: 9 }, { 'X-HTTP-Method': 'MERGE' }),
      change('PUT', '6', { a: 9 }),
      remove('4'),
    ]);
    expect(outline).toEqual(['201', '204', '204', '204', '204', '204', '204']);
    for (const part of parts.slice(0, 6)) expect(part.headers.get('ETag')).toMatch(/^W\/"datetime'.*'"$/);
    expect(parts[6]!.headers.has('ETag')).toBe(false);
    expect(parts[0]!.headers.get('Location')).toBe(addressed('new'));
    expect(JSON.parse(parts[0]!.body)).toMatchObject({ PartitionKey: 'p', RowKey: 'new', a: 1 });
    expect(parts.slice(1).map(({ body }) => body)).toEqual(['', '', '', '', '', '']);
    expect(await stored()).toEqual(['1', '2', '3', '5', '6', 'new']);
  });

  it('tells each insert what that one asked for', async () => {
    const { parts } = await send([
      insert('1'),
      insert('2', {}, { ...json, Prefer: 'return-content' }),
      insert('3', {}, { ...json, 'Content-ID': '17' }),
    ]);
    expect(parts.map(({ status, headers }) => [status, headers.get('Preference-Applied')])).toEqual([
      [204, 'return-no-content'],
      [201, 'return-content'],
      [201, undefined],
    ]);
    expect(parts.map(({ headers }) => headers.get('Content-ID'))).toEqual([undefined, undefined, '17']);
  });

  it('takes 100 operations, and addresses that are relative or of the host style', async () => {
    const many = Array.from({ length: 100 }, (_, i) => insert(String(i)));
    expect((await send(many)).outline).toEqual(many.map(() => '204'));
    const urls = [
      `/devstoreaccount1/${table}`,
      `/${table}`,
      table,
      `https://other.example/devstoreaccount1/${table}()`,
    ];
    expect((await send(urls.map((url, i) => ({ ...insert(`r${i}`), url })))).outline).toEqual(urls.map(() => '204'));
    const host = { isPathStyle: false, serviceRoot: 'https://shop.table.core.windows.net', accountName: 'shop' };
    const hosts = [`https://shop.table.core.windows.net/${table}`, `https://SHOP.table.core.windows.net:443/${table}`];
    expect(
      (
        await send(
          hosts.map((url, i) => ({ ...insert(`h${i}`), url })),
          host,
        )
      ).outline,
    ).toEqual(['204', '204']);
    expect(await stored()).toHaveLength(106);
  });

  it('finds its table in whatever letters each operation names it', async () => {
    const upper = { ...insert('2'), url: `${root}/${table.toUpperCase()}` };
    expect((await send([insert('1'), upper])).outline).toEqual(['204', '204']);
  });

  it('is undone whole when one operation fails, which is named', async () => {
    await send([insert('taken', { a: 1 })]);
    const sent = [
      insert('1'),
      change('PUT', 'taken', { a: 2 }),
      insert('2', {}, { ...quiet, 'Content-ID': 'x' }),
      insert('3'),
    ];
    expect((await send([...sent.slice(0, 2), remove('none')])).outline).toEqual([
      '404 ResourceNotFound 2:The specified resource does not exist.',
    ]);
    await send([insert('2')]);
    const { answer, parts, outline } = await send(sent);
    expect(outline).toEqual(['409 EntityAlreadyExists 2:The specified entity already exists.']);
    expect(parts[0]!.headers.get('Content-ID')).toBe('x');
    expect(parts[0]!.body).toContain(`RequestId:${answer.requestId}\\nTime:`);
    expect(await stored()).toEqual(['2', 'taken']);
  });

  it('heeds the If-Match of each operation', async () => {
    const [first] = (await send([insert('1'), insert('2')])).parts;
    const etag = first!.headers.get('ETag')!;
    const old = `W/"datetime'2012-06-15T22%3A51%3A44.9662825Z'"`;
    const mismatch = 'UpdateConditionNotSatisfied 1:The update condition specified in the request was not satisfied.';
    for (const wrong of [
      change('PUT', '2', {}, { 'If-Match': old }),
      change('MERGE', '2', {}, { 'If-Match': old }),
      remove('2', old),
    ])
      expect((await send([remove('1', etag), wrong])).outline).toEqual([`412 ${mismatch}`]);
    expect(await stored()).toEqual(['1', '2']);
    expect((await send([remove('1', etag)])).outline).toEqual(['204']);
  });

  it('fails in the format that the failing operation asks for', async () => {
    const { parts } = await send([{ ...remove('1'), headers: { 'If-Match': '*', Accept: 'application/atom+xml' } }]);
    expect(parts[0]!.headers.get('Content-Type')).toBe('application/xml');
    expect(parts[0]!.error).toBe('ResourceNotFound 0:The specified resource does not exist.');
  });
});

describe('what is wrong with an operation', () => {
  const outlines: Readonly<Record<string, () => readonly [string, readonly Sent[]]>> = {
    'more than 100': () => [
      `400 ${invalid} 0:The batch request operation exceeds the maximum 100 changes per change set.`,
      Array.from({ length: 101 }, (_, i) => insert(String(i))),
    ],
    'another partition key': () => [
      '400 CommandsInBatchActOnDifferentPartitions 1:All commands in a batch must operate on same entity group.',
      [insert('1'), insert('2', { PartitionKey: 'q' }), insert('3')],
    ],
    'another table': () => [
      '400 CommandsInBatchActOnDifferentPartitions 2:All commands in a batch must operate on same entity group.',
      [insert('1'), insert('2'), { ...insert('3'), url: `${root}/${table}2` }],
    ],
    'a row twice': () => [
      '400 InvalidDuplicateRow 2:The batch request contains multiple changes with same row key. An entity can appear only once in a batch request.',
      [insert('1'), insert('2'), change('PUT', '1')],
    ],
    'no table of that name': () => [
      '404 TableNotFound 0:The table specified does not exist.',
      [{ ...insert('1'), url: `${root}/${table}0` }],
    ],
    'another account in the path': () => [
      `400 InvalidUri 1:The requested URI does not represent any resource on the server.`,
      [insert('1'), { ...insert('2'), url: `http://127.0.0.1:10002/other/${table}` }],
    ],
    'a query': () => [`400 ${invalid} 1:${notValid}`, [insert('1'), { verb: 'GET', url: addressed('1') }]],
    'a query alone': () => [`400 ${invalid} 0:${notValid}`, [{ verb: 'GET', url: `${root}/${table}()` }]],
    'a new table': () => [`400 ${invalid} 0:${notValid}`, [{ ...insert('1'), url: `${root}/Tables` }]],
    'a batch in it': () => [`400 ${invalid} 0:${notValid}`, [{ ...insert('1'), url: `${root}/$batch` }]],
    'access policies': () => [
      `400 ${invalid} 0:${notValid}`,
      [{ verb: 'PUT', url: `${root}/${table}?comp=acl`, body: '<x/>' }],
    ],
    'an unknown verb': () => [
      '405 UnsupportedHttpVerb 1:The resource does not support the specified HTTP verb.',
      [insert('1'), { ...insert('2'), verb: 'BREW' }],
    ],
    'no JSON': () => [`400 ${invalid} 1:`, [insert('1'), { ...insert('2'), body: '{"PartitionKey":' }]],
    'a key with a slash': () => [
      '400 OutOfRangeInput 1:One of the request inputs is out of range.',
      [insert('1'), insert('a/b')],
    ],
    'no row key': () => [
      '400 PropertiesNeedValue 1:The values are not specified for all properties in the entity.',
      [insert('1'), { ...insert('2'), body: '{"PartitionKey":"p"}' }],
    ],
    '253 properties': () => [
      '400 TooManyProperties 1:The entity contains more properties than allowed. Each entity can include up to 252 properties to store data. Each entity also has 3 system properties.',
      [insert('1'), insert('2', Object.fromEntries(Array.from({ length: 253 }, (_, i) => [`p${i}`, i])))],
    ],
    'a value of more than 64 KiB': () => [
      '400 PropertyValueTooLarge 1:The property value exceeds the maximum allowed size (64KB). If the property value is a string, it is UTF-16 encoded and the maximum number of characters should be 32K or less.',
      [insert('1'), insert('2', { a: 'x'.repeat(33_000) })],
    ],
    'a name of 256 characters': () => [
      '400 PropertyNameTooLong 1:The property name exceeds the maximum allowed length (255).',
      [insert('1'), insert('2', { ['n'.repeat(256)]: 1 })],
    ],
    'an entity of more than 1 MiB': () => [
      '400 EntityTooLarge 1:The entity is larger than the maximum allowed size (1MB).',
      [
        insert('1'),
        insert('2', Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, 'x'.repeat(32_000)]))),
      ],
    ],
  };

  it.each(Object.keys(outlines))('fails the transaction: %s', async (name) => {
    const [outline, sent] = outlines[name]!();
    expect((await outlineOf(send(sent)))[0]?.slice(0, outline.length)).toBe(outline);
    expect(await stored()).toEqual([]);
  });

  it('fails it by number also where the part is no request', async () => {
    const good = partOf(insert('1'));
    for (const bad of [
      good.replace('Content-Type: application/http\r\n', ''),
      good.replace('application/http', 'application/json'),
      good.replace(' HTTP/1.1', ''),
      good.replace('Accept:', 'Accept'),
      good.replace('Accept:', 'Content-Length: 3\r\nAccept:'),
      '',
    ]) {
      const outline = await outlineOf(sendBody(batchOf(changesetOf([partOf(insert('0')), bad, partOf(insert('2'))]))));
      expect([bad, outline]).toEqual([bad, [`400 ${invalid} 1:${notValid}`]]);
    }
    expect(await stored()).toEqual([]);
  });

  it('fails it where the host names another account', async () => {
    const host = { isPathStyle: false, serviceRoot: 'https://shop.table.core.windows.net', accountName: 'shop' };
    const url = `https://other.table.core.windows.net/${table}`;
    expect(await outlineOf(send([{ ...insert('1'), url }], host))).toEqual([`400 ${invalid} 0:${notValid}`]);
    expect(await stored()).toEqual([]);
  });
});

describe('what is no batch', () => {
  const whole = `400 ${invalid} for all: ${notValid}`;
  const one = (): string => changesetOf([partOf(insert('1'))]);
  const query = (): string => partOf({ verb: 'GET', url: `${root}/${table}()` });
  const bodies: Readonly<Record<string, () => string>> = {
    'an empty body': () => '',
    'an empty change set': () => batchOf(changesetOf([])),
    'two change sets': () => batchOf(one(), changesetOf([partOf(insert('2'))], 'set_2')),
    'a query beside a change set': () => batchOf(one(), query()),
    'a query before a change set': () => batchOf(query(), one()),
    'two queries': () => batchOf(query(), query()),
    'another boundary': () => batchOf(one()).replaceAll('--batch_1', '--batch_2'),
    'another boundary inside': () => batchOf(one().replaceAll('--set_1', '--set_2')),
    JSON: () => '{"PartitionKey":"p"}',
  };

  it.each(Object.keys(bodies))('refuses the request: %s', async (name) => {
    expect(await outlineOf(sendBody(bodies[name]!()))).toEqual([whole]);
    expect(await stored()).toEqual([]);
  });

  it('refuses change sets in change sets, and writes outside of them', async () => {
    expect(await outlineOf(sendBody(batchOf(changesetOf([changesetOf([partOf(insert('1'))], 'set_2')]))))).toEqual([
      `400 ${invalid} 0:${notValid}`,
    ]);
    expect(await outlineOf(sendBody(batchOf(partOf(insert('1')))))).toEqual([`400 ${invalid} 0:${notValid}`]);
    expect(await stored()).toEqual([]);
  });

  it('refuses a wrong type, a missing boundary, and a place to go on from', async () => {
    for (const contentType of ['application/json', 'multipart/mixed', 'multipart/mixed; boundary=x'])
      expect(await outlineOf(sendBody(batchOf(one()), { contentType }))).toEqual([whole]);
    const url = '/devstoreaccount1/$batch?NextPartitionKey=1!4!cA--';
    expect(await outlineOf(sendBody(batchOf(one()), { url }))).toEqual([
      '400 InvalidQueryParameterValue for all: Value for one of the query parameters specified in the request URI is invalid.',
    ]);
    expect(await stored()).toEqual([]);
  });

  it('refuses more than 4 MiB, and takes what is just below', async () => {
    const large = (): Sent[] =>
      Array.from({ length: 43 }, (_, i) => insert(String(i), { a: 'é'.repeat(24_000), b: 'é'.repeat(24_000) }));
    expect(await outlineOf(send(large()))).toEqual(large().map(() => '204'));
    await newTable();
    expect(
      (await outlineOf(send([...large(), insert('last', { a: 'é'.repeat(32_000), b: 'x'.repeat(32_000) })])))[0],
    ).toMatch(/^413 RequestBodyTooLarge for all/);
    expect(await stored()).toEqual([]);
  });

  it('stores nothing of a body that is cut off', async () => {
    const body = Buffer.from(batchOf(changesetOf([partOf(insert('1')), partOf(insert('2'))])));
    const end = body.indexOf('--batch_1--');
    for (let length = 0; length < end; length += 7)
      expect((await outlineOf(sendBody(body.subarray(0, length))))[0]).toMatch(/ for all: /);
    expect(await stored()).toEqual([]);
  });
});

describe('what credentials open', () => {
  const all = ['read', 'add', 'update', 'delete'] as const;
  const grant = (permissions: readonly string[], more: object = {}): Partial<TablePrincipal> => ({
    grant: {
      permissions: new Set(permissions),
      levels: new Set(['object']),
      table: table.toLowerCase(),
      from: undefined,
      to: undefined,
      ...more,
    } as TablePrincipal['grant'],
  });

  it('is asked for each operation', async () => {
    expect((await send([insert('1'), insert('2')], { principal: grant(['add']) })).outline).toEqual(['204', '204']);
    for (const [sent, permissions] of [
      [insert('3'), ['read', 'update', 'delete']],
      [change('PUT', '1', {}, { 'If-Match': '*' }), ['read', 'add', 'delete']],
      [change('MERGE', '1'), ['update']],
      [change('MERGE', '1'), ['add']],
      [remove('1'), ['read', 'add', 'update']],
    ] as const) {
      const first = insert(`first ${permissions.join()}`);
      const outline = await outlineOf(send([first, sent], { principal: grant(permissions) }));
      const index = (permissions as readonly string[]).includes('add') ? 1 : 0;
      expect(outline[0]).toMatch(new RegExp(`^403 Authorization\\w+ ${index}:`));
    }
    expect(await stored()).toEqual(['1', '2']);
  });

  it('is asked for each key and each table', async () => {
    const to = { partitionKey: 'p', rowKey: '5' };
    expect((await outlineOf(send([insert('5'), insert('6')], { principal: grant(all, { to }) })))[0]).toMatch(
      /^403 AuthorizationFailure 1:/,
    );
    expect((await outlineOf(send([insert('1')], { principal: grant(all, { table: 'other' }) })))[0]).toMatch(/^403 /);
    expect(await stored()).toEqual([]);
  });

  it('is not enough when it only reads', async () => {
    expect((await outlineOf(send([insert('1')], { principal: { access: 'read-only' } })))[0]).toMatch(/^403 \w+ 0:/);
    expect((await outlineOf(send([insert('1')], { isSecondary: true })))[0]).toMatch(/^403 \w+ 0:/);
    expect(await stored()).toEqual([]);
  });
});

describe('a query in a batch', () => {
  const ask = (url: string): Promise<readonly string[]> => outlineOf(sendBody(batchOf(partOf({ verb: 'GET', url }))));

  it('is answered alone: one entity, or a page', async () => {
    await send([insert('1', { a: 1 }), insert('2', { a: 2 })]);
    const one = await sendBody(batchOf(partOf({ verb: 'GET', url: addressed('2') })));
    expect(one.outline).toEqual(['200']);
    expect(JSON.parse(one.parts[0]!.body)).toMatchObject({ RowKey: '2', a: 2 });
    const page = await sendBody(batchOf(partOf({ verb: 'GET', url: `${root}/${table}()?$filter=a%20gt%200&$top=1` })));
    expect((JSON.parse(page.parts[0]!.body) as { value: unknown[] }).value).toHaveLength(1);
    expect(page.parts[0]!.headers.get('x-ms-continuation-NextRowKey')).toBeDefined();
  });

  it('fails alone', async () => {
    expect(await ask(addressed('none'))).toEqual(['404 ResourceNotFound 0:The specified resource does not exist.']);
    expect((await ask(`${root}/${table}()?$filter=a%20of`))[0]).toMatch(/^400 InvalidInput 0:/);
    for (const url of [`${root}/Tables`, `${root}/${table}?comp=acl`, `${root}/$metadata`])
      expect([url, await ask(url)]).toEqual([url, [`400 ${invalid} 0:${notValid}`]]);
  });
});

describe('Azure Cosmos DB', () => {
  const cosmos = { flavour: 'cosmos' } as const;

  it('refuses rows that stand twice before it begins, and blames the first operation for keys that differ', async () => {
    expect((await outlineOf(send([insert('1'), insert('1')], cosmos)))[0]).toMatch(
      /^400 InvalidDuplicateRow for all: The /,
    );
    expect((await outlineOf(send([insert('1'), insert('2', { PartitionKey: 'q' })], cosmos)))[0]).toMatch(
      /^400 CommandsInBatchActOnDifferentPartitions 0:/,
    );
    expect(await stored()).toEqual([]);
  });
});

describe('random changes to a batch', () => {
  it('give an answer or a refusal, and store all of it or nothing', async () => {
    const random = randomOf(seedOf());
    const below = (limit: number): number => Math.floor(random() * limit);
    let committed = 0;
    let refused = 0;
    for (let round = 0; round < 400 * testScale; round++) {
      if (round % 50 === 0) await newTable();
      const before = await stored();
      const rows = [0, 1, 2].map((i) => `${round}-${i}`);
      let bytes = Buffer.from(batchOf(changesetOf(rows.map((row) => partOf(insert(row, { a: 1 }))))));
      for (let changes = 1 + below(3); changes > 0; changes--) {
        const at = below(bytes.length);
        if (random() < 0.5) bytes[at] = below(256);
        else if (random() < 0.5) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(30))]);
        else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(bytes.length))]);
      }
      const outline = await outlineOf(sendBody(bytes));
      const isDone = outline.every((one) => one.startsWith('20'));
      if (isDone) committed++;
      else refused++;
      expect((await stored()).length - before.length).toBe(isDone ? outline.length : 0);
    }
    expect(committed).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});
