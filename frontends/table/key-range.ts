// What of a table a query concerns: where its page begins, and the range of keys that a shared access signature opens.
// Source: "Create a service SAS", "Specify table access ranges" (Azure Storage REST reference).

import { BsonType } from '../../model/bson/types.ts';
import { Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import type { KeyPlace } from '../../model/operation.ts';
import { conjunction, type ComparisonOperator, type Predicate } from '../../model/predicate.ts';
import { isWithin, type Grant, type KeyBound } from './principal.ts';

export interface KeyQuery {
  readonly predicate: Predicate;
  readonly from: KeyPlace | undefined;
}

type Range = Pick<Grant, 'from' | 'to'>;

export function narrow(filter: Predicate, place: KeyPlace | undefined, range: Range): KeyQuery {
  const { from, to } = range;
  const start = from === undefined ? undefined : { partitionKey: from.partitionKey, id: from.rowKey };
  const predicate = to === undefined ? filter : conjunction([filter, upTo(to)]);
  return {
    predicate,
    from: place === undefined || !isBefore(place, from) ? (place ?? start) : start,
  };
}

/** Whether a place that a client brought back lies before the range, where none of its pages ended. */
function isBefore({ partitionKey, id }: KeyPlace, from: KeyBound | undefined): boolean {
  return from !== undefined && !isWithin({ from, to: undefined }, { partitionKey, rowKey: id ?? '' });
}

function upTo({ partitionKey, rowKey }: KeyBound): Predicate {
  if (rowKey === undefined) return compared('PartitionKey', 'lte', partitionKey);
  return {
    kind: 'or',
    of: [
      compared('PartitionKey', 'lt', partitionKey),
      conjunction([compared('PartitionKey', 'eq', partitionKey), compared('RowKey', 'lte', rowKey)]),
    ],
  };
}

function compared(name: string, operator: ComparisonOperator, text: string): Predicate {
  const bytes = new BsonWriter(text.length + 16).beginDocument().string('', text).end().finish();
  const value = new Raw(bytes, BsonType.string, 6, bytes.length - 1);
  return { kind: 'path', path: [name], test: { kind: 'compare', operator, value } };
}
