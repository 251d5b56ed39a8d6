// String functions. Lengths and positions count UTF-16 units, as the SDKs' languages do.

import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import { boundedArray, elementsOf, isArray } from '../elements.ts';
import { badRequest } from '../../../model/errors.ts';
import { checkTextLength } from '../limits.ts';
import { manyArguments, type FunctionRow } from './row.ts';

/** Characters REPLICATE may make, as Cosmos documents it. */
export const replicateLengthMax = 10_000;

/** The integer part of a number argument; undefined when it is no finite number. */
function integerOf(context: EvaluationContext, value: Value): number | undefined {
  const number = context.semantics.numberOf(value);
  return number === undefined || !Number.isFinite(number) ? undefined : Math.trunc(number);
}

type TextTest = (text: string, part: string) => boolean;

/** (text, part [, ignore case]). */
function test(name: string, compare: TextTest): FunctionRow {
  return {
    name,
    arity: [2, 3],
    evaluate: (_context, text, part, ignoreCase) => {
      if (typeof text !== 'string' || typeof part !== 'string') return undefined;
      return ignoreCase === true ? compare(text.toLowerCase(), part.toLowerCase()) : compare(text, part);
    },
  };
}

function mapText(name: string, map: (text: string) => string): FunctionRow {
  return {
    name,
    arity: [1, 1],
    evaluate: (_context, text) => {
      if (typeof text !== 'string') return undefined;
      const mapped = map(text);
      checkTextLength(mapped.length);
      return mapped;
    },
  };
}

/** (text, part, part, …): all or any of the parts are in the text. */
function containsMany(name: string, quantifier: 'every' | 'some', ignoreCase: boolean): FunctionRow {
  return {
    name,
    arity: [2, manyArguments],
    evaluate: (_context, text, ...parts) => {
      if (typeof text !== 'string') return undefined;
      const searched = ignoreCase ? text.toLowerCase() : text;
      const contains = (part: Value): boolean =>
        typeof part === 'string' && searched.includes(ignoreCase ? part.toLowerCase() : part);
      return quantifier === 'every' ? parts.every(contains) : parts.some(contains);
    },
  };
}

/** Strips blanks, or any of the characters given, from the sides. */
function trim(name: string, atStart: boolean, atEnd: boolean): FunctionRow {
  return {
    name,
    arity: [1, 2],
    evaluate: (_context, text, ...given) => {
      if (typeof text !== 'string') return undefined;
      if (given.length === 0) {
        const stripped = atStart ? text.trimStart() : text;
        return atEnd ? stripped.trimEnd() : stripped;
      }
      const [characters] = given;
      if (typeof characters !== 'string') return undefined;
      const strips = new Set(characters);
      let start = 0;
      let end = text.length;
      if (atStart) while (start < end && strips.has(text[start]!)) start++;
      if (atEnd) while (end > start && strips.has(text[end - 1]!)) end--;
      return text.slice(start, end);
    },
  };
}

/** What stands before or after a separator; empty when the text has none. */
function around(name: string, side: 'before' | 'after', which: 'first' | 'last'): FunctionRow {
  return {
    name,
    arity: [2, 2],
    evaluate: (_context, text, separator) => {
      if (typeof text !== 'string' || typeof separator !== 'string') return undefined;
      const at = which === 'first' ? text.indexOf(separator) : text.lastIndexOf(separator);
      if (at < 0) return '';
      return side === 'before' ? text.slice(0, at) : text.slice(at + separator.length);
    },
  };
}

function replace(text: string, part: string, replacement: string): string {
  if (part === '') return text;
  if (replacement.length > part.length) {
    let count = 0;
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
    checkTextLength(text.length + count * (replacement.length - part.length));
  }
  return text.replaceAll(part, () => replacement);
}

