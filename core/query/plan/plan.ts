// Algebra → plan. Decided here: what is rewritten, which skip and limit the executor applies itself, and how paging
// resumes. Index selection will be decided here too, between the rewrites and the shape: `scan` says what was chosen.
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

function shapeOf(chain: readonly Relation[]): PlanShape {
  const kinds = chain.map((node) => node.kind);
  const counted = ['distinct', 'group', 'union', 'skip', 'limit'];
  if (kinds.some((kind) => counted.includes(kind))) return 'counted';
  const sort = kinds.indexOf('sort');
  if (sort < 0) return 'streaming';
  const isRowwise = kinds.slice(0, sort).every((kind) => kind === 'project' || kind === 'let');
  return isRowwise && kinds.indexOf('sort', sort + 1) < 0 ? 'sorted' : 'counted';
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
  const rewritten = pushFilters(foldRelation(relation));
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
