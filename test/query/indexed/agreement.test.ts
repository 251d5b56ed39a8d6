// Queries answered through the index against the same queries over every item: equal rows, in equal order, whole and
// by pages; and the claim that an answer is exact against the items that pass. Items are of every BSON type.

import { expect, test } from 'vitest';
import { count } from '../../../indexer/lookup.ts';
import { Random, scale } from '../../model/random.ts';
import { ConditionMaker, randomItem } from './random-conditions.ts';
import { IndexedHost, type IndexedRun } from './host.ts';
import { boundFilters } from './bound.ts';

const itemsPerRound = 40;
const queriesPerRound = 100;

const rules = (...paths: readonly string[]) => paths.map((path) => ({ path }));

/** Policies that leave paths out: conditions on those are answered by looking. */
const policies = [
  undefined,
  undefined,
  { includedPaths: rules('/*'), excludedPaths: rules('/a/?', '/b/*') },
  { includedPaths: rules('/a/?', '/o/?', '/tags/[]/?', '/b/*'), excludedPaths: rules('/*') },
  { includedPaths: rules('/*'), excludedPaths: rules('/tags/[]/?', '/a/*', '/o/?') },
  { indexingMode: 'none' },
];

/** Items in one to three partitions, some replaced and some deleted, half of the hosts with part of them in segments. */
async function filled(random: Random): Promise<IndexedHost> {
  const host = await IndexedHost.open(random.pick([1, 1, 2, 3]), random.pick(policies), random.chance(50));
  for (let i = 0; i < itemsPerRound; i++)
    await host.write({ kind: 'create-item', body: randomItem(random, `item-${i}`), view: 'exact' });
  for (let i = 0; i < itemsPerRound; i++) {
    const id = `item-${random.below(itemsPerRound)}`;
    if (random.chance(30)) await host.write({ kind: 'upsert-item', body: randomItem(random, id), view: 'exact' });
    if (random.chance(10)) await host.remove(id, random.pick(['p', 'q']));
  }
  segments += host.segments;
  return host;
}

/** Segments of all hosts so far. */
let segments = 0;

test('conditions through the index find what a look at every item finds', { timeout: 600_000 }, async () => {
  const { seed } = new Random();
  let rows = 0;
  let exact = 0;
  let narrowed = 0;
  const rounds = 12 * scale;
  for (let round = 0; round < rounds; round++) {
    const random = new Random(seed + round);
    const host = await filled(random);
    const reading = host.reading();
    for (let i = 0; i < queriesPerRound; i++) {
      const maker = new ConditionMaker(random);
      const text = `SELECT VALUE c.id FROM c WHERE ${maker.condition(random.below(5))}`;
      const shown = `seed ${seed + round}\n${text}\n${JSON.stringify(maker.parameters)}`;
      const { parameters } = maker;
      const expected = host.page(text, { reading, indexed: false, parameters });
      const found = host.page(text, { reading, indexed: true, parameters });
      expect(found.rows, shown).toEqual(expected.rows);
      rows += found.rows.length;
      if (found.explanation.examined < expected.explanation.examined) narrowed++;
      // What the filter finds: never less, and exactly as much where it says so.
      const bound = boundFilters(host, text, reading, parameters);
      let hits = 0;
      let isExact = true;
      for (const { view, filter } of bound) {
        const answer = count(view, filter);
        hits += answer.count;
        isExact &&= answer.exact;
      }
      if (isExact) expect(hits, `exact, ${shown}`).toBe(expected.rows.length);
      else expect(hits, shown).toBeGreaterThanOrEqual(expected.rows.length);
      if (isExact) exact++;
    }
    reading.release();
    await host.close();
  }
  console.info(`seed ${seed}: ${rows} rows, ${exact} exact, ${narrowed} narrowed, ${segments} segments`);
  expect(segments).toBeGreaterThan(0);
  // By chance a few queries find much; most must have been narrowed by the index.
  expect(exact).toBeGreaterThan(rounds * queriesPerRound * 0.1);
});

