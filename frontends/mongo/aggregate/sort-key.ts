// A sort document as the key of values and documents, for stages, `$sortArray` and the accumulators that order.

import { BsonType } from '../../../model/bson/types.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { MongoError } from '../errors.ts';
import { compareSortKeys, parseSort, sortKeyOf, type SortField, type SortKey } from '../sort.ts';

export interface CompiledSort {
  readonly fields: readonly SortField[];
  readonly keyOf: (document: Uint8Array) => SortKey;
  /** Key of any value: one that is no object has no fields. */
  readonly keyOfValue: (value: Raw) => SortKey;
  readonly compare: (a: SortKey, b: SortKey) => number;
}

const noFields = new BsonWriter(8).beginDocument().end().finish();

export function compileSort(spec: Raw): CompiledSort {
  const sort = parseSort(spec.slice());
  if (sort === undefined || sort.kind === 'natural')
    throw new MongoError(15976, '$sort stage must have at least one sort key');
  const keyOf = sortKeyOf(sort.fields);
  return {
    fields: sort.fields,
    keyOf,
    keyOfValue: (value) => keyOf(value.type === BsonType.object ? value.slice() : noFields),
    compare: compareSortKeys(sort.fields),
  };
}
