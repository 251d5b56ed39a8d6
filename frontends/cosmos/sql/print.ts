// Syntax tree → text: what a query says, whatever way it was written. Comments, blanks, letter case of words and
// functions, quotes and needless parentheses are gone, so that two spellings of a query print alike.
//
// Invariant: the text parses to the tree it was printed from, but for places and the case of functions' names.
// Parentheses stand only where the tree needs them: a printed query is nested no deeper than the one that was parsed.

import { findAggregate } from '../../../core/query/aggregates.ts';
import { findFunction } from '../../../core/query/functions/table.ts';
import { expressionDepthMax } from '../../../core/query/limits.ts';
import type {
  Collection,
  Count,
  FromItem,
  OrderKey,
  SelectList,
  SqlBinaryOperator,
  SqlCall,
  SqlExpression,
  SqlQuery,
} from './ast.ts';
import { tooDeep } from './errors.ts';
import { power } from './expression.ts';
import { isVectorDistance } from './vector-distance.ts';

const plainName = /^[A-Za-z_$][\w$]*$/;

const binaryPower: Readonly<Record<SqlBinaryOperator, number>> = {
  '=': power.comparison,
  '!=': power.comparison,
  '<': power.comparison,
  '<=': power.comparison,
  '>': power.comparison,
  '>=': power.comparison,
  '|': power.bitOr,
  '^': power.bitXor,
  '&': power.bitAnd,
  '<<': power.shift,
  '>>': power.shift,
  '>>>': power.shift,
  '+': power.additive,
  '-': power.additive,
  '||': power.additive,
  '*': power.multiplicative,
  '/': power.multiplicative,
  '%': power.multiplicative,
};

/** Above every operator: what needs no parentheses anywhere. */
const primary = power.member + 1;

function powerOf(expression: SqlExpression): number {
  switch (expression.kind) {
    case 'conditional':
      return power.conditional;
    case 'coalesce':
      return power.coalesce;
    case 'or':
      return power.or;
    case 'and':
      return power.and;
    case 'unary':
      return expression.operator === 'NOT' ? power.not : power.unary;
    case 'between':
    case 'in':
    case 'like':
      return power.comparison;
    case 'binary':
      return binaryPower[expression.operator];
    // `1.a` would be a number that ends badly.
    case 'literal':
      return power.member - 1;
    default:
      return primary;
  }
}

/** Levels above the expression that is being printed: chains of operators can be deeper than the stack. */
let depth = 0;

/** The text of an expression, in parentheses where it binds less tightly than `least`. */
export function printExpression(expression: SqlExpression, least = 0): string {
  if (++depth > expressionDepthMax) {
    depth = 0;
    throw tooDeep(expression);
  }
  const text = printNode(expression);
  depth--;
  return powerOf(expression) < least ? `(${text})` : text;
}

function printNode(expression: SqlExpression): string {
  switch (expression.kind) {
    case 'literal':
      return printLiteral(expression.value);
    case 'parameter':
    case 'name':
      return expression.name;
    case 'member':
      return `${printExpression(expression.of, power.member)}${printStep(expression.name)}`;
    case 'index':
      return `${printExpression(expression.of, power.member)}[${printExpression(expression.index)}]`;
    case 'unary': {
      const { operator, operand } = expression;
      if (operator === 'NOT') return `NOT ${printExpression(operand, power.not)}`;
      // Two signs together would begin a comment.
      return `${operator}${printExpression(operand, operand.kind === 'unary' ? primary : power.unary)}`;
    }
    case 'binary': {
      const own = binaryPower[expression.operator];
      return `${printExpression(expression.left, own)} ${expression.operator} ${printExpression(expression.right, own + 1)}`;
    }
    case 'and':
      return printChain(expression.operands, ' AND ', power.and);
    case 'or':
      return printChain(expression.operands, ' OR ', power.or);
    case 'coalesce':
      return printChain(expression.operands, ' ?? ', power.coalesce);
    case 'conditional': {
      const { test, then, otherwise } = expression;
      const branch = printExpression(otherwise, power.conditional);
      return `${printExpression(test, power.conditional + 1)} ? ${printExpression(then)} : ${branch}`;
    }
    case 'between': {
      const [operand, low, high] = [expression.operand, expression.low, expression.high];
      const bounds = [low, high].map((bound) => printExpression(bound, power.comparison + 1)).join(' AND ');
      return `${printExpression(operand, power.comparison)}${negation(expression.negated)} BETWEEN ${bounds}`;
    }
    case 'in': {
      const { operand, negated, list } = expression;
      return `${printExpression(operand, power.comparison)}${negation(negated)} IN (${printList(list)})`;
    }
    case 'like': {
      const { operand, negated, pattern, escape } = expression;
      const [patternText, escapeText] = [pattern, escape].map((part) =>
        part === undefined ? undefined : printExpression(part, power.comparison + 1),
      );
      const text = `${printExpression(operand, power.comparison)}${negation(negated)} LIKE ${patternText!}`;
      return escapeText === undefined ? text : `${text} ESCAPE ${escapeText}`;
    }
    case 'call':
      return `${printFunctionName(expression)}(${printList(expression.arguments)})`;
    case 'object': {
      const fields = expression.fields.map(({ name, value }) => `${JSON.stringify(name)}: ${printExpression(value)}`);
      return `{${fields.join(', ')}}`;
    }
    case 'array':
      return `[${printList(expression.elements)}]`;
    case 'subquery':
      return `${expression.word ?? ''}(${printQuery(expression.query)})`;
  }
}