export const stringFunctions: readonly FunctionRow[] = [
  {
    name: 'CONCAT',
    arity: [2, manyArguments],
    evaluate: (_context, ...parts) => {
      let length = 0;
      for (const part of parts) {
        if (typeof part !== 'string') return undefined;
        checkTextLength((length += part.length));
      }
      return parts.join('');
    },
  },
  test('CONTAINS', (text, part) => text.includes(part)),
  test('ENDSWITH', (text, part) => text.endsWith(part)),
  test('STARTSWITH', (text, part) => text.startsWith(part)),
  test('STRINGEQUALS', (text, part) => text === part),
  containsMany('CONTAINSALLCI', 'every', true),
  containsMany('CONTAINSALLCS', 'every', false),
  containsMany('CONTAINSANYCI', 'some', true),
  containsMany('CONTAINSANYCS', 'some', false),
  {
    name: 'INDEX_OF',
    arity: [2, 3],
    evaluate: (context, text, part, ...from) => {
      if (typeof text !== 'string' || typeof part !== 'string') return undefined;
      const start = from.length === 0 ? 0 : integerOf(context, from[0]);
      return start === undefined ? undefined : text.indexOf(part, Math.max(0, start));
    },
  },
  {
    name: 'LASTINDEXOF',
    arity: [2, 3],
    evaluate: (context, text, part, ...from) => {
      if (typeof text !== 'string' || typeof part !== 'string') return undefined;
      if (from.length === 0) return text.lastIndexOf(part);
      const start = integerOf(context, from[0]);
      if (start === undefined) return undefined;
      return start < 0 ? -1 : text.lastIndexOf(part, start);
    },
  },
  {
    name: 'LEFT',
    arity: [2, 2],
    evaluate: (context, text, count) => {
      const length = integerOf(context, count);
      return typeof text !== 'string' || length === undefined ? undefined : text.slice(0, Math.max(0, length));
    },
  },
  {
    name: 'RIGHT',
    arity: [2, 2],
    evaluate: (context, text, count) => {
      const length = integerOf(context, count);
      if (typeof text !== 'string' || length === undefined) return undefined;
      return length <= 0 ? '' : text.slice(Math.max(0, text.length - length));
    },
  },
  {
    name: 'SUBSTRING',
    arity: [2, 3],
    evaluate: (context, text, start, ...count) => {
      const from = integerOf(context, start);
      const length = count.length === 0 ? Infinity : integerOf(context, count[0]);
      if (typeof text !== 'string' || from === undefined || length === undefined) return undefined;
      const first = Math.max(0, from);
      return length <= 0 ? '' : text.slice(first, first + length);
    },
  },
  {
    name: 'LENGTH',
    arity: [1, 1],
    evaluate: (_context, text) => (typeof text === 'string' ? text.length : undefined),
  },
  mapText('LOWER', (text) => text.toLowerCase()),
  mapText('UPPER', (text) => text.toUpperCase()),
  mapText('REVERSE', (text) => [...text].reverse().join('')),
  trim('TRIM', true, true),
  trim('LTRIM', true, false),
  trim('RTRIM', false, true),
  around('SUBSTRINGAFTER', 'after', 'first'),
  around('SUBSTRINGBEFORE', 'before', 'first'),
  around('LASTSUBSTRINGAFTER', 'after', 'last'),
  around('LASTSUBSTRINGBEFORE', 'before', 'last'),
  {
    name: 'REPLACE',
    arity: [3, 3],
    evaluate: (_context, text, part, replacement) => {
      if (typeof text !== 'string' || typeof part !== 'string' || typeof replacement !== 'string') return undefined;
      return replace(text, part, replacement);
    },
  },
  {
    name: 'REPLICATE',
    arity: [2, 2],
    evaluate: (context, text, times) => {
      const count = integerOf(context, times);
      if (typeof text !== 'string' || count === undefined || count < 0) return undefined;
      if (text.length * count > replicateLengthMax) {
        throw badRequest(`REPLICATE makes at most ${replicateLengthMax} characters`, 'query');
      }
      return text.repeat(count);
    },
  },
  {
    name: 'STRINGJOIN',
    arity: [2, 2],
    evaluate: (_context, array, separator) => {
      if (!isArray(array) || typeof separator !== 'string') return undefined;
      const parts = elementsOf(array);
      let length = 0;
      for (const part of parts) {
        if (typeof part !== 'string') return undefined;
        checkTextLength((length += part.length + separator.length));
      }
      return parts.join(separator);
    },
  },
  {
    name: 'STRINGSPLIT',
    arity: [2, 2],
    evaluate: (_context, text, separator) => {
      if (typeof text !== 'string' || typeof separator !== 'string' || separator === '') return undefined;
      return boundedArray(text.split(separator));
    },
  },
];
