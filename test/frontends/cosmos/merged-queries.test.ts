// What @azure/cosmos merges by our plans from five partitions is what one partition answers by itself: random queries
// of every shape that plans have, from a printed seed, in pages of random sizes.
//
// Values are such that the SDK's own merging says nothing wrong of them: it drops results that are false, 0, '' or
// null from DISTINCT, takes objects of MAKESET for different, forgets that a SUM was spoilt, and refuses to merge by keys
// of several types or none, and takes a first empty page of distances for the last.

import { CosmosClient, type Container } from '@azure/cosmos';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomOf, seedOf, testScale } from '../../random.ts';
import { ask } from './request.ts';
import { keys, start, type Started } from './start.ts';

const seed = seedOf();
const random = randomOf(seed);
const below = (count: number): number => Math.floor(random() * count);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;

const itemCount = 160;
const queryCount = 180 * testScale;

/** Pages of one query: more than it can have rows, and several empty ones. */
const pagesMax = 2_000;

let five: Started;
let one: Started;
let client: CosmosClient;
let merged: Container;

interface Item {
  readonly id: string;
  readonly [name: string]: unknown;
}

function itemAt(i: number): Item {
  const maybe = (name: string, value: unknown): object => (random() < 0.8 ? { [name]: value } : {});
  return {
    id: `i${i}`,
    pk: `p${below(40)}`,
    u: i + 1,
    b: 1 + below(9),
    h: `h${below(7)}`,
    ...maybe('a', 1 + below(15)),
    ...maybe('g', `g${below(6)}`),
    ...maybe('s', oneOf(['ant', 'Bee', 'cow', 'dög', 'emu'])),
    ...maybe('m', oneOf([1, 2.5, -3, 'x', 'y', true])),
    ...maybe(
      'tags',
      Array.from({ length: below(4) }, () => `t${1 + below(5)}`),
    ),
    o: { x: 1 + below(4), y: `y${below(3)}` },
    v: [i + 1, 1],
  };
}

beforeAll(async () => {
  five = await start({ partitions: 5 });
  one = await start();
  const items = Array.from({ length: itemCount }, (_, i) => itemAt(i));
  for (const server of [five, one]) {
    const each = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
    const { database } = await each.databases.create({ id: 'd' });
    const { container } = await database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } });
    await Promise.all(items.map((item) => container.items.create(item)));
    if (server === five) [client, merged] = [each, container];
    else each.dispose();
  }
}, 60_000);

afterAll(async () => {
  expect([...five.faults, ...one.faults]).toEqual([]);
  client.dispose();
  await five.stop();
  await one.stop();
});

/** How far two results may differ: not at all, in the order of rows, or in which of all possible rows they hold. */
type Compared = 'sequence' | 'rows' | 'count';

interface Sample {
  readonly query: string;
  readonly compared: Compared;
}

const where = (): string =>
  oneOf([
    '',
    '',
    ' WHERE c.a > 4',
    ' WHERE c.pk IN ("p1", "p2", "p7", "p9")',
    ' WHERE c.pk = "p3" OR c.pk = "p8" AND c.a > 2',
    ' WHERE c.pk = @pk',
    ' WHERE IS_DEFINED(c.g) AND c.s != "cow"',
    ' WHERE ARRAY_CONTAINS(c.tags, "t2")',
    ' WHERE c.u < 0',
    ' WHERE c.u < 0 AND false',
  ]);
const aggregate = (): string =>
  oneOf([
    ...['COUNT(1)', 'COUNT(c.a)', 'SUM(c.a)', 'AVG(c.a)', 'MIN(c.s)', 'MAX(c.u)', 'MAX(c.m)'],
    ...['COUNTIF(c.a > 5)', 'MAKELIST(c.a)', 'MAKESET(c.s)', 'SUM(c.o.x * 2)'],
  ]);
const key = (): string => oneOf(['c.g', 'c.o.y', 'c.s', 'UPPER(c.s)', 'c.o.x']);
const direction = (): string => oneOf(['', ' ASC', ' DESC']);
const cut = (): string => oneOf(['', '', ` OFFSET ${below(9)} LIMIT ${1 + below(20)}`, ' OFFSET @n LIMIT @m']);
const top = (): string => oneOf(['', '', `TOP ${1 + below(12)} `, 'TOP @m ']);