function negation(negated: boolean): string {
  return negated ? ' NOT' : '';
}

function printChain(operands: readonly SqlExpression[], separator: string, own: number): string {
  return operands.map((operand) => printExpression(operand, own + 1)).join(separator);
}

function printList(expressions: readonly SqlExpression[]): string {
  return expressions.map((expression) => printExpression(expression)).join(', ');
}

function printLiteral(value: undefined | null | boolean | number | string): string {
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

function printStep(step: string | number): string {
  return typeof step === 'string' && plainName.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/** Built-in functions are known whatever their case, and print in one. */
function printFunctionName({ name, udf }: SqlCall): string {
  if (udf) return `udf.${name}`;
  return findAggregate(name) ?? findFunction(name)?.name ?? name;
}

/** A query on one line. `where` stands in place of the query's own filter, in text that no tree has. */
export function printQuery(query: SqlQuery, where?: string): string {
  const parts = ['SELECT'];
  if (query.distinct) parts.push('DISTINCT');
  if (query.top !== undefined) parts.push(`TOP ${printCount(query.top)}`);
  parts.push(printSelect(query.select));
  if (query.from.length > 0) parts.push(`FROM ${query.from.map(printFrom).join(' JOIN ')}`);
  const filter = where ?? (query.where === undefined ? undefined : printExpression(query.where));
  if (filter !== undefined) parts.push(`WHERE ${filter}`);
  if (query.groupBy.length > 0) parts.push(`GROUP BY ${printList(query.groupBy)}`);
  if (query.orderBy.length > 0) parts.push(`ORDER BY ${query.orderBy.map(printOrderKey).join(', ')}`);
  if (query.orderByRank !== undefined) {
    const { scores, descending } = query.orderByRank;
    parts.push(`ORDER BY RANK ${printList(scores)}${descending ? ' DESC' : ''}`);
  }
  if (query.offset !== undefined && query.limit !== undefined)
    parts.push(`OFFSET ${printCount(query.offset)} LIMIT ${printCount(query.limit)}`);
  return parts.join(' ');
}

function printSelect(select: SelectList): string {
  if (select.kind === 'star') return '*';
  if (select.kind === 'value') return `VALUE ${printExpression(select.value)}`;
  return select.items
    .map(({ value, alias }) => (alias === undefined ? printExpression(value) : `${printExpression(value)} AS ${alias}`))
    .join(', ');
}

function printFrom({ collection, alias, iterates }: FromItem): string {
  const text = printCollection(collection);
  if (alias === undefined) return text;
  return iterates ? `${alias} IN ${text}` : `${text} AS ${alias}`;
}

function printCollection(collection: Collection): string {
  if (collection.kind === 'subquery') return `(${printQuery(collection.query)})`;
  return collection.root.name + collection.steps.map(printStep).join('');
}

function printOrderKey(key: OrderKey): string {
  const text = printExpression(key.value);
  // The direction of a distance is that of its function; none may be written.
  if (isVectorDistance(key.value) && !key.directed) return text;
  return `${text} ${key.descending ? 'DESC' : 'ASC'}`;
}

function printCount(count: Count): string {
  return count.kind === 'literal' ? printLiteral(count.value) : count.name;
}
