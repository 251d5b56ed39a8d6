// `$filter` → tree. Total: any text gives a tree or a refusal. From loosest to tightest: or, and, not, comparison.
//
// It is parsed by two explicit stacks, not by recursion: client libraries that combine conditions pair by pair put
// each pair in parentheses, so that a thousand conditions stand a thousand levels deep. Chains of one operator are
// flat in the tree, whatever their parentheses; how deep different ones nest is bounded (`depthMax`), and so what
// walks the tree may recurse.
//
// Source: OData v3 URL conventions, section 5.1.2; "Querying tables and entities" (Azure Storage REST reference). What
// an error says, and the position it tells, is what the service says, which reads filters by Microsoft.Data.OData
// (recorded by azure-sdk-for-python, `test_query_invalid_filter`; Azurite issue 1185; azure-storage-node issue 316;
// functions: azure-sdk-for-js issue 19494), without the filter's text, which the service repeats.

import { queryTextLengthMax, type Token } from '../../../model/text/lexer.ts';
import { refusal } from '../errors.ts';
import {
  booleanLiteral,
  doubleLiteral,
  doubleOfWord,
  numberLiteral,
  quotedLiteral,
  stringLiteral,
  typeBefore,
  type Literal,
} from './literal.ts';
import { lexFilter } from './tokens.ts';

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  /** The property stands on the left, wherever it stood in the text. */
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly property: string; readonly literal: Literal }
  /** Two literals. */
  | { readonly kind: 'compareLiterals'; readonly operator: Comparison; readonly left: Literal; readonly right: Literal }
  /** A property by itself: true when it is the boolean true. */
  | { readonly kind: 'flag'; readonly property: string }
  | { readonly kind: 'constant'; readonly value: boolean };

/** Levels of and, or and not in each other, after chains have become flat. */
const depthMax = 128;

/** Comparisons of one filter. The service documents 15 and takes more; each costs a term of the index. */
export const comparisonsMax = 32768;

/** What stands on the operand stack: values wait for a comparison, conditions for and, or and not. */
type Operand =
  | { readonly kind: 'property'; readonly name: string; readonly start: number }
  | { readonly kind: 'literal'; readonly literal: Literal; readonly start: number }
  | Condition;

interface Condition {
  readonly kind: 'condition';
  readonly expression: Expression;
  /** The same array as in the expression, while it may grow: of `and` and `or`. */
  readonly of: Expression[] | undefined;
  readonly depth: number;
  readonly start: number;
}

type Operator = 'or' | 'and' | 'not' | Comparison;

interface Pending {
  readonly operator: Operator | '(';
  readonly start: number;
}

const powers: Readonly<Record<Operator | '(', number>> = {
  '(': 0,
  or: 1,
  and: 2,
  not: 3,
  eq: 4,
  ne: 4,
  gt: 4,
  ge: 4,
  lt: 4,
  le: 4,
};

/** The comparison that holds when the sides are exchanged. */
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
};

/** Operators of OData that the service does not have. */
const arithmetic: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'mod']);

function invalid(sentence: string): Error {
  return refusal('InvalidInput', '$filter', sentence);
}

function syntaxError(position: number): Error {
  return invalid(`Syntax error at position ${position}.`);
}

/** Where an operand should stand. */
function noOperand({ kind, text, start, end }: Token): Error {
  if (kind === 'fault' && text.startsWith("'"))
    return invalid(`There is an unterminated string literal at position ${end}.`);
  return invalid(`Expression expected at position ${start}.`);
}

