// What of a table a query concerns: the one partition that its filter names, and the range of keys that a shared
// access signature opens. Source: "Create a service SAS", "Specify table access ranges" (Azure Storage REST reference).

import { BsonType } from '../../model/bson/types.ts';
import { Raw, textOfRaw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import type { KeyPlace, Scope } from '../../model/operation.ts';
import { conjunction, type ComparisonOperator, type Predicate } from '../../model/predicate.ts';
import { isWithin, type Grant, type KeyBound } from './principal.ts';

export interface KeyQuery {
  readonly predicate: Predicate;
  readonly scope: Scope;
  readonly from: KeyPlace | undefined;
}

type Range = Pick<Grant, 'from' | 'to'>;

export function narrow(filter: Predicate, place: KeyPlace | undefined, range: Range): KeyQuery {
  const { from, to } = range;
  const start = from === undefined ? undefined : { partitionKey: from.partitionKey, id: from.rowKey };
  const predicate = to === undefined ? filter : conjunction([filter, upTo(to)]);
  const partitionKey = partitionKeyIn(filter);
  return {
    predicate,
    scope: partitionKey === undefined ? {} : { partitionKey: [partitionKey] },
    from: place === undefined || !isBefore(place, from) ? (place ?? start) : start,
  };
}

/** Whether a place that a client brought back lies before the range, where none of its pages ended. */
function isBefore({ partitionKey, id }: KeyPlace, from: KeyBound | undefined): boolean {
  return from !== undefined && !isWithin({ from, to: undefined }, { partitionKey, rowKey: id ?? '' });
}

/** The one key that every entity of the filter has. */
function partitionKeyIn(filter: Predicate): string | undefined {
  if (filter.kind === 'and') {
    for (const part of filter.of) {
      const found = partitionKeyIn(part);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (filter.kind !== 'path' || filter.path.length !== 1 || filter.path[0] !== 'PartitionKey') return undefined;
  const { test } = filter;
  const isEquality = test.kind === 'compare' && test.operator === 'eq' && test.value.type === BsonType.string;
  return isEquality ? textOfRaw(test.value) : undefined;
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
