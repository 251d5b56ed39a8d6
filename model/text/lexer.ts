// Text → tokens for every query language of ours, driven by one table per language.
// Offsets are exact (UTF-16 units, start inclusive, end exclusive). The whole text becomes tokens before parsing:
// its length is bounded, so is their number. A fault is an error token, so that the parser alone words the error.

import { badRequest, DatabaseError } from '../errors.ts';

/** Units of text one query may have: Cosmos's own limit is 512 KB. */
export const queryTextLengthMax = 512 * 1024;

export type TokenKind = 'name' | 'keyword' | 'number' | 'string' | 'parameter' | 'symbol' | 'fault' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** As written; for a keyword in capitals, for a string its value. */
  readonly text: string;
}

export interface LexerTable {
  /** Words that are never names, in capitals; matched whatever their case. */
  readonly keywords: ReadonlySet<string>;
  /** Operators and punctuation; the longest that fits wins. */
  readonly symbols: readonly string[];
  /** Quote characters that enclose strings. */
  readonly quotes: string;
  /** How a quote is written inside a string: `\"`, `""`, or either. */
  readonly quoteEscape: 'backslash' | 'double' | 'either';
  /** The character before a parameter's name, or undefined when the language has none. */
  readonly parameterMark: string | undefined;
  /** Starts a comment up to the end of the line. */
  readonly lineComment: string | undefined;
  /** Letters of which one may end a number and belong to it, as in `123L`. */
  readonly numberSuffixes?: string | undefined;
}

export type Lexer = (text: string) => readonly Token[];

const simpleEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '/': '/',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

function isNameStart(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || unit === 95 || unit === 36 || unit > 0x7f;
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}

function isBlank(unit: number): boolean {
  return unit === 32 || (unit >= 9 && unit <= 13) || unit === 0xa0 || unit === 0xfeff || unit === 0x3000;
}

/** The index after a number that starts at `at`, or -1 when what stands there is none. */
function numberEnd(text: string, at: number, suffixes: string): number {
  let end = at;
  if (text[end] === '0' && /[xX]/.test(text[end + 1] ?? '')) {
    end += 2;
    const first = end;
    while (/[0-9a-fA-F]/.test(text[end] ?? '')) end++;
    return end > first ? end : -1;
  }
  while (isDigit(text.charCodeAt(end))) end++;
  if (text[end] === '.') {
    const fraction = end + 1;
    let fractionEnd = fraction;
    while (isDigit(text.charCodeAt(fractionEnd))) fractionEnd++;
    if (fractionEnd === fraction && end === at) return -1;
    end = fractionEnd;
  }
  if (text[end] === 'e' || text[end] === 'E') {
    let exponent = end + 1;
    if (text[exponent] === '+' || text[exponent] === '-') exponent++;
    if (!isDigit(text.charCodeAt(exponent))) return -1;
    while (isDigit(text.charCodeAt(exponent))) exponent++;
    end = exponent;
  }
  if (end < text.length && suffixes.includes(text[end]!)) end++;
  // `12abc` is a mistake, not a number followed by a name.
  return isNameStart(text.charCodeAt(end)) ? -1 : end;
}