function pages(
  host: IndexedHost,
  text: string,
  options: Parameters<IndexedHost['page']>[1],
  rowsMax: number,
): string[] {
  const rows: string[] = [];
  let continuation: string | undefined;
  do {
    const page: IndexedRun = host.page(text, { ...options, page: { rowsMax }, continuation });
    rows.push(...page.rows);
    ({ continuation } = page);
  } while (continuation !== undefined);
  return rows;
}

test('sorted queries give the same rows by index and by sort, by pages of any size', { timeout: 600_000 }, async () => {
  const { seed } = new Random();
  for (let round = 0; round < 6 * scale; round++) {
    const random = new Random(seed + round);
    const host = await filled(random);
    const reading = host.reading();
    for (let i = 0; i < 30; i++) {
      const maker = new ConditionMaker(random);
      const where = random.chance(50) ? ` WHERE ${maker.condition(2)}` : '';
      const key = random.pick(['c.o', 'c.o', 'c.p', 'c.id', 'c._ts', 'c.none', 'c.a', 'c.a.b']);
      const direction = random.chance(50) ? ' DESC' : '';
      const text = `SELECT VALUE c.id FROM c${where} ORDER BY ${key}${direction}`;
      const { parameters } = maker;
      const shown = `seed ${seed + round}\n${text}\n${JSON.stringify(parameters)}`;
      const expected = host.page(text, { reading, indexed: false, parameters }).rows;
      const options = { reading, indexed: true, parameters };
      expect(host.page(text, options).rows, shown).toEqual(expected);
      expect(pages(host, text, options, 1 + random.below(5)), `paged, ${shown}`).toEqual(expected);
    }
    reading.release();
    await host.close();
  }
});

/** Numbers by value, since ties of a term may be of several types: `-0` and `0`, `1` and Decimal 1. */
function plain(rows: readonly string[]): string[] {
  return rows.map((row) => JSON.stringify(JSON.parse(row, (_name, value: unknown) => (value === 0 ? 0 : value))));
}

test(
  'counts, extremes, sums, groups and distinct values from terms are those of the items',
  { timeout: 600_000 },
  async () => {
    const { seed } = new Random();
    let counted = 0;
    for (let round = 0; round < 6 * scale; round++) {
      const random = new Random(seed + round);
      const host = await filled(random);
      const reading = host.reading();
      for (let i = 0; i < 60; i++) {
        const maker = new ConditionMaker(random);
        const where = random.chance(60) ? ` WHERE ${maker.condition(random.below(3))}` : '';
        const path = random.pick(['c.o', 'c.p', 'c.p', 'c.a', 'c.a.b', 'c._ts', 'c.pk', 'c.none']);
        const aggregate = random.pick(['COUNT', 'MIN', 'MAX', 'SUM', 'AVG']);
        let leaf = maker.leaf('c');
        // An aggregate's argument holds no subquery.
        while (leaf.includes('EXISTS')) leaf = maker.leaf('c');
        const [select, after] = random.pick([
          ['VALUE COUNT(1)', ''],
          [`VALUE ${aggregate}(${path})`, ''],
          [`VALUE COUNTIF(${leaf})`, ''],
          [`COUNT(1) AS n, ${aggregate}(${path}) AS v`, ''],
          [`${path} AS k, COUNT(1) AS n`, ` GROUP BY ${path}`],
          [`DISTINCT VALUE ${path}`, ''],
        ] as const);
        const text = `SELECT ${select} FROM c${where}${after}`;
        const { parameters } = maker;
        const shown = `seed ${seed + round}\n${text}\n${JSON.stringify(parameters)}`;
        const expected = plain(host.page(text, { reading, indexed: false, parameters }).rows).sort();
        const found = host.page(text, { reading, indexed: true, parameters });
        expect(plain(found.rows).sort(), shown).toEqual(expected);
        if (found.explanation.index?.way === 'count') counted++;
      }
      reading.release();
      await host.close();
    }
    expect(counted).toBeGreaterThan(30 * scale);
  },
);
