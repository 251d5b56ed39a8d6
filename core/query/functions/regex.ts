// Regular expressions of users, matched in linear time by re2js: never by V8's backtracking engine.
// Compiled patterns are remembered per execution, a bounded number of them.

import { RE2JS } from 're2js';
import { badRequest } from '../../../model/errors.ts';
import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import { ArrayBuilder } from '../elements.ts';
import type { FunctionRow } from './row.ts';

/** Compiled patterns kept per execution; patterns that vary by row pass through. */
const regexesMax = 64;
/** Characters of one pattern: its automaton's size is proportional. */
const patternLengthMax = 8_192;

export class RegexCache {
  readonly #compiled = new Map<string, RE2JS>();

  get(pattern: string, modifiers: string): RE2JS {
    const key = `${modifiers}/${pattern}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiled = compile(pattern, modifiers);
    if (this.#compiled.size >= regexesMax) this.#compiled.clear();
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

function compile(pattern: string, modifiers: string): RE2JS {
  if (pattern.length > patternLengthMax) {
    throw badRequest(`a regular expression is longer than ${patternLengthMax} characters`, 'pattern');
  }
  let flags = 0;
  let source = pattern;
  for (const modifier of modifiers) {
    if (modifier === 'i') flags |= RE2JS.CASE_INSENSITIVE;
    else if (modifier === 'm') flags |= RE2JS.MULTILINE;
    else if (modifier === 's') flags |= RE2JS.DOTALL;
    else if (modifier === 'x') source = withoutBlanks(source);
    else throw badRequest('a regular expression modifier is not one of m, s, i, x', 'modifiers');
  }
  try {
    return RE2JS.compile(source, flags);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw badRequest('the regular expression is not valid, or needs look-around or back-references', 'pattern');
  }
}

/** The modifier `x`: blanks outside a character set do not count, unless escaped. */
function withoutBlanks(pattern: string): string {
  let kept = '';
  let inSet = false;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === '\\') {
      kept += character + (pattern[++i] ?? '');
      continue;
    }
    if (character === '[') inSet = true;
    else if (character === ']') inSet = false;
    if (inSet || !/\s/.test(character)) kept += character;
  }
  return kept;
}

function prepared(context: EvaluationContext, text: Value, pattern: Value, given: readonly Value[]): RE2JS | undefined {
  const modifiers = given.length === 0 ? '' : given[0];
  if (typeof text !== 'string' || typeof pattern !== 'string' || typeof modifiers !== 'string') return undefined;
  return context.regexes.get(pattern, modifiers);
}

export const regexFunctions: readonly FunctionRow[] = [
  {
    name: 'REGEXMATCH',
    arity: [2, 3],
    evaluate: (context, text, pattern, ...modifiers) =>
      prepared(context, text, pattern, modifiers)
        ?.matcher(text as string)
        .find(),
  },
  {
    name: 'REGEXEXTRACT',
    arity: [2, 3],
    evaluate: (context, text, pattern, ...modifiers) => {
      const matcher = prepared(context, text, pattern, modifiers)?.matcher(text as string);
      return matcher?.find() === true ? (matcher.group() ?? undefined) : undefined;
    },
  },
  {
    name: 'REGEXEXTRACTALL',
    arity: [2, 3],
    evaluate: (context, text, pattern, ...modifiers) => {
      const matcher = prepared(context, text, pattern, modifiers)?.matcher(text as string);
      if (matcher === undefined) return undefined;
      const matches = new ArrayBuilder();
      while (matcher.find()) matches.push(matcher.group());
      return matches.finish();
    },
  },
];
