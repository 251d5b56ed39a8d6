// Expressions of Cosmos SQL, from loosest to tightest: ?:  ??  OR  AND  NOT  comparison, IN, BETWEEN, LIKE
// |  ^  &  shifts  + - ||  * / %  unary - + ~  member access. A query in parentheses comes from query.ts, which
// hands its rule in: the two files need each other.

import { numberOfToken, type Token } from '../../../model/text/lexer.ts';
import { createExpressionParser, type InfixRule, type TokenStream } from '../../../model/text/pratt.ts';
import type { SqlBinaryOperator, SqlCall, SqlChain, SqlExpression, SqlQuery, SqlSubquery } from './ast.ts';

export const power = {
  conditional: 10,
  coalesce: 20,
  or: 30,
  and: 40,
  not: 50,
  comparison: 60,
  bitOr: 70,
  bitXor: 80,
  bitAnd: 90,
  shift: 100,
  additive: 110,
  multiplicative: 120,
  unary: 130,
  member: 140,
} as const;

export type ExpressionRule = (stream: TokenStream, power?: number) => SqlExpression;

function chain(kind: SqlChain['kind'], chainPower: number): InfixRule<SqlExpression> {
  return {
    power: chainPower,
    parse: (left, _stream, right) => {
      const operand = right(chainPower);
      // A left operand in parentheses starts earlier than its own first operand and is kept as it was written.
      const flat = left.kind === kind && left.start === left.operands[0]!.start;
      const operands = flat ? (left.operands as SqlExpression[]) : [left];
      operands.push(operand);
      return { kind, operands, start: left.start, end: operand.end };
    },
  };
}

function binary(operator: SqlBinaryOperator, operatorPower: number): InfixRule<SqlExpression> {
  return {
    power: operatorPower,
    parse: (left, _stream, right) => {
      const operand = right(operatorPower);
      return { kind: 'binary', operator, left, right: operand, start: left.start, end: operand.end };
    },
  };
}

const conditional: InfixRule<SqlExpression> = {
  power: power.conditional,
  parse: (test, stream, right) => {
    const then = right(0);
    stream.expectSymbol(':');
    const otherwise = right(power.conditional - 1);
    return { kind: 'conditional', test, then, otherwise, start: test.start, end: otherwise.end };
  },
};

/** What follows the word, or follows NOT and the word. */
function wordOperator(left: SqlExpression, stream: TokenStream, right: (power: number) => SqlExpression, first: Token) {
  const negated = first.text === 'NOT';
  const word = negated ? stream.next().text : first.text;
  if (word === 'IN') {
    stream.expectSymbol('(');
    const list = [right(0)];
    while (stream.takeSymbol(',')) list.push(right(0));
    const end = stream.expectSymbol(')').end;
    return { kind: 'in', negated, operand: left, list, start: left.start, end } as const;
  }
  if (word === 'BETWEEN') {
    const low = right(power.comparison);
    stream.expectKeyword('AND');
    const high = right(power.comparison);
    return { kind: 'between', negated, operand: left, low, high, start: left.start, end: high.end } as const;
  }
  const pattern = right(power.comparison);
  const escape = stream.takeKeyword('ESCAPE') ? right(power.comparison) : undefined;
  const end = (escape ?? pattern).end;
  return { kind: 'like', negated, operand: left, pattern, escape, start: left.start, end } as const;
}

const word: InfixRule<SqlExpression> = { power: power.comparison, parse: wordOperator };

const member: InfixRule<SqlExpression> = {
  power: power.member,
  parse: (of, stream) => {
    const name = stream.peek();
    // After the dot keywords are names: newer engines of the service accept them, older ones do not.
    if (name.kind !== 'name' && name.kind !== 'keyword') throw stream.fault();
    stream.next();
    return { kind: 'member', of, name: stream.text.slice(name.start, name.end), start: of.start, end: name.end };
  },
};

const index: InfixRule<SqlExpression> = {
  power: power.member,
  parse: (of, stream, right) => {
    const inner = right(0);
    const end = stream.expectSymbol(']').end;
    if (inner.kind === 'literal' && typeof inner.value === 'string') {
      return { kind: 'member', of, name: inner.value, start: of.start, end };
    }
    return { kind: 'index', of, index: inner, start: of.start, end };
  },
};

const symbolRules = new Map<string, InfixRule<SqlExpression>>([
  ['?', conditional],
  ['??', chain('coalesce', power.coalesce)],
  ['=', binary('=', power.comparison)],
  ['!=', binary('!=', power.comparison)],
  ['<>', binary('!=', power.comparison)],
  ['<', binary('<', power.comparison)],
  ['<=', binary('<=', power.comparison)],
  ['>', binary('>', power.comparison)],
  ['>=', binary('>=', power.comparison)],
  ['|', binary('|', power.bitOr)],
  ['^', binary('^', power.bitXor)],
  ['&', binary('&', power.bitAnd)],
  ['<<', binary('<<', power.shift)],
  ['>>', binary('>>', power.shift)],
  ['>>>', binary('>>>', power.shift)],
  ['+', binary('+', power.additive)],
  ['-', binary('-', power.additive)],
  ['||', binary('||', power.additive)],
  ['*', binary('*', power.multiplicative)],
  ['/', binary('/', power.multiplicative)],
  ['%', binary('%', power.multiplicative)],
  ['.', member],
  ['[', index],
]);

const wordRules = new Map<string, InfixRule<SqlExpression>>([
  ['AND', chain('and', power.and)],
  ['OR', chain('or', power.or)],
  ['IN', word],
  ['BETWEEN', word],
  ['LIKE', word],
]);

