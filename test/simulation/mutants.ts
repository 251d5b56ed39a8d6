// Seeded bugs: each is the real source with one passage replaced, or an engine that breaks one promise. The
// simulation must catch every one of them, otherwise its silence about the real source says nothing.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Committer } from '../../core/commit.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import type { Subject } from './cluster.ts';
import type { EngineFault } from './simulated-log.ts';

type Source = 'core/commit.ts' | 'core/storage/embedded-log.ts';

export type Mutant =
  | { readonly name: string; readonly source: Source; readonly replace: string; readonly by: string }
  | { readonly name: string; readonly engineFault: EngineFault };

export const mutants: readonly Mutant[] = [
  {
    name: 'an unknown outcome is taken for stored',
    source: 'core/commit.ts',
    replace: `return outcome.kind === 'appended' ? outcome : await this.#settle(records);`,
    by: `return outcome.kind === 'fenced' ? await this.#settle(records) : { kind: 'appended' };`,
  },
  {
    name: 'an unknown outcome is taken for not stored, without a heartbeat in its place',
    source: 'core/commit.ts',
    replace: `const outcome = await this.#appendHeartbeat(heartbeat);`,
    by: `throw new DatabaseError('StorageFull', 'taken for not stored'); const outcome = await this.#appendHeartbeat(heartbeat);`,
  },
  {
    name: 'a fence is believed without reading the place',
    source: 'core/commit.ts',
    replace: `return outcome.kind === 'appended' ? outcome : await this.#settle(records);`,
    by: `return outcome.kind === 'unknown' ? await this.#settle(records) : outcome;`,
  },
  {
    name: 'records are applied and answered before they are appended',
    source: 'core/commit.ts',
    replace: `outcome = await this.#appendSettled(group.records);`,
    by: `for (const { answer } of group.answers) answer(); outcome = await this.#appendSettled(group.records);`,
  },
  {
    name: 'the chain and the sequence are not checked before applying',
    source: 'core/commit.ts',
    replace: `if (header.sequence !== this.#sequence + 1 || header.chain !== this.#chain)`,
    by: `if (header.sequence <= this.#sequence)`,
  },
  {
    name: 'another record in the place is taken for our own',
    source: 'core/commit.ts',
    replace: `if (equalBytes(first, records[0]!)) return { kind: 'appended' };`,
    by: `if (!equalBytes(first, heartbeat)) return { kind: 'appended' };`,
  },
  {
    name: 'a record beyond a hole is taken for the one in our place',
    source: 'core/commit.ts',
    replace: `if (checkedHeader(first).sequence !== this.#sequence + 1)`,
    by: `if (checkedHeader(first).sequence < 0)`,
  },
  {
    name: 'two committers open an epoch with the same bytes',
    source: 'core/commit.ts',
    replace: `this.#writer = options.writer ?? crypto.getRandomValues(new Uint8Array(16));`,
    by: `this.#writer = new Uint8Array(16);`,
  },
  {
    name: 'a new leader goes on in the old epoch',
    source: 'core/commit.ts',
    replace: `claim = this.#controlRecord(RecordKind.open, this.#epoch + 1, this.#writer);`,
    by: `claim = this.#controlRecord(RecordKind.open, Math.max(1, this.#epoch), this.#writer);`,
  },
  {
    name: 'a refusal is answered before what it saw is durable',
    source: 'core/commit.ts',
    replace: `if (group.records.length > 0) group.answers.push({ waiting, answer: () => waiting.reject(error) });`,
    by: `if (group.records.length < 0) group.answers.push({ waiting, answer: () => waiting.reject(error) });`,
  },
  {
    name: 'a proposal that threw leaves what it staged',
    source: 'core/commit.ts',
    replace: `machine.rollback();`,
    by: ``,
  },
  {
    name: 'a void outcome leaves what was staged',
    source: 'core/commit.ts',
    replace: `machine.discard();
          this.#applyRun([outcome.heartbeat]);`,
    by: `this.#applyRun([outcome.heartbeat]);`,
  },
  {
    name: 'a void outcome is answered as success',
    source: 'core/commit.ts',
    replace: `return refuse(new DatabaseError('Unavailable', 'the log did not take the write; try again'));`,
    by: `for (const { answer } of group.answers) answer();`,
  },
  {
    name: 'every record ends an entry',
    source: 'core/commit.ts',
    replace: `(index === drafts.length - 1 ? RecordFlag.lastOfEntry : 0)`,
    by: `RecordFlag.lastOfEntry`,
  },
  {
    name: 'a waiter is forgotten when the log breaks',
    source: 'core/commit.ts',
    replace: `refuse(outcomeUnknown(error));
        throw error;
      }
      if (outcome.kind === 'fenced')`,
    by: `throw error;
      }
      if (outcome.kind === 'fenced')`,
  },
  {
    name: 'the embedded log acknowledges before the disk has synced',
    source: 'core/storage/embedded-log.ts',
    replace: `const strict = this.#options.durability !== 'relaxed';`,
    by: `const strict = false;`,
  },
  {
    name: 'the embedded log does not compare the expected sequence',
    source: 'core/storage/embedded-log.ts',
    replace: `if (after < group.tail.sequence) return { kind: 'fenced' };`,
    by: ``,
  },
  {
    name: 'the embedded log moves its end before the disk has taken the run',
    source: 'core/storage/embedded-log.ts',
    replace: `const strict = this.#options.durability !== 'relaxed';`,
    by: `const strict = true; group.tail = next;`,
  },
  { name: 'the engine ignores the fence', engineFault: 'fence ignored' },
  { name: 'the engine stores a run without its last record', engineFault: 'run torn' },
  { name: 'the engine acknowledges what it drops', engineFault: 'appended before it is stored' },
];

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The modules with the bug in them, and how to get rid of the copy they were loaded from. */
export async function loadMutant(mutant: Mutant): Promise<{ subject: Subject; remove: () => Promise<void> }> {
  if ('engineFault' in mutant)
    return { subject: { Committer, openEmbeddedLog, engineFault: mutant.engineFault }, remove: async () => undefined };
  const path = join(root, mutant.source);
  const source = await readFile(path, 'utf8');
  if (source.split(mutant.replace).length !== 2)
    throw new Error(
      `'${mutant.name}' replaces a passage that ${mutant.source} does not have exactly once: bring it up to date`,
    );
  // Imports become absolute, so that the copy shares every other module with the real one.
  const copy = source
    .replace(mutant.replace, () => mutant.by)
    .replace(/ from '(\.[^']+)'/g, (_, relative: string) => ` from '${resolve(dirname(path), relative)}'`);
  const directory = await mkdtemp(join(tmpdir(), 'meridian-mutant-'));
  const file = join(directory, 'mutant.ts');
  await writeFile(file, copy);
  const mutated = (await import(/* @vite-ignore */ file)) as Partial<Subject>;
  return {
    subject: { Committer, openEmbeddedLog, ...mutated },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
