import { deserialize } from 'bson';
import { expect, test } from 'vitest';
import { compareDocuments, parseSort } from '../../../frontends/mongo/sort.ts';
import { sortedGroupsSource } from '../../../frontends/mongo/sorted-groups.ts';
import { listSource } from '../../../frontends/mongo/source.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';
import { bson } from './wire.ts';

const never = new AbortController().signal;

test('runs of the first field are put in the order of all fields, the first of them or all', async () => {
  const seed = seedOf();
  const random = randomOf(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  for (let round = 0; round < 200 * testScale; round++) {
    const sort = parseSort(bson({ a: 1, b: -1, c: 1 }))!;
    if (sort.kind !== 'fields') throw new Error('a sort by fields');
    const groups = pick([1, 3, 1000]);
    const documents = Array.from({ length: pick([0, 1, 40, 1500]) }, (_, i) =>
      bson({ a: Math.floor(random() * groups), b: pick([1, 2, null, 'x']), c: i }),
    );
    const byFirst = [...documents].sort(compareDocuments(sort.fields.slice(0, 1)));
    const count = pick([undefined, 1, 7, 600]);
    const source = sortedGroupsSource(listSource(byFirst), sort.fields, count);
    const found: Uint8Array[] = [];
    for (;;) {
      const batch = await source.next(pick([1, 10, 1000]), 1 << pick([4, 20]), never);
      found.push(...batch.documents);
      if (batch.done) break;
    }
    const expected = [...byFirst].sort(compareDocuments(sort.fields)).slice(0, count);
    expect(
      found.map((each) => deserialize(each)),
      `seed ${seed}`,
    ).toEqual(expected.map((each) => deserialize(each)));
    expect(source.heldBytes).toBe(0);
  }
});
