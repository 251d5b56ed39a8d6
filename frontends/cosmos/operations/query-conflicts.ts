// POST …/conflicts: a query over the conflicts of a container, of which there are none.

import { isUnpartitioned } from '../../../model/resource.ts';
import { containerOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';
import { queryDocuments } from '../query-documents.ts';
import { requireCrossPartition } from '../query-request.ts';
import { scopeOf } from '../scope.ts';

export async function queryConflicts(call: Call): Promise<Answer> {
  const container = containerOf(call);
  const { partitionKey, range } = scopeOf(call, container);
  if (partitionKey === undefined && range === undefined && !isUnpartitioned(container))
    requireCrossPartition(call.request);
  return queryDocuments(call, linksOfContainer(container).rid, 'Conflicts', []);
}
