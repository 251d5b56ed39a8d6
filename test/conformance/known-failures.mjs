// The tests of a vendor's suite that are known to fail, and why: one a line, `<name>  <date>  <reason>`, `#` begins a
// comment. The list may only shrink: a failure that is not listed is an error, and so is a listed test that passes.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const line = /^(\S+)\s+(\d{4}-\d{2}-\d{2})\s+(\S.*)$/;

/** The list of that name in `known-failures/`. */
export async function readKnownFailures(list) {
  const path = fileURLToPath(new URL(`known-failures/${list}.txt`, import.meta.url));
  const known = new Map();
  for (const text of (await readFile(path, 'utf8')).split('\n')) {
    if (text.trim() === '' || text.startsWith('#')) continue;
    const found = line.exec(text);
    if (found === null) throw new Error(`${path}: not <name>  <date>  <reason>: ${text}`);
    const [, name, date, reason] = found;
    if (known.has(name)) throw new Error(`${path}: listed twice: ${name}`);
    known.set(name, { date, reason });
  }
  return known;
}

/** Prints what differs from the list, and gives the exit code. */
export function judge({ known, passed, failed }) {
  const surprises = failed.filter((name) => !known.has(name));
  const mended = passed.filter((name) => known.has(name));
  for (const name of surprises) process.stdout.write(`NEW FAILURE  ${name}\n`);
  for (const name of mended) process.stdout.write(`NOW PASSES   ${name}: take it off the list\n`);
  return surprises.length + mended.length === 0 ? 0 : 1;
}
