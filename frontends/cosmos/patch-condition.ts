// The condition of a patch: `from c where …`, true when the item as it is would be a row of that query. It runs where
// the patch commits, so it is bounded like one item's share of a query and cannot wait.

import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { ItemRow } from '../../core/query/container-rows.ts';
import { executeQuery } from '../../core/query/execute.ts';
import type { Item } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Deployment } from '../deployment.ts';
import { schemaOf } from './container-schema.ts';
import { portsOf, preparedQueries, systemViewOf } from './run-query.ts';

export type ItemTest = (item: Item) => boolean;

/** Slices of one evaluation: an item's arrays crossed with each other end here. */
const slicesMax = 100;

export function testOfCondition(text: string, container: ContainerRecord, deployment: Deployment): ItemTest {
  if (!/^\s*from\s/i.test(text))
    throw badRequest('the condition of a patch must have the form "from c where …"', 'condition');
  const prepared = preparedQueries.get(`SELECT VALUE 1 ${text}`, { schema: schemaOf(container) });
  const systemOf = systemViewOf(container);
  return (item) => {
    const row: ItemRow = { position: 1, document: item.body, system: systemOf(item), item };
    const execution = executeQuery(prepared, {
      source: () => ({ scan: () => [row] }),
      ports: portsOf(deployment),
      page: { rowsMax: 1 },
    });
    for (let slices = 0; slices < slicesMax; slices++) {
      const step = execution.next();
      if (step.done === true) return false;
      if (step.value.length > 0) return true;
    }
    throw new DatabaseError('TooLarge', 'the condition of the patch takes too long', { argument: 'condition' });
  };
}
