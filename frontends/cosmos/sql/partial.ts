// The form of queries that clients send after rewriting by our plans (../query-rewrite.ts): partial results of one
// partition, in columns and objects that the protocol names.

import type { SqlQuery } from './ast.ts';

/** The columns of their rows, and the fields of the objects in which partial aggregates stand. */
const columns: ReadonlySet<string | undefined> = new Set(['orderByItems', 'groupByItems', 'payload']);
const partialFields: ReadonlySet<string> = new Set(['item', 'item2']);

/** Whether a query has that form: only in them may aggregates stand within constructors. */
export function isPartial({ select }: SqlQuery): boolean {
  if (select.kind === 'star') return false;
  if (select.kind === 'list') return select.items.every(({ alias }) => columns.has(alias));
  const [element, ...others] = select.value.kind === 'array' ? select.value.elements : [];
  return (
    others.length === 0 && element?.kind === 'object' && element.fields.every(({ name }) => partialFields.has(name))
  );
}
