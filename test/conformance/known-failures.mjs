// The tests of a vendor's suite that are known to fail, and why: one a line, `<name>  <date>  <reason>`, `#` begins a
// comment. The list may only shrink: a failure that is not listed is an error, and so is a listed test that passes.
// Only where the machine's speed decides, which the reason says first ("either way:"), a test may do both.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Names of parametrised tests may hold blanks, never two in a row. */
const line = /^(\S.*?)\s{2,}(\d{4}-\d{2}-\d{2})\s+(\S.*)$/;

/**
 * The list of that name in `known-failures/`. With several physical partitions, tests that need there to be one may
 * fail as well: those are in a list of their own, `<list>-partitions`.
 */
export async function readKnownFailures(list, { partitions = '1' } = {}) {
  const known = new Map();
  await readList(list, known);
  if (partitions !== '1') await readList(`${list}-partitions`, known);
  return known;
}

async function readList(list, known) {
  const path = fileURLToPath(new URL(`known-failures/${list}.txt`, import.meta.url));
  for (const text of (await readFile(path, 'utf8')).split('\n')) {
    if (text.trim() === '' || text.startsWith('#')) continue;
    const found = line.exec(text);
    if (found === null) throw new Error(`${path}: not <name>  <date>  <reason>: ${text}`);
    const [, name, date, reason] = found;
    if (known.has(name)) throw new Error(`${path}: listed twice: ${name}`);
    known.set(name, { date, reason });
  }
}

/** Prints what differs from the list, and gives the exit code. */
export function judge({ known, passed, failed }) {
  const surprises = failed.filter((name) => !known.has(name));
  const mended = passed.filter((name) => known.has(name) && !known.get(name).reason.startsWith('either way:'));
  for (const name of surprises) process.stdout.write(`NEW FAILURE  ${name}\n`);
  for (const name of mended) process.stdout.write(`NOW PASSES   ${name}: take it off the list\n`);
  const listed = failed.length - surprises.length;
  process.stdout.write(`${listed} known failures, ${surprises.length} new, ${mended.length} mended\n`);
  return surprises.length + mended.length === 0 ? 0 : 1;
}
