// The value of an expression that reads no row: what planning must know before an execution begins.

import { DatabaseError } from '../../model/errors.ts';
import type { Expression } from '../../model/query.ts';
import type { Value } from '../../model/value.ts';
import type { QueryPorts } from './context.ts';
import { executeQuery } from './execute.ts';
import { findFunction } from './functions/table.ts';
import { partsOf } from './plan/variables.ts';
import { prepareQuery } from './prepare.ts';
import type { RowSource } from './row-source.ts';
import type { Semantics } from './semantics.ts';

/** Nothing constant looks at these. */
const still: QueryPorts = { now: () => 0, random: () => 0, elapsedMs: () => 0 };
const noRows: RowSource = { scan: () => [] };

/** The value, in a box because undefined is one; undefined when rows, chance, time or scripts decide it. */
export function constantOf(
  expression: Expression,
  semantics: Semantics,
  parameters: ReadonlyMap<string, Value>,
): { readonly value: Value } | undefined {
  if (expression.kind === 'literal') return { value: expression.value };
  if (expression.kind === 'parameter') return { value: parameters.get(expression.name) };
  if (!isConstant(expression)) return undefined;
  try {
    const prepared = prepareQuery(
      { relation: { kind: 'project', input: { kind: 'unit' }, value: expression }, parameters: [], fingerprint: '' },
      { semantics },
    );
    for (const rows of executeQuery(prepared, { source: () => noRows, ports: still, parameters }))
      if (rows.length > 0) return { value: rows[0]!.value };
    return { value: undefined };
  } catch (error) {
    // A value out of bounds is refused when the query runs.
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}

function isConstant(root: Expression): boolean {
  const open: Expression[] = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at.kind === 'variable' || at.kind === 'scriptCall' || at.kind === 'predicate') return false;
    if (at.kind === 'call' && findFunction(at.name)?.volatile === true) return false;
    const { expressions, relations } = partsOf(at);
    if (relations.length > 0) return false;
    open.push(...expressions);
  }
  return true;
}
