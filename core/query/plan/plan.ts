// Algebra → plan. Decided here: what is rewritten, which skip and limit the executor applies itself, and how paging
// resumes. Which way leads to the items of the chain is found in it afterwards (`access.ts`) and chosen at execution.
//
// Shapes, from the cheapest continuation to the dearest:
//   streaming  rows come in scan order: resume after a position
//   sorted     rows come in key order over a stream: run again and resume after the last keys and position
//   counted    anything else: run again and drop as many results as were given

import type { Expression, Query, Relation } from '../../../model/query.ts';
import { foldRelation } from './fold.ts';
import { pushFilters } from './push-filters.ts';

export type PlanShape = 'streaming' | 'sorted' | 'counted';

export interface Plan {
  readonly shape: PlanShape;
  /** How items are reached. */
  readonly scan: 'full' | 'none';
  /** What is executed below the outermost skip and limit. */
  readonly relation: Relation;
  readonly skip: Expression | undefined;
  readonly limit: Expression | undefined;
  /** False when one item can give several rows. */
  readonly oneRowPerItem: boolean;
  /** Kinds of the nodes from the source up. */
  readonly operators: readonly string[];
}

/** The nodes of the outermost chain from the top down. A union ends it. */
function chainOf(relation: Relation): Relation[] {
  const chain: Relation[] = [];
  for (let at = relation; ; at = at.input) {
    chain.push(at);
    if (at.kind === 'unit' || at.kind === 'source' || at.kind === 'union') return chain;
  }
}

/** Whether a result can be undefined, and so no result at all. */
function isAlwaysDefined(value: Expression, sources: ReadonlySet<string>): boolean {
  if (value.kind === 'variable') return sources.has(value.name);
  return ['object', 'array', 'arraySubquery', 'exists', 'predicate'].includes(value.kind);
}

/**
 * Puts a test for definedness below the sort of a projection that can give nothing: a sort that is told how many
 * rows are wanted must hold that many results, not that many rows.
 */
function definedBeforeSort(relation: Relation, sources: ReadonlySet<string>): Relation {
  if (relation.kind !== 'project' || relation.input.kind !== 'sort') return relation;
  const { value, input: sort } = relation;
  if (isAlwaysDefined(value, sources)) return relation;
  const test: Expression = { kind: 'call', name: 'IS_DEFINED', arguments: [value] };
  return { ...relation, input: { ...sort, input: { kind: 'filter', input: sort.input, test } } };
}

/** Where a full sort holds results only: no name of a door's language can be this. */
const resultBinding = '#result';

/**
 * Computes the results below a sort that must hold all its rows, so that it holds results and not items.
 * A sort that is told how many rows are wanted computes only those: it is left as it is.
 */
function projectedBeforeSort(relation: Relation, sources: ReadonlySet<string>): Relation {
  if (relation.kind === 'distinct') return { ...relation, input: projectedBeforeSort(relation.input, sources) };
  if (relation.kind !== 'project' || relation.input.kind !== 'sort') return relation;
  const { value, input: sort } = relation;
  if (value.kind === 'variable' && sources.has(value.name)) return relation;
  const result: Expression = { kind: 'variable', name: resultBinding };
  const bound: Relation = { kind: 'let', input: sort.input, binding: resultBinding, value };
  const test: Expression = { kind: 'call', name: 'IS_DEFINED', arguments: [result] };
  const defined: Relation = { kind: 'filter', input: bound, test };
  return { ...relation, value: result, input: { ...sort, input: defined, holds: [resultBinding] } };
}

function sourcesOf(relation: Relation): ReadonlySet<string> {
  return new Set(chainOf(relation).flatMap((node) => (node.kind === 'source' ? [node.binding] : [])));
}

function shapeOf(chain: readonly Relation[]): PlanShape {
  const kinds = chain.map((node) => node.kind);
  const counted = ['distinct', 'group', 'union', 'skip', 'limit'];
  if (kinds.some((kind) => counted.includes(kind))) return 'counted';
  const sort = kinds.indexOf('sort');
  if (sort < 0) return 'streaming';
  // Above the sort only the projection: each sorted row is one result.
  return sort === 1 && kinds[0] === 'project' && kinds.indexOf('sort', 2) < 0 ? 'sorted' : 'counted';
}

export function planQuery(query: Query): Plan {
  let relation = query.relation;
  let limit: Expression | undefined;
  let skip: Expression | undefined;
  if (relation.kind === 'limit') {
    limit = relation.count;
    relation = relation.input;
  }
  if (relation.kind === 'skip') {
    skip = relation.count;
    relation = relation.input;
  }
  const folded = foldRelation(relation);
  const sources = sourcesOf(folded);
  const sorted =
    shapeOf(chainOf(folded)) === 'sorted' ? definedBeforeSort(folded, sources) : projectedBeforeSort(folded, sources);
  const rewritten = pushFilters(sorted);
  const chain = chainOf(rewritten);
  const operators = chain.map((node) => node.kind).reverse();
  if (skip !== undefined) operators.push('skip');
  if (limit !== undefined) operators.push('limit');
  return {
    shape: shapeOf(chain),
    scan: chain.some((node) => node.kind === 'unit') ? 'none' : 'full',
    relation: rewritten,
    skip,
    limit,
    oneRowPerItem: !chain.some((node) => node.kind === 'unnest' || node.kind === 'apply'),
    operators,
  };
}