/** TOP and OFFSET exclude each other. */
function counted(): { readonly top: string; readonly cut: string } {
  return random() < 0.5 ? { top: top(), cut: '' } : { top: '', cut: cut() };
}

const shapes: readonly (() => Sample)[] = [
  () => ({ query: `SELECT * FROM c${where()}`, compared: 'rows' }),
  () => ({ query: `SELECT c.id, t FROM c JOIN t IN c.tags${where()}`, compared: 'rows' }),
  () => ({ query: `SELECT VALUE c.a FROM c${where()}`, compared: 'rows' }),
  () => ({ query: `SELECT VALUE ${aggregate()} FROM c${where()}`, compared: 'rows' }),
  () => ({ query: `SELECT ${aggregate()}, ${aggregate()} AS y, ${aggregate()} FROM c${where()}`, compared: 'rows' }),
  () => ({ query: `SELECT VALUE COUNT(t) FROM c JOIN t IN c.tags${where()}`, compared: 'rows' }),
  () => ({ query: `SELECT SUM(s.x) AS x, COUNT(1) AS n FROM (SELECT c.a AS x FROM c${where()}) s`, compared: 'rows' }),
  () => {
    const by = key();
    return {
      query: `SELECT ${by} AS k, ${aggregate()} AS x, ${aggregate()} FROM c${where()} GROUP BY ${by}`,
      compared: 'rows',
    };
  },
  // No condition: client 4.9.3 takes a range without rows, if it is not the last, for the end of such a query, and then
  // neither goes on nor says that it is done (GroupByValueEndpointComponent).
  () => ({ query: `SELECT VALUE ${aggregate()} FROM c GROUP BY ${key()}`, compared: 'rows' }),
  () => ({ query: 'SELECT VALUE c.g FROM c GROUP BY c.g, c.o.x', compared: 'rows' }),
  () => ({ query: `SELECT DISTINCT c.g, COUNT(1) AS n FROM c${where()} GROUP BY c.g, c.o.x`, compared: 'rows' }),
  () => {
    const by = direction();
    return {
      query: `SELECT c.h, ${aggregate()} AS x FROM c${where()} GROUP BY c.h ORDER BY c.h${by}${cut()}`,
      compared: 'sequence',
    };
  },
  () => ({ query: `SELECT c.o.x FROM c${where()} GROUP BY c.o.x ${cut()}`, compared: 'count' }),
  () => ({ query: `SELECT DISTINCT VALUE ${oneOf(['c.a', 'c.g', 'c.o', 'c.s'])} FROM c${where()}`, compared: 'rows' }),
  () => ({ query: `SELECT DISTINCT c.g, c.o.x FROM c${where()}`, compared: 'rows' }),
  () => {
    const { top: first, cut: last } = counted();
    return {
      query: `SELECT DISTINCT ${first}VALUE c.b FROM c${where()} ORDER BY c.b${direction()}${last}`,
      compared: 'sequence',
    };
  },
  () => ({ query: `SELECT DISTINCT VALUE c.g FROM c${where()} ORDER BY c.b${direction()}`, compared: 'rows' }),
  () => ({ query: `SELECT DISTINCT ${top()}c.a FROM c${where()}`, compared: 'count' }),
  () => {
    const { top: first, cut: last } = counted();
    const what = oneOf(['*', 'c.id, c.a AS x, LOWER(c.s)', 'VALUE c.u', 'VALUE {"k": c.g, "l": [c.u]}', 'VALUE c.a']);
    const by = oneOf(['c.u', 'c.b DESC, c.u', 'c.h, c.u DESC', 'c["b"] DESC, c.h, c.u', 'c.o.y, c.h DESC, c.u']);
    return { query: `SELECT ${first}${what} FROM c${where()} ORDER BY ${by}${last}`, compared: 'sequence' };
  },
  () => ({
    query: `SELECT VALUE c.m FROM c WHERE IS_${oneOf(['NUMBER', 'STRING'])}(c.m) ORDER BY c.m${direction()}`,
    compared: 'sequence',
  }),
  () => ({ query: `SELECT t FROM c JOIN t IN c.tags${where()} ORDER BY c.u`, compared: 'rows' }),
  () => ({ query: `SELECT ${top()}c.id FROM c${where()}`, compared: 'count' }),
  () => ({ query: `SELECT c.id FROM c${where()}${cut()}`, compared: 'count' }),
  () => ({
    query: `SELECT TOP ${1 + below(30)} c.id FROM c ORDER BY VectorDistance(c.v, [1, 0.5], true, {distanceFunction: "euclidean"})`,
    compared: 'sequence',
  }),
  // What no client merges, the server does.
  () => ({ query: `SELECT VALUE COUNT(1) FROM (SELECT DISTINCT c.g, c.o.x FROM c${where()})`, compared: 'rows' }),
  () => ({
    query: `SELECT AVG(s.n) AS mean FROM (SELECT c.g, COUNT(1) AS n FROM c${where()} GROUP BY c.g) s`,
    compared: 'rows',
  }),
  () => ({
    query: `SELECT VALUE s.u FROM (SELECT TOP 9 * FROM c${where()} ORDER BY c.u DESC) s`,
    compared: 'sequence',
  }),
  () => ({ query: 'SELECT VALUE {"one": 1 + 1}', compared: 'rows' }),
];

