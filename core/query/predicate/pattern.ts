// Regular expressions from callers, on a linear-time engine (re2js): no pattern can hold the process. Patterns
// that are plain text, with or without a leading anchor, are searched as bytes. What the engine cannot do in
// linear time (look-around, back-references) is refused when the pattern is compiled.

import { RE2JS } from 're2js';
import { readInt32, textOf, utf8 } from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { DatabaseError } from '../../../model/errors.ts';
import type { Pattern } from '../../../model/predicate.ts';
import type { ValueTest } from './path.ts';

/** Characters of a pattern, as MongoDB bounds them. */
export const patternCharactersMax = 32_764;

const plainText = /^\^?[^\\^$.|?*+()[\]{}]+$/;

/** Matches strings and symbols; a stored regular expression matches when it is the same one. */
export function compilePattern(pattern: Pattern): ValueTest {
  const found = compileSearch(pattern);
  const stored = utf8(`${pattern.source}\0${[...pattern.options].sort().join('')}\0`);
  return (bytes, type, at) => {
    if (type === BsonType.string || type === BsonType.symbol)
      return found(bytes, at + 4, at + 3 + readInt32(bytes, at));
    if (type !== BsonType.regex) return false;
    for (let i = 0; i < stored.length; i++) if (bytes[at + i] !== stored[i]) return false;
    return true;
  };
}

/** A search in the text [start, end). */
export type TextSearch = (bytes: Uint8Array, start: number, end: number) => boolean;

export function compileSearch(pattern: Pattern): TextSearch {
  const { source, options } = pattern;
  if (options === '' && plainText.test(source)) {
    return source.startsWith('^') ? startsWith(utf8(source.slice(1))) : contains(utf8(source));
  }
  const engine = compileRegex(pattern);
  return (bytes, start, end) => engine.test(textOf(bytes, start, end));
}

/** The same search in a text that is a string already. */
export function compileTextTest(pattern: Pattern): (text: string) => boolean {
  const { source, options } = pattern;
  if (options === '' && plainText.test(source))
    return source.startsWith('^') ? (text) => text.startsWith(source.slice(1)) : (text) => text.includes(source);
  const engine = compileRegex(pattern);
  return (text) => engine.test(text);
}

/** The pattern on the linear-time engine. Throws BadRequest for what it refuses. */
export function compileRegex({ source, options }: Pattern): RE2JS {
  if (source.length > patternCharactersMax) throw refused('Regular expression is too long');
  let flags = 0;
  if (options.includes('i')) flags |= RE2JS.CASE_INSENSITIVE;
  if (options.includes('m')) flags |= RE2JS.MULTILINE;
  if (options.includes('s')) flags |= RE2JS.DOTALL;
  try {
    return RE2JS.compile(options.includes('x') ? withoutLayout(source) : source, flags);
  } catch (cause) {
    throw refused('Regular expression is invalid, or needs what no linear-time engine offers', cause);
  }
}

function refused(message: string, cause?: unknown): DatabaseError {
  return new DatabaseError('BadRequest', message, { argument: '$regex', cause });
}

function startsWith(prefix: Uint8Array): TextSearch {
  return (bytes, start, end) => {
    if (end - start < prefix.length) return false;
    for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
    return true;
  };
}

function contains(part: Uint8Array): TextSearch {
  const first = part[0]!;
  return (bytes, start, end) => {
    const last = end - part.length;
    for (let at = start; at <= last; at++) {
      if (bytes[at] !== first) continue;
      let i = 1;
      while (i < part.length && bytes[at + i] === part[i]) i++;
      if (i === part.length) return true;
    }
    return false;
  };
}

/** Option x: white space and `#` comments outside classes are layout, unless escaped. */
function withoutLayout(source: string): string {
  let text = '';
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const character = source[i]!;
    if (character === '\\') {
      const next = source[i + 1];
      // The engine has no escape for a space: it is an ordinary character there.
      text += next !== undefined && /\s/.test(next) ? next : character + (next ?? '');
      i++;
    } else if (inClass) {
      text += character;
      if (character === ']') inClass = false;
    } else if (character === '[') {
      inClass = true;
      text += character;
    } else if (character === '#') {
      while (i + 1 < source.length && source[i + 1] !== '\n') i++;
    } else if (!/\s/.test(character)) {
      text += character;
    }
  }
  return text;
}
