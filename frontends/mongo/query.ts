// A find as it is asked for, checked and ready to run: shared by find and explain.

import type { ContainerRecord } from '../../model/resource.ts';
import { requireSimpleCollation, type Arguments } from './arguments.ts';
import { truthOf } from './bson-input.ts';
import type { Call } from './call.ts';
import { commandScope } from './aggregate/command.ts';
import { badValue, failedToParse, MongoCode, MongoError } from './errors.ts';
import { hintOf } from './hint.ts';
import type { Namespace } from './namespace.ts';
import { parseProjection, type Projection } from './projection.ts';
import { Filter, orderedSource, Selection, selectionSource } from './selection.ts';
import { parseSort, type Sort } from './sort.ts';
import { limitSource, mapSource, skipSource, type Source } from './source.ts';

export const findArguments: ReadonlySet<string> = new Set([
  'find',
  'allowDiskUse',
  'allowPartialResults',
  'awaitData',
  'batchSize',
  'collation',
  'filter',
  'hint',
  'let',
  'limit',
  'max',
  'min',
  'noCursorTimeout',
  'oplogReplay',
  'projection',
  'returnKey',
  'showRecordId',
  'singleBatch',
  'skip',
  'sort',
  'tailable',
  'term',
]);

export interface Find {
  readonly filter: Filter;
  readonly sort: Sort | undefined;
  readonly projection: Projection | undefined;
  readonly skip: number;
  /** 0 is no limit. */
  readonly limit: number;
}

export function findOf(call: Call, namespace: Namespace, args: Arguments): Find {
  const scope = commandScope(call, args);
  requireSimpleCollation(args);
  const natural = hintOf(call, namespace, args);
  if (args.boolean('awaitData') && !args.boolean('tailable'))
    throw failedToParse('Cannot set awaitData without tailable');
  if (args.boolean('tailable'))
    throw badValue('error processing query: tailable cursor requested on non capped collection');
  for (const name of ['returnKey', 'showRecordId'])
    if (args.boolean(name)) throw new MongoError(MongoCode.NotImplemented, `${name} is not supported by this server`);
  for (const name of ['min', 'max']) {
    const bound = args.get(name);
    if (bound !== undefined && truthOf(bound) && args.document(name)!.length > 5)
      throw new MongoError(MongoCode.NotImplemented, `${name} is not supported by this server`);
  }
  const sort = args.document('sort');
  const projection = args.document('projection');
  return {
    filter: new Filter(args.document('filter'), natural, scope),
    sort: sort === undefined ? undefined : parseSort(sort),
    projection: projection === undefined ? undefined : parseProjection(projection, { scope, stage: false }),
    skip: args.count('skip') ?? 0,
    limit: args.count('limit') ?? 0,
  };
}

/** The documents of a find, and what reads them. */
export function sourceOfFind(
  call: Call,
  container: ContainerRecord,
  { filter, sort, projection, skip, limit }: Find,
): { readonly source: Source; readonly selection: Selection } {
  const count = limit === 0 ? undefined : skip + limit;
  // Items are met in the order they were made: that is natural order already.
  const order = sort?.kind === 'natural' && sort.direction === 1 ? undefined : sort;
  const selection = new Selection(call, container, filter, { sort: order, sortsGroups: true, limit: count });
  let source = order === undefined ? selectionSource(selection) : orderedSource(selection, order, count);
  if (skip > 0) source = skipSource(source, skip);
  if (limit > 0) source = limitSource(source, limit);
  if (projection !== undefined) {
    const { project, needsPosition } = projection;
    source = mapSource(source, (document) => project(document, needsPosition ? filter.position(document) : -1));
  }
  return { source, selection };
}