function infix(stream: TokenStream): InfixRule<SqlExpression> | undefined {
  const token = stream.peek();
  if (token.kind === 'symbol') return symbolRules.get(token.text);
  if (token.kind !== 'keyword') return undefined;
  if (token.text === 'NOT') {
    const after = stream.peek(1);
    const negatable = after.kind === 'keyword' && ['IN', 'BETWEEN', 'LIKE'].includes(after.text);
    return negatable ? word : undefined;
  }
  return wordRules.get(token.text);
}

const subqueryWords: ReadonlySet<string> = new Set(['ALL', 'FIRST', 'LAST']);

function callArguments(stream: TokenStream, parse: ExpressionRule): { list: SqlExpression[]; end: number } {
  stream.expectSymbol('(');
  const list: SqlExpression[] = [];
  if (!stream.isSymbol(')')) {
    list.push(parse(stream));
    while (stream.takeSymbol(',')) list.push(parse(stream));
  }
  return { list, end: stream.expectSymbol(')').end };
}

function named(stream: TokenStream, token: Token, parse: ExpressionRule, parseQuery: (s: TokenStream) => SqlQuery) {
  if (stream.isSymbol('(')) {
    const capitals = token.text.toUpperCase();
    if (subqueryWords.has(capitals) && stream.isKeyword('SELECT', 1)) {
      return inParentheses(stream, token.start, capitals as SqlSubquery['word'], parseQuery);
    }
    const { list, end } = callArguments(stream, parse);
    return { kind: 'call', name: token.text, udf: false, arguments: list, start: token.start, end } satisfies SqlCall;
  }
  if (token.text.toUpperCase() === 'UDF' && stream.isSymbol('.') && stream.isSymbol('(', 2)) {
    stream.next();
    const name = stream.next();
    if (name.kind !== 'name') throw stream.fault(name);
    const { list, end } = callArguments(stream, parse);
    return { kind: 'call', name: name.text, udf: true, arguments: list, start: token.start, end } satisfies SqlCall;
  }
  return { kind: 'name', name: token.text, start: token.start, end: token.end } as const;
}

function inParentheses(
  stream: TokenStream,
  start: number,
  subqueryWord: SqlSubquery['word'],
  parseQuery: (stream: TokenStream) => SqlQuery,
): SqlSubquery {
  stream.expectSymbol('(');
  const query = stream.nested(() => parseQuery(stream));
  return { kind: 'subquery', word: subqueryWord, query, start, end: stream.expectSymbol(')').end };
}

function objectConstructor(stream: TokenStream, start: number, parse: ExpressionRule): SqlExpression {
  const fields: { name: string; value: SqlExpression }[] = [];
  if (!stream.isSymbol('}')) {
    do {
      const token = stream.next();
      if (token.kind !== 'string' && token.kind !== 'name' && token.kind !== 'keyword') throw stream.fault(token);
      const name = token.kind === 'keyword' ? stream.text.slice(token.start, token.end) : token.text;
      stream.expectSymbol(':');
      fields.push({ name, value: parse(stream) });
    } while (stream.takeSymbol(','));
  }
  return { kind: 'object', fields, start, end: stream.expectSymbol('}').end };
}

function arrayConstructor(stream: TokenStream, start: number, parse: ExpressionRule): SqlExpression {
  const elements: SqlExpression[] = [];
  if (!stream.isSymbol(']')) {
    do elements.push(parse(stream));
    while (stream.takeSymbol(','));
  }
  return { kind: 'array', elements, start, end: stream.expectSymbol(']').end };
}

const literalWords = new Map<string, null | boolean | undefined>([
  ['NULL', null],
  ['TRUE', true],
  ['FALSE', false],
  ['UNDEFINED', undefined],
]);

/** The rule for expressions, given the rule for queries in parentheses. */
export function expressionRule(parseQuery: (stream: TokenStream) => SqlQuery): ExpressionRule {
  const parse: ExpressionRule = createExpressionParser<SqlExpression>((stream, right) => {
    const token = stream.next();
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
        return { kind: 'literal', value: numberOfToken(token), start, end };
      case 'string':
        return { kind: 'literal', value: token.text, start, end };
      case 'parameter':
        return { kind: 'parameter', name: token.text, start, end };
      case 'name':
        return named(stream, token, parse, parseQuery);
      case 'keyword':
        if (literalWords.has(token.text)) return { kind: 'literal', value: literalWords.get(token.text), start, end };
        if (token.text === 'NOT') {
          const operand = right(power.not);
          return { kind: 'unary', operator: 'NOT', operand, start, end: operand.end };
        }
        if (token.text === 'EXISTS' || token.text === 'ARRAY') {
          return inParentheses(stream, start, token.text, parseQuery);
        }
        throw stream.fault(token);
      case 'symbol':
        if (token.text === '(') {
          if (stream.isKeyword('SELECT')) {
            const query = stream.nested(() => parseQuery(stream));
            return { kind: 'subquery', word: undefined, query, start, end: stream.expectSymbol(')').end };
          }
          const inner = right(0);
          const close = stream.expectSymbol(')').end;
          return { ...inner, start, end: close };
        }
        if (token.text === '-' || token.text === '+' || token.text === '~') {
          const operand = right(power.unary);
          return { kind: 'unary', operator: token.text, operand, start, end: operand.end };
        }
        if (token.text === '{') return objectConstructor(stream, start, parse);
        if (token.text === '[') return arrayConstructor(stream, start, parse);
        throw stream.fault(token);
      default:
        throw stream.fault(token);
    }
  }, infix);
  return parse;
}
