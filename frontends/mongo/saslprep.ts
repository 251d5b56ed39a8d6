// SASLprep (RFC 4013), the profile of stringprep that SCRAM-SHA-256 applies to passwords, so that the same
// password typed on two keyboards gives the same bytes. The mapping, normalisation and prohibition steps are
// kept; the right-to-left check of RFC 3454 section 6 is not: it could only refuse a password its owner chose.

import { MongoCode, MongoError } from './errors.ts';

/** Table C.1.2: spaces other than U+0020 are written as one. */
const otherSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;

/** Table B.1: characters that are commonly written by accident and mean nothing. */
const mappedToNothing = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;

/** Tables C.2.1 to C.9: controls, private use, non-characters, surrogates, change of display, tags. */
const prohibited =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffd\u2ff0-\u2ffb\u0340\u0341\u200e\u200f\u202a-\u202e\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;

const printableAscii = /^[\u0020-\u007e]*$/;

/** The prepared form of a password. Throws BadValue for a character that SASLprep prohibits. */
export function saslPrep(text: string): string {
  if (printableAscii.test(text)) return text;
  const prepared = text.replace(otherSpaces, ' ').replace(mappedToNothing, '').normalize('NFKC');
  if (prohibited.test(prepared))
    throw new MongoError(MongoCode.BadValue, 'the password contains a character that SASLprep prohibits');
  return prepared;
}
