// How the items of the outermost source may be reached, found at plan time in the chain right above it: the
// conditions on stored paths, the keys of the sort, and whether terms alone can answer.

import { conjunctsOf } from './push-filters.ts';
import type { Relation, SortKey } from '../../../model/query.ts';
import { unknownCondition, type AccessPath, type Condition } from './condition.ts';
import { accessPathOf, elementPath, readCondition, type Bindings, type ConditionReader } from './read-condition.ts';

export interface AccessKey {
  readonly path: AccessPath;
  readonly descending: boolean;
}

export interface AccessPlan {
  /** What every item that gives a row meets. */
  readonly condition: Condition;
  /** Keys of the sort right above those conditions, when all are stored paths of the item. */
  readonly order: readonly AccessKey[] | undefined;
  /** The item passes exactly when it gives a row: nothing between source and the chain's end does more. */
  readonly isWhole: boolean;
}

/** The nodes of a chain from its source up. */
function upward(relation: Relation): Relation[] {
  const nodes: Relation[] = [];
  for (let at = relation; ; at = at.input) {
    nodes.push(at);
    if (at.kind === 'unit' || at.kind === 'source' || at.kind === 'union') return nodes.reverse();
  }
}

/** The access plan of a chain that begins with a source; undefined for every other. */
export function accessOf(relation: Relation, reader: ConditionReader): AccessPlan | undefined {
  const [source, ...nodes] = upward(relation);
  if (source?.kind !== 'source') return undefined;
  const bindings = new Map<string, 'item' | AccessPath>([[source.binding, 'item']]);
  const conditions: Condition[] = [];
  let isWhole = true;
  let order: readonly AccessKey[] | undefined;
  walk: for (const node of nodes) {
    switch (node.kind) {
      case 'filter':
        for (const test of conjunctsOf(node.test)) conditions.push(readCondition(reader, test, bindings));
        break;
      case 'let': {
        const path = accessPathOf(node.value, bindings, reader.semantics);
        bindings.delete(node.binding);
        if (path !== undefined) bindings.set(node.binding, path);
        break;
      }
      case 'unnest': {
        isWhole = false;
        const path = accessPathOf(node.array, bindings, reader.semantics);
        bindings.delete(node.binding);
        if (node.position !== undefined) bindings.delete(node.position);
        if (node.outer || path?.root !== 'stored') break;
        bindings.set(node.binding, elementPath(path, node.binding));
        conditions.push({ kind: 'some', path, element: node.binding, test: undefined, exact: true });
        break;
      }
      case 'apply':
        isWhole = false;
        conditions.push(readCondition(reader, { kind: 'exists', query: node.query }, bindings));
        bindings.delete(node.binding);
        break;
      case 'sort':
        if (isWhole) order = orderOf(node.keys, bindings, reader);
        break walk;
      default:
        break walk;
    }
  }
  const condition: Condition = conditions.length === 1 ? conditions[0]! : { kind: 'and', operands: conditions };
  return { condition: conditions.length === 0 ? { kind: 'and', operands: [] } : condition, order, isWhole };
}

function orderOf(
  keys: readonly SortKey[],
  bindings: Bindings,
  reader: ConditionReader,
): readonly AccessKey[] | undefined {
  const order: AccessKey[] = [];
  for (const key of keys) {
    const path = accessPathOf(key.value, bindings, reader.semantics);
    if (path?.reach !== 'single') return undefined;
    order.push({ path, descending: key.descending });
  }
  return order;
}

/** Whether the condition leaves every item a candidate. */
export function isOpen(condition: Condition): boolean {
  return (
    condition === unknownCondition ||
    condition.kind === 'unknown' ||
    (condition.kind === 'and' && condition.operands.every(isOpen)) ||
    (condition.kind === 'or' && condition.operands.some(isOpen))
  );
}
