// $bucketAuto: documents in order of a value, cut into so many buckets of about equal size.
// Source: MongoDB manual, "$bucketAuto". Rounded boundaries (`granularity`) are not offered.

import { BsonType } from '../../../../model/bson/types.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import { compareStored, fieldsOf, isNumber, typeNameOf } from '../../bson-input.ts';
import { MongoCode, MongoError } from '../../errors.ts';
import { groupBytesMax } from '../fold.ts';
import { int32Of } from '../number.ts';
import { computedSource, drainEach } from '../sliced.ts';
import type { Stage, StageContext, StageRow } from '../stage.ts';
import { nullRaw, objectRaw, owned } from '../value.ts';
import { bucketOutputs, groupByOf, resultOf } from './group.ts';

interface Valued {
  readonly value: Raw;
  readonly document: Uint8Array;
}

function bucketAuto(operand: Raw, { scope }: StageContext): Stage {
  if (operand.type !== BsonType.object)
    throw new MongoError(
      40240,
      `The argument to $bucketAuto must be an object, but found type: ${typeNameOf(operand.type)}.`,
    );
  const given = new Map<string, Raw>();
  for (const { name, value } of fieldsOf(operand)) {
    if (name === 'granularity')
      throw new MongoError(MongoCode.NotImplemented, 'granularity of $bucketAuto is not supported by this server');
    if (!['groupBy', 'buckets', 'output'].includes(name))
      throw new MongoError(40245, `Unrecognized option to $bucketAuto: ${name}.`);
    given.set(name, value);
  }
  const groupBy = given.get('groupBy');
  const buckets = given.get('buckets');
  if (groupBy === undefined || buckets === undefined)
    throw new MongoError(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified.");
  const value = groupByOf(groupBy, 40239, '$bucketAuto', scope);
  if (!isNumber(buckets))
    throw new MongoError(
      40241,
      `The $bucketAuto 'buckets' field must be a numeric value, but found type: ${typeNameOf(buckets.type)}.`,
    );
  const count = int32Of(buckets);
  if (count === undefined)
    throw new MongoError(40242, "The $bucketAuto 'buckets' field must be representable as a 32-bit integer");
  if (count <= 0) throw new MongoError(40243, "The $bucketAuto 'buckets' field must be greater than 0");
  const outputs = bucketOutputs(given.get('output'), 40244, scope);
  const { frame } = scope.environment;
  return (inner) =>
    computedSource(inner, async (signal) => {
      const all: Valued[] = [];
      let bytes = 0;
      await drainEach(
        inner,
        (document) => {
          frame.enter(document);
          all.push({ value: owned(value(frame) ?? nullRaw), document });
          bytes += document.length + 120;
          if (bytes > groupBytesMax)
            throw new MongoError(
              MongoCode.QueryExceededMemoryLimitNoDiskUseAllowed,
              `$bucketAuto exceeded memory limit of ${groupBytesMax} bytes`,
            );
        },
        signal,
      );
      all.sort((a, b) => compareStored(a.value, b.value));
      return { documents: bucketsOf(all, count), bytes };
    });

  function* bucketsOf(all: readonly Valued[], wanted: number): Iterable<Uint8Array> {
    const size = Math.max(1, Math.round(all.length / wanted));
    let at = 0;
    for (let made = 0; made < wanted && at < all.length; made++) {
      const accumulators = outputs.map(({ make }) => make(frame, undefined));
      const start = at;
      let last = all[at]!;
      // The last bucket takes the rest; equal values are never parted.
      while (
        at < all.length &&
        (made === wanted - 1 || at - start < size || compareStored(all[at]!.value, last.value) === 0)
      ) {
        last = all[at++]!;
        frame.enter(last.document);
        for (const accumulator of accumulators) accumulator.add(frame);
      }
      // Boundaries meet: each bucket ends where the next one begins, the last one at its greatest value.
      const max = at < all.length ? all[at]!.value : last.value;
      yield resultOf(objectRaw(['min', 'max'], [all[start]!.value, max]), accumulators, outputs);
    }
  }
}

export const bucketAutoStages: readonly StageRow[] = [{ name: '$bucketAuto', compile: bucketAuto }];
