// LIKE: `%` any text, `_` one character, `[abc]`, `[a-f]`, `[^a-f]` one character of or not of a set; an escape
// character takes the next one as it is. The pattern is cut at its `%` into pieces that are searched one after the
// other from the left: no backtracking, so the work is at most the text's length times the longest piece.

import { DatabaseError } from '../../../model/errors.ts';

/** UTF-16 units a pattern may have: with the longest text this bounds the work of one match. */
export const likePatternLengthMax = 1_024;

interface CharacterSet {
  readonly negated: boolean;
  /** Pairs of first and last code point. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** One position of a piece: a code point, any one character, or one of a set. */
type Position = number | 'any' | CharacterSet;

function matchesAt(position: Position, codePoint: number): boolean {
  if (typeof position === 'number') return position === codePoint;
  if (position === 'any') return true;
  const within = position.ranges.some(([first, last]) => codePoint >= first && codePoint <= last);
  return within !== position.negated;
}

/** Reads `[…]` that starts at `at`; undefined when it is not closed and so stands for itself. */
function readSet(characters: readonly string[], at: number): { set: CharacterSet; end: number } | undefined {
  const close = characters.indexOf(']', at + 2);
  if (close < 0) return undefined;
  let from = at + 1;
  const negated = characters[from] === '^';
  if (negated) from++;
  const ranges: (readonly [number, number])[] = [];
  for (let i = from; i < close; i++) {
    const first = characters[i]!.codePointAt(0)!;
    if (characters[i + 1] === '-' && i + 2 < close) {
      ranges.push([first, characters[i + 2]!.codePointAt(0)!]);
      i += 2;
    } else ranges.push([first, first]);
  }
  return { set: { negated, ranges }, end: close };
}

/** The pieces between the `%` of the pattern, or undefined when the escape character ends it. */
function piecesOf(pattern: string, escape: string | undefined): Position[][] | undefined {
  const characters = [...pattern];
  const pieces: Position[][] = [[]];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    const piece = pieces[pieces.length - 1]!;
    if (character === escape) {
      const escaped = characters[++i];
      if (escaped === undefined) return undefined;
      piece.push(escaped.codePointAt(0)!);
    } else if (character === '%') pieces.push([]);
    else if (character === '_') piece.push('any');
    else if (character === '[') {
      const found = readSet(characters, i);
      if (found === undefined) piece.push(character.codePointAt(0)!);
      else {
        piece.push(found.set);
        i = found.end;
      }
    } else piece.push(character.codePointAt(0)!);
  }
  return pieces;
}

function codePointsOf(text: string): Int32Array {
  const points = new Int32Array(text.length);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    if (point > 0xffff) i++;
    points[count++] = point;
  }
  return points.subarray(0, count);
}

function fits(piece: readonly Position[], points: Int32Array, at: number): boolean {
  for (let i = 0; i < piece.length; i++) if (!matchesAt(piece[i]!, points[at + i]!)) return false;
  return true;
}

export type LikeTest = (text: string) => boolean;

/** The test of a pattern, or undefined when the pattern has none (it ends in its escape character). */
export function compileLike(pattern: string, escape: string | undefined): LikeTest | undefined {
  if (pattern.length > likePatternLengthMax) {
    throw new DatabaseError('BadRequest', `a LIKE pattern is longer than ${likePatternLengthMax} characters`, {
      argument: 'pattern',
    });
  }
  const pieces = piecesOf(pattern, escape);
  if (pieces === undefined) return undefined;
  const simple = pieces.every((piece) => piece.every((position) => typeof position === 'number'));
  if (simple && pieces.length <= 3) {
    const texts = pieces.map((piece) => String.fromCodePoint(...(piece as number[])));
    const [first, second, third] = texts as [string, string | undefined, string | undefined];
    if (second === undefined) return (text) => text === first;
    if (third === undefined) {
      return (text) => text.length >= first.length + second.length && text.startsWith(first) && text.endsWith(second);
    }
    if (first === '' && third === '') return (text) => text.includes(second);
  }
  return (text) => matchPieces(pieces, codePointsOf(text));
}

function matchPieces(pieces: readonly (readonly Position[])[], points: Int32Array): boolean {
  const first = pieces[0]!;
  if (pieces.length === 1) return points.length === first.length && fits(first, points, 0);
  const last = pieces[pieces.length - 1]!;
  const end = points.length - last.length;
  if (first.length > end || !fits(first, points, 0) || !fits(last, points, end)) return false;
  let at = first.length;
  for (let p = 1; p < pieces.length - 1; p++) {
    const piece = pieces[p]!;
    while (at + piece.length <= end && !fits(piece, points, at)) at++;
    if (at + piece.length > end) return false;
    at += piece.length;
  }
  return true;
}
