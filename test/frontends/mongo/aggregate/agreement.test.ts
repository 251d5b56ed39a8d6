// Random pipelines over random documents agree with the naive evaluator, field orders included.

import { deserialize } from 'bson';
import { expect, test } from 'vitest';
import { compilePipeline } from '../../../../frontends/mongo/aggregate/pipeline.ts';
import { rootScope } from '../../../../frontends/mongo/aggregate/scope.ts';
import { drain, filterSource, listSource } from '../../../../frontends/mongo/source.ts';
import { fieldOf } from '../../../../model/bson/walk.ts';
import { elementsOf } from '../../../../frontends/mongo/bson-input.ts';
import { randomOf, seedOf, testScale } from '../../../random.ts';
import type { Plain, PlainObject } from '../naive.ts';
import { bson } from '../wire.ts';
import { run } from './naive.ts';

const pairs = 2000 * testScale;

type Chance = () => number;

const one = <T>(chance: Chance, list: readonly T[]): T => list[Math.floor(chance() * list.length)]!;

function atom(chance: Chance): Plain {
  return one<Plain>(chance, [-1, 0, 1, 2, 2.5, 3, 'x', 'y', '', null, true, false]);
}

function value(chance: Chance, depth = 0): Plain {
  const kind = chance();
  if (depth < 2 && kind < 0.2) return Array.from({ length: Math.floor(chance() * 4) }, () => value(chance, depth + 1));
  if (depth < 2 && kind < 0.4) {
    const object: PlainObject = {};
    for (const name of ['a', 'b']) if (chance() < 0.7) object[name] = value(chance, depth + 1);
    return object;
  }
  return atom(chance);
}

function documentsOf(chance: Chance): PlainObject[] {
  return Array.from({ length: 2 + Math.floor(chance() * 10) }, (_, i) => {
    const document: PlainObject = { _id: i };
    for (const name of ['a', 'b', 'c']) if (chance() < 0.8) document[name] = value(chance);
    return document;
  });
}

const paths = ['$a', '$b', '$c', '$a.b', '$b.a', '$c.a.b', '$$ROOT', '$none'];

/** An expression without type errors, whatever the documents hold. */
function expression(chance: Chance, depth = 0): Plain {
  const inner = (): Plain => expression(chance, depth + 1);
  const path = one(chance, paths);
  if (depth > 2) return chance() < 0.7 ? path : atom(chance);
  switch (Math.floor(chance() * 12)) {
    case 0:
      return { $cond: [{ $isNumber: path }, { [one(chance, ['$add', '$multiply'])]: [path, 2] }, inner()] };
    case 1:
      return { $cond: [{ $isArray: [path] }, { $size: path }, inner()] };
    case 2:
      return { [one(chance, ['$eq', '$gt', '$lte', '$cmp'])]: [inner(), inner()] };
    case 3:
      return { [one(chance, ['$and', '$or'])]: [inner(), inner()] };
    case 4:
      return { $not: [inner()] };
    case 5:
      return { $ifNull: [inner(), inner()] };
    case 6:
      return { p: inner(), q: inner() };
    case 7:
      return [inner(), inner()];
    case 8:
      return { $cond: [{ $isArray: [path] }, { $map: { input: path, in: { e: '$$this', f: '$$this.a' } } }, 0] };
    case 9:
      return { $cond: [{ $isArray: [path] }, { $filter: { input: path, cond: { $gt: ['$$this', 1] } } }, 0] };
    default:
      return path;
  }
}

/** One operator, so that no stage reads it as a nested specification, an inclusion or a list. */
function computed(chance: Chance): Plain {
  return { $ifNull: [expression(chance), '$none'] };
}

function stage(chance: Chance): PlainObject {
  const field = one(chance, ['a', 'b', 'c']);
  switch (Math.floor(chance() * 10)) {
    case 0:
      return {
        $match: {
          [one(chance, ['a', 'b', 'a.b', 'c'])]: { [one(chance, ['$eq', '$gt', '$lte', '$ne'])]: atom(chance) },
        },
      };
    case 1:
      return { $match: { $expr: expression(chance) } };
    case 2:
      return { $sort: { [field]: one(chance, [1, -1]), _id: 1 } };
    case 3:
      return { $unwind: { path: `$${field}`, preserveNullAndEmptyArrays: chance() < 0.5 } };
    case 4:
      return { $project: { [field]: 1, x: computed(chance), y: computed(chance) } };
    case 5:
      return { $set: { [field]: computed(chance), z: computed(chance) } };
    case 6:
      return { [one(chance, ['$limit', '$skip'])]: 1 + Math.floor(chance() * 6) };
    default: {
      const accumulators = ['$sum', '$avg', '$min', '$max', '$first', '$last', '$push', '$addToSet'];
      return {
        $group: {
          _id: expression(chance),
          a: { [one(chance, accumulators)]: computed(chance) },
          b: { [one(chance, accumulators)]: one(chance, paths) },
        },
      };
    }
  }
}

/** Sorting by a field that is no scalar behind `_id` of any kind would compare arrays: `_id` is a number until a group. */
function pipelineOf(chance: Chance): PlainObject[] {
  const stages = Array.from({ length: 1 + Math.floor(chance() * 4) }, () => stage(chance));
  const group = stages.findIndex((each) => '$group' in each || '$unwind' in each);
  return stages.filter((each, i) => group < 0 || i <= group || !('$sort' in each));
}

async function actual(pipeline: readonly PlainObject[], documents: readonly PlainObject[]): Promise<unknown[]> {
  const texts = elementsOf(fieldOf(bson({ pipeline }), 'pipeline')!);
  const compiled = compilePipeline(texts, {
    call: undefined,
    database: 'd',
    scope: rootScope(0),
    surrounding: 'top',
    level: 0,
  });
  const source = compiled.open((filter) =>
    filterSource(listSource(documents.map((each) => bson(each))), filter.matches),
  );
  const results: unknown[] = [];
  await drain(source, (batch) => results.push(...batch.map((each) => deserialize(each))), new AbortController().signal);
  return results;
}

test(`${pairs} random pipelines agree with the naive evaluator`, async () => {
  const chance = randomOf(seedOf());
  for (let i = 0; i < pairs; i++) {
    const documents = documentsOf(chance);
    const pipeline = pipelineOf(chance);
    const expected = run(pipeline, documents);
    const found = await actual(pipeline, documents);
    if (JSON.stringify(found) !== JSON.stringify(expected))
      expect(JSON.stringify({ pipeline, documents, found })).toBe(
        JSON.stringify({ pipeline, documents, found: expected }),
      );
  }
});
