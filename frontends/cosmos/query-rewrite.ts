// The rows that clients merge, as queries: select lists with the columns that the protocol names. All are built as
// syntax trees.

import { badRequest } from '../../model/errors.ts';
import { findAggregate } from '../../core/query/aggregates.ts';
import type { SelectItem, SelectList, SqlCall, SqlExpression, SqlQuery } from './sql/ast.ts';
import { aliasOf, isAggregate } from './sql/grouping.ts';
import { printExpression } from './sql/print.ts';

const orderByFilter = '{documentdb-formattableorderbyquery-filter}';

/** What is made here was written nowhere. */
const nowhere = { start: 0, end: 0 };

/** A query, and its filter's text where that holds a placeholder. */
export interface RewrittenQuery {
  readonly query: SqlQuery;
  readonly where: string | undefined;
}

/** Rows of an ORDER BY: the item's _rid, the keys, and what was selected. */
export function orderedRows(query: SqlQuery, root: string): RewrittenQuery {
  const rid: SqlExpression = { kind: 'member', of: { kind: 'name', name: root, ...nowhere }, name: '_rid', ...nowhere };
  const items = [itemOf(rid), orderByItems(query), itemOf(payloadOf(query, root), 'payload')];
  return { query: { ...query, distinct: false, select: listOf(items) }, where: filterOf(query, root) };
}

/** Rows of a GROUP BY or of aggregates. Neither TOP nor OFFSET means anything before they are merged. */
export function groupedRows(query: SqlQuery): RewrittenQuery {
  const whole = { ...query, distinct: false, top: undefined, offset: undefined, limit: undefined };
  const payload = partialPayload(query.select);
  const { groupBy, orderBy } = query;
  if (groupBy.length === 0) {
    const select: SelectList =
      query.select.kind === 'value' ? { kind: 'value', value: payload } : listOf([itemOf(payload, 'payload')]);
    return { query: { ...whole, select }, where: undefined };
  }
  const grouped = [
    itemOf(arrayOf(groupBy.map((key) => objectOf([['item', key]]))), 'groupByItems'),
    itemOf(payload, 'payload'),
  ];
  if (orderBy.length === 0) return { query: { ...whole, select: listOf(grouped) }, where: undefined };
  const row = objectOf(grouped.map(({ alias, value }) => [alias!, value]));
  const select = listOf([orderByItems(query), itemOf(row, 'payload')]);
  return { query: { ...whole, select }, where: filterOf(query, undefined) };
}

function orderByItems({ orderBy }: SqlQuery): SelectItem {
  return itemOf(arrayOf(orderBy.map(({ value }) => objectOf([['item', value]]))), 'orderByItems');
}

/** The query's filter and the placeholder; and a value, if that is what is selected, must be defined to be a result. */
function filterOf({ where, select }: SqlQuery, root: string | undefined): string {
  const tests = where === undefined ? [] : [`(${printExpression(where)})`];
  tests.push(`(${orderByFilter})`);
  const isItem = select.kind === 'value' && select.value.kind === 'name' && select.value.name === root;
  if (select.kind === 'value' && root !== undefined && !isItem)
    tests.push(`IS_DEFINED(${printExpression(select.value)})`);
  return tests.length === 1 ? tests[0]! : `(${tests.join(' AND ')})`;
}

function payloadOf({ select }: SqlQuery, root: string): SqlExpression {
  if (select.kind === 'star') return { kind: 'name', name: root, ...nowhere };
  return select.kind === 'value' ? select.value : objectOf(namedFields(select.items, (value) => value));
}

/** What one group of one partition gives: values, and aggregates in the form that can be merged. */
function partialPayload(select: SelectList): SqlExpression {
  if (select.kind === 'value') return isAggregate(select.value) ? arrayOf([partialOf(select.value)]) : select.value;
  const items = select.kind === 'list' ? select.items : [];
  return objectOf(namedFields(items, (value) => (isAggregate(value) ? partialOf(value) : value)));
}

function namedFields(
  items: readonly SelectItem[],
  shown: (value: SqlExpression) => SqlExpression,
): (readonly [string, SqlExpression])[] {
  let unnamed = 0;
  return items.map((item) => [aliasOf(item) ?? `$${++unnamed}`, shown(item.value)]);
}

/** What one partition gives for an aggregate. */
function partialOf(call: SqlCall): SqlExpression {
  const [argument] = call.arguments;
  if (argument === undefined) throw badRequest(`${call.name} needs an argument`, 'query');
  const of = (name: string): SqlExpression => ({ ...call, name, arguments: [argument] });
  const name = findAggregate(call.name)!;
  if (name === 'AVG')
    return objectOf([
      [
        'item',
        objectOf([
          ['sum', of('SUM')],
          ['count', of('COUNT')],
        ]),
      ],
    ]);
  if (name === 'MIN' || name === 'MAX')
    return objectOf([
      ['item', of(name)],
      [
        'item2',
        objectOf([
          [name.toLowerCase(), of(name)],
          ['count', of('COUNT')],
        ]),
      ],
    ]);
  return objectOf([['item', of(name)]]);
}

function objectOf(fields: readonly (readonly [string, SqlExpression])[]): SqlExpression {
  return { kind: 'object', fields: fields.map(([name, value]) => ({ name, value })), ...nowhere };
}

function arrayOf(elements: readonly SqlExpression[]): SqlExpression {
  return { kind: 'array', elements, ...nowhere };
}

function itemOf(value: SqlExpression, alias?: string): SelectItem {
  return { value, alias, ...nowhere };
}

function listOf(items: readonly SelectItem[]): SelectList {
  return { kind: 'list', items };
}