/** The tree of a filter that is not blank. Throws InvalidInput, and NotImplemented for what OData has beyond it. */
export function parseExpression(text: string): Expression {
  if (text.length > queryTextLengthMax) throw refusal('InvalidInput', '$filter');
  return new Parser(lexFilter(text)).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #operands: Operand[] = [];
  readonly #pending: Pending[] = [];
  #at = 0;
  #comparisons = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    for (;;) {
      this.#operand();
      while (this.#peek().text === ')' && this.#peek().kind === 'symbol') this.#close();
      const token = this.#peek();
      if (token.kind === 'end') break;
      this.#infix(token);
      this.#at++;
    }
    this.#reduceAbove(1);
    if (this.#pending.length > 0) throw this.#unexpected();
    const last = this.#operands.at(-1);
    if (last?.kind === 'literal' && last.literal.type !== 'Edm.Boolean')
      throw invalid('The $filter expression must evaluate to a single boolean value.');
    return this.#condition().expression;
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  /** The next token goes on with nothing: the service tells where it ends, a sign before a number being part of it. */
  #unexpected(): Error {
    const { text, start, end } = this.#peek();
    if (this.#pending.some(({ operator }) => operator === '('))
      return invalid(`')' or operator expected at position ${start}.`);
    const next = text === '-' ? this.#tokens[this.#at + 1] : undefined;
    return syntaxError(next?.kind === 'number' && next.start === end ? next.end : end);
  }

  /** Prefixes and one operand. */
  #operand(): void {
    for (;;) {
      const token = this.#tokens[this.#at++]!;
      const { kind, text, start } = token;
      if (kind === 'symbol' && text === '(') this.#pending.push({ operator: '(', start });
      else if (kind === 'name' && text === 'not') this.#pending.push({ operator: 'not', start });
      else {
        this.#operands.push(this.#value(token));
        return;
      }
    }
  }

  #value(token: Token): Operand {
    const { kind, text, start } = token;
    switch (kind) {
      case 'string':
        return { kind: 'literal', literal: stringLiteral(text), start };
      case 'number':
        return { kind: 'literal', literal: number(token, false), start };
      case 'name':
        return this.#named(token);
      case 'symbol':
        if (text === '-') return { kind: 'literal', literal: this.#negative(), start };
        throw noOperand(token);
      default:
        throw noOperand(token);
    }
  }

  #negative(): Literal {
    const token = this.#tokens[this.#at++]!;
    if (token.kind === 'number') return number(token, true);
    const value = token.kind === 'name' ? doubleOfWord(token.text, true) : undefined;
    if (value !== undefined) return doubleLiteral(-value);
    // Of anything else the negative would be arithmetic.
    throw token.kind === 'name' ? refusal('NotImplemented', '$filter') : noOperand(token);
  }

  #named({ text, start, end }: Token): Operand {
    const after = this.#peek();
    if (after.kind === 'string' && after.start === end) {
      const type = typeBefore(text);
      if (type === undefined) throw this.#unexpected();
      this.#at++;
      const literal = quotedLiteral(type, after.text);
      if (literal === undefined) throw notOfType(type, start);
      return { kind: 'literal', literal, start };
    }
    // A call of a function.
    if (after.kind === 'symbol' && after.text === '(') throw refusal('NotImplemented', '$filter');
    if (text === 'null') throw refusal('InvalidInput', '$filter');
    const flag = booleanOfWord(text);
    if (flag !== undefined) return { kind: 'literal', literal: booleanLiteral(flag), start };
    const pending = this.#pending.at(-1);
    const isRight = pending !== undefined && powers[pending.operator] === powers.eq;
    const double = doubleOfWord(text, isRight);
    if (double !== undefined) return { kind: 'literal', literal: doubleLiteral(double), start };
    return { kind: 'property', name: text, start };
  }

  #infix({ kind, text, start }: Token): void {
    if (kind === 'name' && arithmetic.has(text)) throw refusal('NotImplemented', '$filter');
    if (kind !== 'name' || text === 'not' || !isOperator(text)) throw this.#unexpected();
    this.#reduceAbove(powers[text]);
    this.#pending.push({ operator: text, start });
  }

  /** Takes a closing parenthesis. */
  #close(): void {
    this.#reduceAbove(1);
    if (this.#pending.pop() === undefined) throw syntaxError(this.#peek().end);
    this.#at++;
  }

  /** Applies what is pending and holds at least so tightly. */
  #reduceAbove(power: number): void {
    for (
      let top = this.#pending.at(-1);
      top !== undefined && powers[top.operator] >= power;
      top = this.#pending.at(-1)
    ) {
      this.#pending.pop();
      const { operator, start } = top;
      if (operator === '(') return;
      if (operator === 'not') this.#operands.push(negation(this.#condition(), start));
      else if (operator === 'and' || operator === 'or') {
        const right = this.#condition();
        this.#operands.push(chain(operator, this.#condition(), right));
      } else {
        const right = this.#operands.pop()!;
        this.#operands.push(this.#compared(operator, this.#operands.pop()!, right, start));
      }
    }
  }

  #compared(operator: Comparison, left: Operand, right: Operand, start: number): Condition {
    if (++this.#comparisons > comparisonsMax) throw refusal('InvalidInput', '$filter');
    if (left.kind === 'condition' || right.kind === 'condition') throw syntaxError(start);
    if (left.kind === 'property') {
      // The service compares properties with literals only.
      if (right.kind === 'property') throw refusal('NotImplemented', '$filter');
      return single({ kind: 'compare', operator, property: left.name, literal: right.literal }, left.start);
    }
    if (right.kind === 'property')
      return single(
        { kind: 'compare', operator: mirrored[operator], property: right.name, literal: left.literal },
        left.start,
      );
    return single({ kind: 'compareLiterals', operator, left: left.literal, right: right.literal }, left.start);
  }

  /** The last operand as a condition. */
  #condition(): Condition {
    const operand = this.#operands.pop()!;
    if (operand.kind === 'condition') return operand;
    const { start } = operand;
    if (operand.kind === 'property') return single({ kind: 'flag', property: operand.name }, start);
    const { type, raw } = operand.literal;
    if (type !== 'Edm.Boolean') throw syntaxError(start);
    return single({ kind: 'constant', value: raw.bytes[raw.start] === 1 }, start);
  }
}

