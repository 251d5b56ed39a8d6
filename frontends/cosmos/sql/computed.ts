// Computed properties: names of a container that stand for an expression over the item, `SELECT VALUE … FROM c`. A
// query that names one gets the expression in its place, so it needs no stored value. `SELECT *` shows none of them.
// Source: "Computed properties in Azure Cosmos DB for NoSQL".

import type { Expression } from '../../../model/query.ts';
import type { SqlExpression } from './ast.ts';
import { sqlError } from './errors.ts';
import { ExpressionTranslator } from './expression-translator.ts';
import { Names } from './names.ts';
import { parseSql } from './parse.ts';
import { isVectorDistance } from './vector-distance.ts';

export interface ComputedProperty {
  /** The name that the expression has for the item. */
  readonly alias: string;
  readonly value: SqlExpression;
  readonly text: string;
}

/** Throws BadRequest when the text is not one expression over one item. */
export function parseComputed(text: string): ComputedProperty {
  const query = parseSql(text);
  const { select } = query;
  const [first, second] = query.from;
  const isPlain =
    !query.distinct &&
    query.top === undefined &&
    query.where === undefined &&
    query.groupBy.length === 0 &&
    query.orderBy.length === 0 &&
    query.orderByRank === undefined &&
    query.limit === undefined;
  if (
    select.kind !== 'value' ||
    !isPlain ||
    first === undefined ||
    second !== undefined ||
    first.iterates ||
    first.collection.kind !== 'path' ||
    first.collection.steps.length > 0
  )
    throw sqlError('computedProperty', 'A computed property must have the form SELECT VALUE expression FROM c.', query);
  const property = { alias: first.alias ?? first.collection.root.name, value: select.value, text };
  expressionOf(property, { kind: 'variable', name: property.alias });
  return property;
}

/** The expression over what the item is in the query around it. */
export function expressionOf(property: ComputedProperty, item: Expression): Expression {
  const names = new Names();
  names.bind(property.alias, item, property.value);
  const refuse = (what: string): never => {
    throw sqlError('computedProperty', `A computed property cannot have ${what}.`, property.value);
  };
  const translator = new ExpressionTranslator({
    whole: (expression) => {
      if (expression.kind === 'call' && expression.udf) refuse('user-defined functions');
      if (isVectorDistance(expression)) refuse('VectorDistance');
      return expression.kind === 'name' ? names.resolve(expression) : undefined;
    },
    subquery: () => refuse('subqueries'),
    aggregate: () => refuse('aggregates'),
    parameter: () => refuse('parameters'),
  });
  return translator.translate(property.value);
}
