// What a pipeline may hold: 100 MB a stage, told in MongoDB's words, whatever `allowDiskUse` says; and what it need
// not hold.

import type { Document } from 'bson';
import { expect, test } from 'vitest';
import { compilePipeline } from '../../../../frontends/mongo/aggregate/pipeline.ts';
import { rootScope } from '../../../../frontends/mongo/aggregate/scope.ts';
import { elementsOf } from '../../../../frontends/mongo/bson-input.ts';
import { drain, type Source } from '../../../../frontends/mongo/source.ts';
import { fieldOf } from '../../../../model/bson/walk.ts';
import { bson } from '../wire.ts';

/** Documents of 1 MB, one at a time: `count` of them. */
function large(count: number): Source {
  const text = 'x'.repeat(1024 * 1024);
  let at = 0;
  return {
    next: async (itemsMax) => {
      const documents: Uint8Array[] = [];
      while (documents.length < Math.min(itemsMax, 4) && at < count)
        documents.push(bson({ _id: at++, text, n: at % 7 }));
      return { documents, done: at >= count };
    },
    heldBytes: 0,
    close: () => undefined,
  };
}

async function run(source: Source, ...pipeline: Document[]): Promise<number> {
  const compiled = compilePipeline(elementsOf(fieldOf(bson({ pipeline }), 'pipeline')!), {
    call: undefined,
    database: 'd',
    scope: rootScope(0),
    surrounding: 'top',
    level: 0,
  });
  let count = 0;
  await drain(
    compiled.open(() => source),
    (documents) => (count += documents.length),
    new AbortController().signal,
  );
  return count;
}

test.each<[string, Document[], number]>([
  ['a sort', [{ $set: { m: 1 } }, { $sort: { n: 1 } }], 292],
  ['groups', [{ $group: { _id: { i: '$_id', t: '$text' } } }], 292],
  ['a list in a group', [{ $group: { _id: null, all: { $push: '$text' } } }], 146],
  ['a set in a group', [{ $group: { _id: null, all: { $addToSet: { i: '$_id', t: '$text' } } } }], 146],
  ['buckets', [{ $bucketAuto: { groupBy: '$n', buckets: 2 } }], 292],
  ['a sample', [{ $sample: { size: 1000 } }], 292],
  ['a facet', [{ $facet: { a: [{ $match: {} }] } }], 146],
])('%s holds no more than 100 MB', async (_what, pipeline, code) => {
  await expect(run(large(160), ...pipeline)).rejects.toMatchObject({ code });
});

test.each<[string, Document[], number]>([
  ['a sort before a limit', [{ $set: { m: 1 } }, { $sort: { n: 1 } }, { $skip: 1 }, { $limit: 3 }], 3],
  [
    'the first and the greatest of a group',
    [{ $group: { _id: '$n', a: { $first: '$text' }, b: { $max: '$_id' } } }],
    7,
  ],
  ['the top of a group', [{ $group: { _id: null, a: { $topN: { n: 2, sortBy: { n: 1 }, output: '$text' } } } }], 1],
  ['a small sample', [{ $sample: { size: 3 } }], 3],
  ['counts in facets', [{ $facet: { a: [{ $count: 'n' }], b: [{ $limit: 1 }] } }], 1],
  ['streaming stages', [{ $set: { a: 1 } }, { $unwind: '$text' }, { $unset: 'text' }], 160],
])('%s holds little', async (_what, pipeline, count) => {
  expect(await run(large(160), ...pipeline)).toBe(count);
});

test('a source that fails ends every facet', async () => {
  const failing: Source = { next: () => Promise.reject(new Error('broken')), heldBytes: 0, close: () => undefined };
  await expect(run(failing, { $facet: { a: [{ $count: 'n' }], b: [] } })).rejects.toThrow('broken');
});

test('a caller that has gone away ends the work', async () => {
  const endless: Source = {
    next: async () => ({ documents: [bson({ _id: 1 })], done: false }),
    heldBytes: 0,
    close: () => undefined,
  };
  const controller = new AbortController();
  const compiled = compilePipeline(elementsOf(fieldOf(bson({ pipeline: [{ $group: { _id: 1 } }] }), 'pipeline')!), {
    call: undefined,
    database: 'd',
    scope: rootScope(0),
    surrounding: 'top',
    level: 0,
  });
  const reading = compiled.open(() => endless).next(1, 1000, controller.signal);
  setImmediate(() => controller.abort());
  await expect(reading).rejects.toMatchObject({ code: 'Cancelled' });
});

test('pipelines in pipelines are bounded', () => {
  let inner: Document[] = [];
  for (let i = 0; i < 30; i++) inner = [{ $unionWith: { coll: 'x', pipeline: inner } }];
  expect(() =>
    compilePipeline(elementsOf(fieldOf(bson({ inner }), 'inner')!), {
      call: {} as never,
      database: 'd',
      scope: rootScope(0),
      surrounding: 'top',
      level: 0,
    }),
  ).toThrow('sub-pipelines');
});
