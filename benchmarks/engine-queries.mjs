// The queries of `index-engine`, with their goals: asked of the engine in process, in rounds, so that no query has
// the quiet moments to itself. Rows "index" ask the partition's index alone, without records, once core has one.

import { join } from 'node:path';
import { documentOf, firstTime, secondsApart } from './documents.mjs';
import { both, equals } from './embedded.mjs';
import { root, table } from './harness.mjs';
import { micros, timeRuns } from './measure.mjs';

const rounds = 3;
const secondsPerRound = 0.4;

async function indexFunctions() {
  const load = (path) => import(join(root, 'dist/indexer', path));
  const { OrderCursor } = await load('order-cursor.js');
  const { equal, allOf, between, exists } = await load('filter.js');
  const { count, NumberCursor } = await load('lookup.js');
  const { anyElement } = await load('policy.js');
  return { OrderCursor, NumberCursor, equal, allOf, between, exists, count, anyElement };
}

/** Asks the index itself; undefined when core has none. */
async function indexQueries(index, size, emailOf, deleted) {
  if (index === undefined) return [];
  const { OrderCursor, NumberCursor, equal, allOf, between, exists, count, anyElement } = await indexFunctions();
  const path = (...steps) => index.paths.resolve(steps, 'nested').path;
  const paid = equal(path('status'), 'paid');
  return [
    ['index: equality, unique', 25, (i) => new NumberCursor(index.now(), equal(path('email'), emailOf(i))).next()],
    [
      'index: equality, absent',
      undefined,
      (i) => new NumberCursor(index.now(), equal(path('email'), `none-${i}`)).next(),
    ],
    ['index: COUNT 20 %', deleted ? 100 : 50, () => count(index.now(), paid)],
    ['index: AND 20 % x 1 %, count', 300, (i) => count(index.now(), allOf(paid, equal(path('percent'), i % 100)))],
    [
      'index: array-any, numbers',
      undefined,
      (i) => {
        const cursor = new NumberCursor(index.now(), equal(path('tags', anyElement), `tag-${i % 1_000}`));
        while (cursor.next() !== 0);
      },
    ],
    ['index: existence, count', undefined, () => count(index.now(), exists(path('address', 'city')))],
    [
      'index: ORDER BY LIMIT 100, ids',
      300,
      (i) => {
        const from = { value: timeOf(i, size), inclusive: false };
        const cursor = new OrderCursor(index.now(), { path: path('ts'), range: between(path('ts'), from).range });
        for (let k = 0; k < 100 && cursor.next() === 'item'; k++);
      },
    ],
  ];
}

/** A time in the first nine tenths, so that a hundred items follow. */
function timeOf(i, size) {
  return firstTime + Math.floor(size * 0.9 * (((i * 7_919) % 1_000) / 1_000)) * secondsApart;
}

/** Times every query. `deleted`: items 5, 15, 25 … are gone; `version`: even items are of that version. */
export async function queryRows(embedded, container, size, { deleted = false, version = 1 } = {}) {
  // Half of the items asked for are old, half were replaced when some were.
  const known = Array.from({ length: 500 }, (_, k) => {
    const i = Math.floor((k * size) / 500);
    const item = i % 10 === 5 ? i + 2 : i;
    return documentOf(item, item % 2 === 0 ? version : 1);
  });
  const knownOf = (i) => known[(i * 7_919) % known.length];
  const emailOf = (i) => knownOf(i).email;
  const all = [
    ['point read', undefined, (i) => embedded.read(container, knownOf(i))],
    [
      'equality, unique, with its record',
      25,
      async (i) => {
        const found = await embedded.find(container, equals('email', emailOf(i)), 1);
        if (found.length !== 1) throw new Error('an item was not found');
      },
    ],
    ['equality, absent', 25, (i) => embedded.find(container, equals('email', `none-${i}@example.org`), 1)],
    [
      'SQL: equality, unique, with its record',
      undefined,
      (i) => embedded.sql(container, `SELECT * FROM c WHERE c.email = '${emailOf(i)}'`),
    ],
    [
      `SQL: COUNT of 20 %${deleted ? ', with deletes' : ''}`,
      deleted ? 100 : 50,
      () => embedded.sql(container, `SELECT VALUE COUNT(1) FROM c WHERE c.status = 'paid'`),
    ],
    [
      'SQL: COUNT of AND 20 % x 1 %',
      300,
      (i) => embedded.sql(container, `SELECT VALUE COUNT(1) FROM c WHERE c.status = 'paid' AND c.percent = ${i % 100}`),
    ],
    [
      'AND 20 % x 1 %, first 100 records',
      undefined,
      (i) => embedded.find(container, both(equals('status', 'paid'), equals('percent', i % 100)), 100),
    ],
    [
      'SQL: ORDER BY LIMIT 100, with records',
      1_000,
      (i) =>
        embedded.sql(container, `SELECT * FROM c WHERE c.ts > ${timeOf(i, size)} ORDER BY c.ts OFFSET 0 LIMIT 100`),
    ],
    [
      'array-any, first 100 records',
      undefined,
      (i) => embedded.find(container, equals('tags', `tag-${i % 1_000}`), 100),
    ],
    [
      'SQL: COUNT of existence',
      undefined,
      () => embedded.sql(container, 'SELECT VALUE COUNT(1) FROM c WHERE IS_DEFINED(c.address.city)'),
    ],
    ...(await indexQueries(embedded.index(container), size, emailOf, deleted)),
  ];
  const results = new Map(all.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, , once] of all) {
      // What takes half a second is not asked twice more.
      const before = results.get(name);
      if (before.length > 0 && before[0].p50 > 500_000) continue;
      const from = round * 1_000;
      before.push(await timeRuns((i) => once(from + i), { secondsMax: secondsPerRound, timesMax: 700 }));
    }
  return all.map(([name, goal]) => ({ name, goal, runs: results.get(name) }));
}

/** The best round of each: what the machine does when it is left alone. */
export function queryTable(rows) {
  table(
    ['query', 'p50 µs', 'p99 µs', 'CPU µs', 'goal µs', 'p50 ÷ goal'],
    rows.map(({ name, goal, runs }) => {
      const best = runs.reduce((one, other) => (other.p50 < one.p50 ? other : one));
      const ratio = goal === undefined ? '' : (best.p50 / goal).toPrecision(2);
      return [name, micros(best.p50), micros(best.p99), micros(best.cpu), goal ?? '', ratio];
    }),
  );
}