function isOperator(word: string): word is Operator {
  return Object.hasOwn(powers, word) && word !== '(';
}

/** Clients of several languages write their own literals, `True` among them. */
function booleanOfWord(word: string): boolean | undefined {
  if (word === 'true') return true;
  if (word === 'false') return false;
  if (word.length > 5) return undefined;
  const lower = word.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

function number({ text, start }: Token, isNegative: boolean): Literal {
  const literal = numberLiteral(text, isNegative);
  if (literal === undefined) throw syntaxError(start);
  if (typeof literal === 'string') throw notOfType(literal, start);
  return literal;
}

function notOfType(type: string, start: number): Error {
  return invalid(`Unrecognized '${type}' literal at '${start}'.`);
}

function single(expression: Expression, start: number): Condition {
  return { kind: 'condition', expression, of: undefined, depth: 0, start };
}

function nested(depth: number): number {
  if (depth >= depthMax) throw invalid('Recursion depth exceeded allowed limit.');
  return depth + 1;
}

function negation({ expression, depth }: Condition, start: number): Condition {
  if (expression.kind === 'not') return { ...single(expression.of, start), depth: depth - 1 };
  return { ...single({ kind: 'not', of: expression }, start), depth: nested(depth) };
}

/** Joins two conditions. Of chains of this kind the longer one takes the other in, so that no chain costs its square. */
function chain(kind: 'and' | 'or', left: Condition, right: Condition): Condition {
  const leftOf = left.expression.kind === kind ? left.of : undefined;
  const rightOf = right.expression.kind === kind ? right.of : undefined;
  const isLeftKept = leftOf !== undefined && leftOf.length >= (rightOf?.length ?? 0);
  const kept = isLeftKept ? left : rightOf === undefined ? undefined : right;
  if (kept?.of === undefined) {
    const of = [left.expression, right.expression];
    const depth = nested(Math.max(left.depth, right.depth));
    return { kind: 'condition', expression: { kind, of }, of, depth, start: left.start };
  }
  const other = isLeftKept ? right : left;
  const added = isLeftKept ? rightOf : leftOf;
  if (added === undefined) kept.of.push(other.expression);
  else for (const each of added) kept.of.push(each);
  const inner = added === undefined ? nested(other.depth) : other.depth;
  return { ...kept, depth: Math.max(kept.depth, inner), start: left.start };
}
