// Items of any shape in one container: every value of every item is found by an equality on its path, through the
// index, without anything having been declared.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bsonOfJson } from '../../../model/bson/json-read.ts';
import { Random, randomJsonObject, scale, type JsonValue } from '../../model/random.ts';
import { seedOf } from '../../random.ts';
import { IndexedHost } from './host.ts';

const items = 500 * scale;
const levels = 4;
const seed = seedOf();

interface Place {
  /** As SQL: properties and, for elements, positions. */
  readonly path: string;
  readonly value: null | boolean | number | string;
}

function placesOf(value: JsonValue, path: string): Place[] {
  if (value === null || typeof value !== 'object') return [{ path, value }];
  if (Array.isArray(value)) return value.flatMap((element, i) => placesOf(element, `${path}[${i}]`));
  return Object.entries(value).flatMap(([name, inner]) => placesOf(inner, `${path}[${JSON.stringify(name)}]`));
}

describe(`${items} items of random shapes (seed ${seed})`, () => {
  let host: IndexedHost;
  const placesById = new Map<string, Place[]>();

  beforeAll(async () => {
    host = await IndexedHost.open(3);
    const random = new Random(seed);
    for (let i = 0; i < items; i++) {
      const shape = { ...randomJsonObject(random, levels), id: `item ${i}`, pk: `p${i % 9}` };
      const body = bsonOfJson(Buffer.from(JSON.stringify(shape)), { uniqueNames: ['id'] });
      await host.write({ kind: 'create-item', body, view: 'exact' });
      placesById.set(shape.id, placesOf(JSON.parse(JSON.stringify(shape)) as JsonValue, 'c'));
    }
  });
  afterAll(() => host.close());

  test('are found by every value they have, and the index examines few others', () => {
    const reading = host.reading();
    let queries = 0;
    let examined = 0;
    let returned = 0;
    try {
      const random = new Random(seed + 1);
      for (const [id, places] of placesById) {
        const { path, value } = random.pick(places);
        const text = `SELECT VALUE c.id FROM c WHERE ${path} = @value`;
        const run = host.page(text, { reading, indexed: true, parameters: { '@value': value } });
        expect(run.rows, `${text} with ${JSON.stringify(value)}`).toContain(JSON.stringify(id));
        queries++;
        examined += run.explanation.examined;
        returned += run.rows.length;
      }
    } finally {
      reading.release();
    }
    expect(queries).toBe(items);
    expect(examined).toBeLessThanOrEqual(2 * returned);
  });
});
