// Queries inside expressions. They run to their end at once, because nothing can yield inside an expression: the
// pacer counts their steps and refuses what is out of bounds.

import { assert, badRequest } from '../../../model/errors.ts';
import type { Relation } from '../../../model/query.ts';
import type { Value } from '../../../model/value.ts';
import { ArrayBuilder } from '../elements.ts';
import type { Frame } from '../frame.ts';
import type { Compiled, CompiledRelation, Compiler } from './compiler.ts';
import type { Scope } from './scope.ts';

/** Calls `take` with each result until it says stop. */
function forEachResult(frame: Frame, relation: CompiledRelation, take: (value: Value) => 'next' | 'stop'): void {
  const place = relation.result;
  assert(place !== undefined, 'a subquery ends in a projection');
  frame.pacer.enter();
  try {
    for (const isRow of relation.open(frame)) {
      if (isRow && take(frame.valueOf(place.slot, place.isItem)) === 'stop') return;
    }
  } finally {
    frame.pacer.leave();
  }
}

export function scalarSubquery(compiler: Compiler, query: Relation, scope: Scope): Compiled {
  const relation = compiler.relation(query, scope);
  return {
    varies: 'row',
    evaluate: (frame) => {
      let result: Value;
      let count = 0;
      forEachResult(frame, relation, (value) => {
        if (++count > 1) {
          throw badRequest('The cardinality of a scalar subquery result set cannot be greater than one.', 'query');
        }
        result = value;
        return 'next';
      });
      return result;
    },
  };
}

export function exists(compiler: Compiler, query: Relation, scope: Scope): Compiled {
  const relation = compiler.relation(query, scope);
  return {
    varies: 'row',
    evaluate: (frame) => {
      let found = false;
      forEachResult(frame, relation, () => {
        found = true;
        return 'stop';
      });
      return found;
    },
  };
}

export function arraySubquery(compiler: Compiler, query: Relation, scope: Scope): Compiled {
  const relation = compiler.relation(query, scope);
  return {
    varies: 'row',
    evaluate: (frame) => {
      const elements = new ArrayBuilder();
      forEachResult(frame, relation, (value) => {
        elements.push(value);
        return 'next';
      });
      return elements.finish();
    },
  };
}

export function edgeSubquery(compiler: Compiler, query: Relation, edge: 'first' | 'last', scope: Scope): Compiled {
  const relation = compiler.relation(query, scope);
  return {
    varies: 'row',
    evaluate: (frame) => {
      let result: Value;
      forEachResult(frame, relation, (value) => {
        result = value;
        return edge === 'first' ? 'stop' : 'next';
      });
      return result;
    },
  };
}
