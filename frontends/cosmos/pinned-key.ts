// The partition key that a query's own filter fixes: `WHERE c.pk = 'a'`. Such a query concerns one logical partition
// (or, for the first levels of a hierarchical key, a prefix of them) as if the key stood in the header.

import type { PartitionKeyValue } from '../../model/operation.ts';
import { parsePath, type PartitionKeyDefinition, type PartitionKeyPart } from '../../model/partition-key.ts';
import { pathOf, type Expression, type Query, type Relation } from '../../model/query.ts';
import type { Value } from '../../model/value.ts';

/** The longest prefix of the key that the filter fixes; undefined when it does not fix even the first level. */
export function pinnedKeyOf(
  query: Query,
  definition: PartitionKeyDefinition,
  parameters: ReadonlyMap<string, Value>,
): PartitionKeyValue | undefined {
  const { source, tests } = chainOf(query.relation);
  if (source === undefined) return undefined;
  const key: PartitionKeyPart[] = [];
  for (const path of definition.paths) {
    const value = fixedValue(tests, source, parsePath(path), parameters);
    if (value === undefined) break;
    key.push(value);
  }
  return key.length === 0 ? undefined : key;
}

/** The binding of the container's items, and every condition that a row of it must meet. */
function chainOf(relation: Relation): { readonly source: string | undefined; readonly tests: readonly Expression[] } {
  const tests: Expression[] = [];
  let at = relation;
  for (;;) {
    if (at.kind === 'source') return { source: at.container === undefined ? at.binding : undefined, tests };
    if (at.kind === 'unit' || at.kind === 'union') return { source: undefined, tests };
    if (at.kind === 'filter') tests.push(at.test);
    at = at.input;
  }
}

function fixedValue(
  tests: readonly Expression[],
  source: string,
  path: readonly string[],
  parameters: ReadonlyMap<string, Value>,
): Exclude<PartitionKeyPart, undefined> | undefined {
  const open = [...tests];
  for (let test = open.pop(); test !== undefined; test = open.pop()) {
    if (test.kind === 'and') open.push(...test.operands);
    if (test.kind !== 'comparison' || test.operator !== 'equal') continue;
    const value = isPath(test.left, source, path)
      ? constantOf(test.right, parameters)
      : isPath(test.right, source, path)
        ? constantOf(test.left, parameters)
        : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

function isPath(expression: Expression, source: string, path: readonly string[]): boolean {
  const found = pathOf(expression);
  return (
    found !== undefined &&
    found.binding === source &&
    found.steps.length === path.length &&
    found.steps.every((step, i) => step === path[i])
  );
}

function constantOf(
  expression: Expression,
  parameters: ReadonlyMap<string, Value>,
): Exclude<PartitionKeyPart, undefined> | undefined {
  const value =
    expression.kind === 'literal'
      ? expression.value
      : expression.kind === 'parameter'
        ? parameters.get(expression.name)
        : undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
