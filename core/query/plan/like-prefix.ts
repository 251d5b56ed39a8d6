// What a LIKE pattern says before its first wildcard.

export interface LikePrefix {
  /** The text that every match begins with. */
  readonly prefix: string;
  /** What follows it: nothing, any text, or something that must be tested. */
  readonly rest: 'none' | 'any' | 'pattern';
}

/** Of a pattern without escape character. A `[` that opens no set stands for itself, and ends the prefix all the same. */
export function prefixOfLike(pattern: string): LikePrefix {
  const end = pattern.search(/[%_[]/);
  if (end < 0) return { prefix: pattern, rest: 'none' };
  const rest = /^%+$/.test(pattern.slice(end)) ? 'any' : 'pattern';
  return { prefix: pattern.slice(0, end), rest };
}