async function mergedRows(query: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  const pages = merged.items.query(
    { query, parameters: parameters() },
    { maxItemCount: oneOf([5, 25, 200]), maxDegreeOfParallelism: oneOf([1, 3, 10]) },
  );
  for (let page = 0; pages.hasMoreResults(); page++) {
    if (page > pagesMax) throw new Error('the pages do not end');
    rows.push(...(((await pages.fetchNext()).resources as unknown[] | undefined) ?? []));
  }
  return rows;
}

function parameters(): { name: string; value: string | number }[] {
  return [
    { name: '@pk', value: 'p5' },
    { name: '@n', value: 3 },
    { name: '@m', value: 6 },
  ];
}

/** All pages of the one partition, which needs no plan. */
async function directRows(query: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  let continuation = '';
  do {
    const answer = await ask(one, {
      verb: 'POST',
      path: '/dbs/d/colls/c/docs',
      headers: {
        'content-type': 'application/query+json',
        'x-ms-documentdb-isquery': 'True',
        'x-ms-documentdb-partitionkeyrangeid': '0',
        'x-ms-max-item-count': '-1',
        ...(continuation === '' ? {} : { 'x-ms-continuation': continuation }),
      },
      body: { query, parameters: parameters() },
    });
    expect(answer.status, `${query}: ${answer.text}`).toBe(200);
    rows.push(...(answer.json['Documents'] as unknown[]));
    continuation = answer.headers.get('x-ms-continuation') ?? '';
  } while (continuation !== '');
  return rows;
}

/** System properties differ between servers, and lists of aggregates come in any order. */
function comparable(rows: readonly unknown[]): string[] {
  return rows.map((row) =>
    JSON.stringify(row, (name, value: unknown) => {
      if (name.startsWith('_')) return undefined;
      const isList = Array.isArray(value) && name !== 'v' && name !== 'tags' && name !== 'l';
      if (isList) return value.map((element) => JSON.stringify(element)).sort();
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    }),
  );
}

test(
  'five merged partitions answer as one',
  async () => {
    let nonEmpty = 0;
    for (let round = 0; round < queryCount; round++) {
      const { query, compared } = round < shapes.length ? shapes[round]!() : oneOf(shapes)();
      const context = `seed ${seed} round ${round}: ${query}`;
      let rows: unknown[];
      try {
        rows = await mergedRows(query);
      } catch (error) {
        throw new Error(context, { cause: error });
      }
      const got = comparable(rows);
      const wanted = comparable(await directRows(query));
      if (wanted.length > 0) nonEmpty++;
      if (compared === 'count') expect(got.length, context).toBe(wanted.length);
      else if (compared === 'sequence') expect(got, context).toEqual(wanted);
      else expect(got.sort(), context).toEqual(wanted.sort());
    }
    expect(nonEmpty).toBeGreaterThan(queryCount / 2);
  },
  180_000 * testScale,
);
