// How the items of the outermost source may be reached, found at plan time in the chain right above it: the
// conditions on stored paths, the keys of the sort, and whether terms alone can answer.

import { conjunctsOf } from './push-filters.ts';
import type { Distinct, Group, Relation, SortKey, Source } from '../../../model/query.ts';
import type { AccessPath, Condition } from './condition.ts';
import { accessPathOf, elementPath, readCondition, type Bindings, type ConditionReader } from './read-condition.ts';

export interface AccessKey {
  readonly path: AccessPath;
  readonly descending: boolean;
}

/** An aggregate's argument as the index may know it. */
export type SummaryArgument =
  | { readonly kind: 'count'; readonly condition: Condition | undefined }
  | { readonly kind: 'value'; readonly path: AccessPath };

export type Summary =
  /** Groups without keys, or by one path with nothing but counts of items. */
  | {
      readonly kind: 'group';
      readonly node: Group;
      readonly key: AccessPath | undefined;
      readonly arguments: readonly SummaryArgument[];
    }
  /** The different values of one path. */
  | { readonly kind: 'distinct'; readonly node: Distinct; readonly path: AccessPath };

export interface AccessPlan {
  readonly source: Source;
  /** What every item that gives a row meets. */
  readonly condition: Condition;
  /** Keys of the sort right above those conditions, when all are stored paths of the item. */
  readonly order: readonly AccessKey[] | undefined;
  /** What the chain makes of the items, where terms alone may answer it. */
  readonly summary: Summary | undefined;
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
  let summary: Summary | undefined;
  walk: for (const [i, node] of nodes.entries()) {
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
      case 'group':
        if (isWhole) summary = summaryOf(node, bindings, reader);
        break walk;
      case 'project': {
        const above = nodes[i + 1];
        const path = accessPathOf(node.value, bindings, reader.semantics);
        if (isWhole && above?.kind === 'distinct' && path?.reach === 'single')
          summary = { kind: 'distinct', node: above, path };
        break walk;
      }
      default:
        break walk;
    }
  }
  const condition: Condition = conditions.length === 1 ? conditions[0]! : { kind: 'and', operands: conditions };
  return {
    condition: conditions.length === 0 ? { kind: 'and', operands: [] } : condition,
    source,
    order,
    summary,
    isWhole,
  };
}

function summaryOf(node: Group, bindings: Bindings, reader: ConditionReader): Summary | undefined {
  const [first, second] = node.keys;
  if (second !== undefined) return undefined;
  const key = first && accessPathOf(first.value, bindings, reader.semantics);
  if (first !== undefined && key?.reach !== 'single') return undefined;
  const found: SummaryArgument[] = [];
  for (const { function: name, argument } of node.aggregates) {
    const path = accessPathOf(argument, bindings, reader.semantics);
    const isItem = argument.kind === 'variable' && bindings.get(argument.name) === 'item';
    const isDefined = isItem || (argument.kind === 'literal' && argument.value !== undefined);
    if (name === 'COUNT' && isDefined) found.push({ kind: 'count', condition: undefined });
    else if (key !== undefined) return undefined;
    else if (name === 'COUNT' && path !== undefined)
      found.push({ kind: 'count', condition: { kind: 'defined', path } });
    else if (name === 'COUNTIF') found.push({ kind: 'count', condition: readCondition(reader, argument, bindings) });
    else if (path?.reach === 'single' && !name.startsWith('MAKE')) found.push({ kind: 'value', path });
    else return undefined;
  }
  return { kind: 'group', node, key, arguments: found };
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
