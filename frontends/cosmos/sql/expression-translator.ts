// Syntax tree → expressions of the algebra, within one set of names. Subqueries and aggregates are the affair of the
// query around them: both come in as functions.

import type { BinaryOperator, ComparisonOperator, Expression, Relation } from '../../../model/query.ts';
import { findAggregate } from '../../../core/query/aggregates.ts';
import { manyArguments } from '../../../core/query/functions/row.ts';
import { findFunction } from '../../../core/query/functions/table.ts';
import { expressionDepthMax } from '../../../core/query/limits.ts';
import type { SqlBinaryOperator, SqlCall, SqlExpression, SqlQuery, SqlSubquery } from './ast.ts';
import { sqlError, tooDeep } from './errors.ts';

const binaryOperators: Readonly<Partial<Record<SqlBinaryOperator, BinaryOperator>>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '&': 'bitAnd',
  '|': 'bitOr',
  '^': 'bitXor',
  '<<': 'shiftLeft',
  '>>': 'shiftRight',
  '>>>': 'shiftRightUnsigned',
  '||': 'concatenate',
};

const comparisonOperators: Readonly<Partial<Record<SqlBinaryOperator, ComparisonOperator>>> = {
  '=': 'equal',
  '!=': 'notEqual',
  '<': 'less',
  '<=': 'lessOrEqual',
  '>': 'greater',
  '>=': 'greaterOrEqual',
};

/** Functions of the service that this server knows by name and does not offer. */
const notOffered = /^(FULLTEXT\w+|RRF|HASH)$/;

export interface TranslatorParts {
  /** What the expression stands for as a whole, or undefined to look into it: names, and keys of GROUP BY. */
  readonly whole: (expression: SqlExpression) => Expression | undefined;
  /** What stands for a property of that name, if it is not a stored one. */
  readonly property?: ((of: Expression, name: string) => Expression | undefined) | undefined;
  readonly subquery: (query: SqlQuery) => Relation;
  /** The aggregate call; `isWhole` says that the select item is nothing but it. */
  readonly aggregate: (call: SqlCall, place: AggregatePlace) => Expression;
  readonly parameter: (name: string) => void;
}

/** Where an expression stands: a whole item of SELECT, within constructors of one, or inside any other expression. */
export type AggregatePlace = 'whole' | 'constructed' | 'inside';

export class ExpressionTranslator {
  readonly #parts: TranslatorParts;
  #depth = 0;

  constructor(parts: TranslatorParts) {
    this.#parts = parts;
  }

  translate(expression: SqlExpression, place: AggregatePlace = 'inside'): Expression {
    if (++this.#depth > expressionDepthMax) {
      throw tooDeep(expression);
    }
    try {
      return this.#parts.whole(expression) ?? this.#node(expression, place);
    } finally {
      this.#depth--;
    }
  }

