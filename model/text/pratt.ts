// A Pratt parser's core: a token stream with exact offsets, bounded depth, and operator tables by binding power.
// A language adds its prefix rules (literals, names, parentheses) and rows for its operators; chains of one
// left-associative operator are parsed by a loop, so a thousand ORs cost no depth.

import { DatabaseError } from '../errors.ts';
import type { Lexer, Token } from './lexer.ts';

/** Levels of nesting one query text may have. Each costs several frames of the parser's and compiler's stack. */
export const queryDepthMax = 128;

export class TokenStream {
  readonly text: string;
  readonly #tokens: readonly Token[];
  readonly #syntaxError: (stream: TokenStream, token: Token) => DatabaseError;
  #at = 0;
  #depth = 0;

  constructor(text: string, lexer: Lexer, syntaxError: (stream: TokenStream, token: Token) => DatabaseError) {
    this.text = text;
    this.#tokens = lexer(text);
    this.#syntaxError = syntaxError;
  }

  /** The token at hand, or one further on. Past the end it stays at the end token. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? this.#tokens[this.#tokens.length - 1]!;
  }

  /** The token before the one at hand. */
  get previous(): Token {
    return this.#tokens[Math.max(0, this.#at - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  isKeyword(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'keyword' && token.text === word;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'symbol' && token.text === symbol;
  }

  /** True when the token is a name spelling this word, whatever its case: a word with a meaning in one place only. */
  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'name' && token.text.length === word.length && token.text.toUpperCase() === word;
  }

  takeKeyword(word: string): boolean {
    const is = this.isKeyword(word);
    if (is) this.#at++;
    return is;
  }

  takeSymbol(symbol: string): boolean {
    const is = this.isSymbol(symbol);
    if (is) this.#at++;
    return is;
  }

  expectKeyword(word: string): Token {
    if (!this.isKeyword(word)) throw this.fault();
    return this.next();
  }

  expectSymbol(symbol: string): Token {
    if (!this.isSymbol(symbol)) throw this.fault();
    return this.next();
  }

  /** The language's syntax error at this token. */
  fault(token: Token = this.peek()): DatabaseError {
    return this.#syntaxError(this, token);
  }

  /** Runs a rule one level deeper. */
  nested<T>(rule: () => T): T {
    if (++this.#depth > queryDepthMax) {
      throw new DatabaseError('BadRequest', `the query is nested deeper than ${queryDepthMax} levels`, {
        argument: 'query',
        offset: this.peek().start,
      });
    }
    try {
      return rule();
    } finally {
      this.#depth--;
    }
  }
}

export interface InfixRule<Node> {
  /** How strongly it holds its left operand; higher is tighter. */
  readonly power: number;
  /** Builds the node; the operator's token was taken already. `right(power)` parses the operand to its right. */
  readonly parse: (left: Node, stream: TokenStream, right: (power: number) => Node, operator: Token) => Node;
}

/** A parser of expressions from one prefix rule and a way to find the infix rule of the token at hand. */
export function createExpressionParser<Node>(
  prefix: (stream: TokenStream, right: (power: number) => Node) => Node,
  infix: (stream: TokenStream) => InfixRule<Node> | undefined,
): (stream: TokenStream, power?: number) => Node {
  function parse(stream: TokenStream, power = 0): Node {
    return stream.nested(() => {
      const right = (rightPower: number): Node => parse(stream, rightPower);
      let left = prefix(stream, right);
      for (;;) {
        const rule = infix(stream);
        if (rule === undefined || rule.power <= power) return left;
        left = rule.parse(left, stream, right, stream.next());
      }
    });
  }
  return parse;
}
