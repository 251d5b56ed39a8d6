// The text with which every string begins that a pattern matches, as far as it can be read off the pattern: what an
// index of strings can be searched for. When in doubt it is shorter than it could be.

import type { Pattern } from '../../../model/predicate.ts';

export interface LiteralPrefix {
  readonly text: string;
  /** Every string that begins so matches. */
  readonly whole: boolean;
}

const none: LiteralPrefix = { text: '', whole: false };

/** Characters of a prefix that are read; an index keeps fewer. */
const charactersMax = 256;

const meta = new Set('\\^$.|?*+()[]{}');

export function literalPrefix({ source, options }: Pattern): LiteralPrefix {
  // `i` and `x` change what characters stand for, `m` where `^` matches; a branch may begin otherwise.
  if (!source.startsWith('^') || /[imx]/.test(options) || source.includes('|')) return none;
  const characters = [...source];
  let text = '';
  let at = 1;
  while (at < characters.length && at <= charactersMax) {
    let character = characters[at]!;
    let next = at + 1;
    if (character === '\\') {
      const escaped = characters[next];
      // An escaped letter or digit means something; anything else is itself.
      if (escaped === undefined || !/[!-/:-@[-`{-~]/.test(escaped)) break;
      character = escaped;
      next++;
    } else if (meta.has(character)) break;
    const quantifier = characters[next];
    if (quantifier === '*' || quantifier === '?' || quantifier === '{') break;
    text += character;
    at = next;
    if (quantifier === '+') break;
  }
  const rest = characters.slice(at).join('');
  return { text, whole: text !== '' && (rest === '' || rest === '.*') };
}