  #list(expressions: readonly SqlExpression[]): Expression[] {
    return expressions.map((expression) => this.translate(expression));
  }

  #node(expression: SqlExpression, place: AggregatePlace): Expression {
    switch (expression.kind) {
      case 'literal':
        return { kind: 'literal', value: expression.value };
      case 'parameter':
        this.#parts.parameter(expression.name);
        return { kind: 'parameter', name: expression.name };
      case 'name':
        throw sqlError('unknownName', `Identifier '${expression.name}' could not be resolved.`, expression);
      case 'member': {
        const of = this.translate(expression.of);
        return this.#parts.property?.(of, expression.name) ?? { kind: 'field', of, name: expression.name };
      }
      case 'index':
        return { kind: 'index', of: this.translate(expression.of), index: this.translate(expression.index) };
      case 'unary':
        return this.#unary(expression.operator, this.translate(expression.operand));
      case 'binary':
        return this.#binary(expression.operator, this.translate(expression.left), this.translate(expression.right));
      case 'and':
      case 'or':
      case 'coalesce':
        return { kind: expression.kind, operands: this.#list(expression.operands) };
      case 'conditional':
        return {
          kind: 'conditional',
          test: this.translate(expression.test),
          then: this.translate(expression.then),
          otherwise: this.translate(expression.otherwise),
        };
      case 'between': {
        const [operand, low, high] = [expression.operand, expression.low, expression.high].map((part) =>
          this.translate(part),
        ) as [Expression, Expression, Expression];
        return negated(expression.negated, { kind: 'between', operand, low, high });
      }
      case 'in': {
        const operand = this.translate(expression.operand);
        return negated(expression.negated, { kind: 'in', operand, list: this.#list(expression.list) });
      }
      case 'like': {
        const operand = this.translate(expression.operand);
        const pattern = this.translate(expression.pattern);
        const escape = expression.escape === undefined ? undefined : this.translate(expression.escape);
        return negated(expression.negated, { kind: 'like', operand, pattern, escape });
      }
      case 'call':
        return this.#call(expression, place);
      case 'object': {
        const inner = place === 'inside' ? 'inside' : 'constructed';
        const fields = expression.fields.map(({ name, value }) => ({ name, value: this.translate(value, inner) }));
        return { kind: 'object', fields };
      }
      case 'array': {
        const inner = place === 'inside' ? 'inside' : 'constructed';
        return { kind: 'array', elements: expression.elements.map((element) => this.translate(element, inner)) };
      }
      case 'subquery':
        return this.#subquery(expression);
    }
  }

  #unary(operator: '-' | '+' | '~' | 'NOT', operand: Expression): Expression {
    if (operator === 'NOT') return { kind: 'unary', operator: 'not', operand };
    if (operand.kind === 'literal' && typeof operand.value === 'number' && operator !== '~') {
      return { kind: 'literal', value: operator === '-' ? -operand.value : operand.value };
    }
    return { kind: 'unary', operator: operator === '-' ? 'negate' : operator === '+' ? 'plus' : 'bitNot', operand };
  }

  #binary(operator: SqlBinaryOperator, left: Expression, right: Expression): Expression {
    const compare = comparisonOperators[operator];
    if (compare !== undefined) return { kind: 'comparison', operator: compare, left, right };
    return { kind: 'binary', operator: binaryOperators[operator]!, left, right };
  }

  #call(call: SqlCall, place: AggregatePlace): Expression {
    if (call.udf) return { kind: 'scriptCall', name: call.name, arguments: this.#list(call.arguments) };
    if (findAggregate(call.name) !== undefined) return this.#parts.aggregate(call, place);
    const row = findFunction(call.name);
    if (row === undefined) {
      if (notOffered.test(call.name.toUpperCase())) {
        throw sqlError('notSupported', `The function ${call.name} is not supported.`, call, 'NotSupported');
      }
      const { start } = call;
      const named = { start, end: start + call.name.length };
      throw sqlError('unknownFunction', `'${call.name}' is not a recognized built-in function name.`, named);
    }
    const [fewest, most] = row.arity;
    const count = call.arguments.length;
    if (count < fewest || count > most) {
      const wanted =
        fewest === most ? String(fewest) : most === manyArguments ? `at least ${fewest}` : `${fewest} to ${most}`;
      throw sqlError('argumentCount', `The ${call.name} function requires ${wanted} argument(s).`, call);
    }
    return { kind: 'call', name: row.name, arguments: this.#list(call.arguments) };
  }

  #subquery({ word, query }: SqlSubquery): Expression {
    const translate = this.#parts.subquery;
    switch (word) {
      case undefined:
        return { kind: 'subquery', query: translate(query) };
      case 'EXISTS':
        return { kind: 'exists', query: translate(query) };
      case 'ARRAY':
        return { kind: 'arraySubquery', query: translate(query) };
      case 'FIRST':
        return { kind: 'edgeSubquery', edge: 'first', query: translate(query) };
      case 'LAST':
        return { kind: 'edgeSubquery', edge: 'last', query: translate(query) };
      case 'ALL': {
        // All rows satisfy the filter when none satisfies its negation.
        const { start, end } = query;
        const operand: SqlExpression = query.where ?? { kind: 'literal', value: true, start, end };
        const counterexample = translate({ ...query, where: { kind: 'unary', operator: 'NOT', operand, start, end } });
        return { kind: 'unary', operator: 'not', operand: { kind: 'exists', query: counterexample } };
      }
    }
  }
}

function negated(isNegated: boolean, operand: Expression): Expression {
  return isNegated ? { kind: 'unary', operator: 'not', operand } : operand;
}
