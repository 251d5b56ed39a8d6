// GROUP BY and aggregates: which expressions a grouped SELECT may hold, and the names they get in the algebra.
// An aggregate must be a whole item of SELECT. Only queries that the SDKs rewrote by our own plan put aggregates
// into constructors: `{"item": COUNT(1)}`.

import type { Aggregate, Expression } from '../../../model/query.ts';
import { findAggregate } from '../../../core/query/aggregates.ts';
import type { SelectItem, SqlCall, SqlExpression } from './ast.ts';
import { sqlError } from './errors.ts';
import type { AggregatePlace } from './expression-translator.ts';
import { printExpression } from './print.ts';

/** Calls `visit` for each expression below, not entering subqueries, until it says stop. */
export function someExpression(root: SqlExpression, visit: (expression: SqlExpression) => boolean): boolean {
  const open: SqlExpression[] = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (visit(at)) return true;
    open.push(...childrenOf(at));
  }
  return false;
}

function childrenOf(expression: SqlExpression): readonly SqlExpression[] {
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
    case 'name':
    case 'subquery':
      return [];
    case 'member':
      return [expression.of];
    case 'index':
      return [expression.of, expression.index];
    case 'unary':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'and':
    case 'or':
    case 'coalesce':
      return expression.operands;
    case 'conditional':
      return [expression.test, expression.then, expression.otherwise];
    case 'between':
      return [expression.operand, expression.low, expression.high];
    case 'in':
      return [expression.operand, ...expression.list];
    case 'like': {
      const { operand, pattern, escape } = expression;
      return escape === undefined ? [operand, pattern] : [operand, pattern, escape];
    }
    case 'call':
      return expression.arguments;
    case 'object':
      return expression.fields.map((field) => field.value);
    case 'array':
      return expression.elements;
  }
}

export function isAggregate(expression: SqlExpression): expression is SqlCall {
  return expression.kind === 'call' && !expression.udf && findAggregate(expression.name) !== undefined;
}

/** The name a select item has without an alias: that of the property or binding it is. */
export function aliasOf({ alias, value }: SelectItem): string | undefined {
  if (alias !== undefined) return alias;
  return value.kind === 'member' || value.kind === 'name' ? value.name : undefined;
}

export class Grouping {
  readonly aggregates: Aggregate[] = [];
  readonly keys: readonly { readonly binding: string; readonly value: Expression }[];
  readonly #keyKinds: ReadonlySet<SqlExpression['kind']>;
  readonly #keyTexts: ReadonlyMap<string, string>;
  readonly #allowsConstructed: boolean;
  readonly #translateArgument: (expression: SqlExpression) => Expression;

  constructor(
    keys: readonly SqlExpression[],
    allowsConstructed: boolean,
    translateArgument: (expression: SqlExpression) => Expression,
  ) {
    this.#allowsConstructed = allowsConstructed;
    this.#translateArgument = translateArgument;
    this.keys = keys.map((key, i) => ({ binding: `#key${i}`, value: translateArgument(key) }));
    this.#keyKinds = new Set(keys.map(({ kind }) => kind));
    this.#keyTexts = new Map(keys.map((key, i) => [printExpression(key), `#key${i}`]));
  }

  /** The binding of the key that this expression is, if it is one. */
  keyOf(expression: SqlExpression): Expression | undefined {
    if (!this.#keyKinds.has(expression.kind) || expression.kind === 'literal') return undefined;
    const name = this.#keyTexts.get(printExpression(expression));
    return name === undefined ? undefined : { kind: 'variable', name };
  }

  aggregate(call: SqlCall, place: AggregatePlace): Expression {
    if (place === 'inside' || (place === 'constructed' && !this.#allowsConstructed)) {
      throw sqlError('aggregateComposition', 'Compositions of aggregates and other expressions are not allowed.', call);
    }
    const [argument] = call.arguments;
    if (call.arguments.length !== 1 || argument === undefined) {
      throw sqlError('argumentCount', `The ${call.name} function requires 1 argument(s).`, call);
    }
    if (someExpression(argument, (part) => part.kind === 'subquery' || isAggregate(part))) {
      throw sqlError(
        'aggregateNesting',
        'Cannot perform an aggregate function on an expression containing an aggregate or a subquery.',
        call,
      );
    }
    const binding = `#aggregate${this.aggregates.length}`;
    this.aggregates.push({
      binding,
      function: findAggregate(call.name)!,
      argument: this.#translateArgument(argument),
    });
    return { kind: 'variable', name: binding };
  }
}