/** Reads the string whose opening quote is at `at`: its value and the index after the closing quote, or undefined. */
function readString(
  text: string,
  at: number,
  escape: LexerTable['quoteEscape'],
): { value: string; end: number } | undefined {
  const quote = text[at]!;
  let value = '';
  let plain = at + 1;
  for (let i = at + 1; i < text.length; i++) {
    const unit = text[i]!;
    if (unit === quote) {
      if (escape !== 'backslash' && text[i + 1] === quote) {
        value += text.slice(plain, i + 1);
        plain = i + 2;
        i++;
        continue;
      }
      return { value: value + text.slice(plain, i), end: i + 1 };
    }
    if (unit === '\\' && escape !== 'double') {
      value += text.slice(plain, i);
      const next = text[i + 1];
      if (next === 'u') {
        const digits = text.slice(i + 2, i + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined;
        value += String.fromCharCode(parseInt(digits, 16));
        i += 5;
      } else {
        const plainCharacter = next === undefined ? undefined : simpleEscapes[next];
        if (plainCharacter === undefined || !Object.hasOwn(simpleEscapes, next!)) return undefined;
        value += plainCharacter;
        i++;
      }
      plain = i + 1;
    }
  }
  return undefined;
}

/** A lexer for the language of the table. */
export function createLexer(table: LexerTable): Lexer {
  const symbols = new Map<string, string[]>();
  for (const symbol of [...table.symbols].sort((a, b) => b.length - a.length)) {
    const first = symbol[0]!;
    const sameStart = symbols.get(first);
    if (sameStart === undefined) symbols.set(first, [symbol]);
    else sameStart.push(symbol);
  }
  const longestKeyword = Math.max(0, ...[...table.keywords].map((keyword) => keyword.length));

  return (text) => {
    if (text.length > queryTextLengthMax) {
      throw new DatabaseError('TooLarge', `the query text is longer than ${queryTextLengthMax} characters`, {
        argument: 'query',
      });
    }
    const tokens: Token[] = [];
    let at = 0;
    while (at < text.length) {
      const unit = text.charCodeAt(at);
      if (isBlank(unit)) {
        at++;
        continue;
      }
      if (table.lineComment !== undefined && text.startsWith(table.lineComment, at)) {
        while (at < text.length && text[at] !== '\n') at++;
        continue;
      }
      const character = text[at]!;
      if (isNameStart(unit)) {
        let end = at + 1;
        while (end < text.length && (isNameStart(text.charCodeAt(end)) || isDigit(text.charCodeAt(end)))) end++;
        const name = text.slice(at, end);
        const capitals = name.length <= longestKeyword ? name.toUpperCase() : name;
        if (table.keywords.has(capitals)) tokens.push({ kind: 'keyword', start: at, end, text: capitals });
        else tokens.push({ kind: 'name', start: at, end, text: name });
        at = end;
      } else if (isDigit(unit) || (character === '.' && isDigit(text.charCodeAt(at + 1)))) {
        const end = numberEnd(text, at, table.numberSuffixes ?? '');
        if (end < 0) {
          let faultEnd = at + 1;
          while (faultEnd < text.length && /[\w.]/.test(text[faultEnd]!)) faultEnd++;
          tokens.push({ kind: 'fault', start: at, end: faultEnd, text: text.slice(at, faultEnd) });
          at = faultEnd;
        } else {
          tokens.push({ kind: 'number', start: at, end, text: text.slice(at, end) });
          at = end;
        }
      } else if (table.quotes.includes(character)) {
        const string = readString(text, at, table.quoteEscape);
        if (string === undefined) {
          tokens.push({ kind: 'fault', start: at, end: text.length, text: text.slice(at) });
          at = text.length;
        } else {
          tokens.push({ kind: 'string', start: at, end: string.end, text: string.value });
          at = string.end;
        }
      } else if (character === table.parameterMark && isNameOrDigit(text.charCodeAt(at + 1))) {
        let end = at + 1;
        while (end < text.length && isNameOrDigit(text.charCodeAt(end))) end++;
        tokens.push({ kind: 'parameter', start: at, end, text: text.slice(at, end) });
        at = end;
      } else {
        const symbol = symbols.get(character)?.find((candidate) => text.startsWith(candidate, at));
        const end = at + (symbol?.length ?? 1);
        tokens.push({ kind: symbol === undefined ? 'fault' : 'symbol', start: at, end, text: text.slice(at, end) });
        at = end;
      }
    }
    tokens.push({ kind: 'end', start: text.length, end: text.length, text: '' });
    return tokens;
  };
}

function isNameOrDigit(unit: number): boolean {
  return isNameStart(unit) || isDigit(unit);
}

/** The double a number token spells. */
export function numberOfToken(token: Token): number {
  const value = Number(token.text);
  if (!Number.isFinite(value)) throw badRequest('a number literal is out of range', 'query', token.start);
  return value;
}
