// A data directory: who owns it and what it holds. `meridian.json` carries what must be known before anything is
// opened: the format version, the number of stores (fixed when the directory is made) and the numbers of accounts
// and regions, which are never reused. `lock` names the process that has it open.
//
// The lock file exists so that a second start fails at once with words that help; what keeps two processes apart
// beyond doubt is LevelDB's own lock, which the system drops when its owner dies.

import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseError } from '../../model/errors.ts';

export const dataFormat = 1;

/** One store now; the figure is recorded so that a later version may make directories with more. */
const storesDefault = 1;

/** `meridian.json` is small: more bytes are not ours. */
const manifestBytesMax = 1024 * 1024;

interface Numbered {
  readonly number: number;
  readonly name: string;
}

export interface Manifest {
  readonly format: number;
  readonly stores: number;
  readonly accounts: readonly Numbered[];
  readonly regions: readonly Numbered[];
}

export interface DataDirectory {
  readonly path: string;
  readonly manifest: Manifest;
  /** True when this start made it. */
  readonly made: boolean;
  /** Directory of one store of a region. */
  storeDirectory(region: number, store: number): string;
  /** Directory of the indexes of one account's log group in a store. */
  indexDirectory(region: number, store: number, account: number, group: number): string;
  /** Numbers for names, in the order given; new names get the next number, durably, before this resolves. */
  numberAccounts(names: readonly string[]): Promise<number[]>;
  numberRegions(names: readonly string[]): Promise<number[]>;
  close(): Promise<void>;
}

const newManifest: Manifest = { format: dataFormat, stores: storesDefault, accounts: [], regions: [] };

/** Takes a directory for this process alone, making it when absent. Throws Unavailable when another has it. */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new DatabaseError('Unavailable', `the data directory ${path} cannot be made`, { cause });
  });
  const release = await takeLock(join(path, 'lock'), path);
  try {
    const found = await readManifest(path);
    const made = found === undefined;
    let manifest = found ?? newManifest;
    if (made) await writeDurably(join(path, 'meridian.json'), textOfManifest(manifest));
    const numbered = async (field: 'accounts' | 'regions', names: readonly string[]): Promise<number[]> => {
      const list = [...manifest[field]];
      for (const name of names)
        if (!list.some((known) => known.name === name))
          list.push({ name, number: Math.max(0, ...list.map((known) => known.number)) + 1 });
      if (list.length > manifest[field].length) {
        manifest = { ...manifest, [field]: list };
        await writeDurably(join(path, 'meridian.json'), textOfManifest(manifest));
      }
      return names.map((name) => list.find((known) => known.name === name)!.number);
    };
    return {
      path,
      made,
      get manifest() {
        return manifest;
      },
      storeDirectory: (region, store) => storeDirectoryOf(path, region, store),
      indexDirectory: (region, store, account, group) => indexDirectoryOf(path, region, store, account, group),
      numberAccounts: (names) => numbered('accounts', names),
      numberRegions: (names) => numbered('regions', names),
      close: release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function storeDirectoryOf(path: string, region: number, store: number): string {
  return join(path, `region-${region}`, `store-${store}`);
}

function indexDirectoryOf(path: string, region: number, store: number, account: number, group: number): string {
  return join(path, `region-${region}`, `index-${store}-${account}-${group}`);
}

/** What a directory says of itself; undefined when it is not a data directory yet. */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  const file = join(path, 'meridian.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new DatabaseError('Unavailable', `${file} cannot be read`, { cause });
  }
  let parsed: unknown;
  try {
    parsed = text.length > manifestBytesMax ? undefined : JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('format' in parsed) || typeof parsed.format !== 'number')
    throw new DatabaseError('Internal', `${file} is damaged`);
  if (parsed.format !== dataFormat)
    throw new DatabaseError(
      'NotSupported',
      `${path} has data format ${parsed.format}; this version reads format ${dataFormat}`,
    );
  if (!isManifest(parsed)) throw new DatabaseError('Internal', `${file} is damaged`);
  return parsed;
}

function isManifest(value: object): value is Manifest {
  const { stores, accounts, regions } = value as Partial<Record<keyof Manifest, unknown>>;
  return Number.isInteger(stores) && isNumbered(accounts) && isNumbered(regions);
}

function isNumbered(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (one: unknown) =>
        typeof one === 'object' &&
        one !== null &&
        'number' in one &&
        Number.isInteger(one.number) &&
        'name' in one &&
        typeof one.name === 'string',
    )
  );
}

function textOfManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Replaces a file so that a crash leaves the old or the new one, and never half of either. */
async function writeDurably(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  const file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

interface LockHolder {
  readonly pid: number;
  /** Tells this process from an earlier one with the same number. */
  readonly start: string;
}

/** Rounds against others that take the same dead lock at the same time, with a pause between. */
const lockTriesMax = 50;
const lockPauseMs = 5;

async function takeLock(file: string, path: string): Promise<() => Promise<void>> {
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const holder: LockHolder = { pid: process.pid, start: (await startOf(process.pid)) ?? '' };
  await writeFile(own, JSON.stringify(holder), { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
    throw new DatabaseError('Unavailable', `the data directory ${path} cannot be written`, { cause });
  });
  const release = async (): Promise<void> => {
    await unlink(file).catch(() => undefined);
  };
  try {
    for (let attempt = 0; attempt < lockTriesMax; attempt++) {
      try {
        // A link appears whole or not at all, and not where one is: the lock is never seen half written.
        await link(own, file);
        return release;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      const found = await holderOf(file);
      if (found === undefined) continue;
      if (await isAlive(found))
        throw new DatabaseError('Unavailable', `the data directory ${path} is in use by process ${found.pid}`);
      if (await replaceDeadLock(file, own, found)) return release;
      await new Promise((resolve) => setTimeout(resolve, lockPauseMs));
    }
    throw new DatabaseError('Unavailable', `the data directory ${path} is being taken by another process`);
  } finally {
    await unlink(own).catch(() => undefined);
  }
}

/** A take-over of a dead lock lasts a few file operations; one that is older was cut short by a crash. */
const takeOverMsMax = 10_000;

/**
 * Puts our own lock in the place of a dead one; false when somebody else did, or is at it. One process at a time
 * may look at the lock and replace it: whoever looked before and comes after finds a living holder.
 */
async function replaceDeadLock(file: string, own: string, dead: LockHolder): Promise<boolean> {
  const token = `${file}.take-over`;
  try {
    await link(own, token);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const begun = await stat(token).catch(() => undefined);
    if (begun !== undefined && Date.now() - begun.ctimeMs > takeOverMsMax) await unlink(token).catch(() => undefined);
    return false;
  }
  try {
    const found = await holderOf(file);
    if (found === undefined || found.pid !== dead.pid || found.start !== dead.start) return false;
    // Renaming one of two links to the same file would do nothing, so the lock is a file of its own.
    const fresh = `${own}.lock`;
    await writeFile(fresh, await readFile(own), { flag: 'wx', mode: 0o600 });
    await rename(fresh, file);
    return true;
  } finally {
    await unlink(token).catch(() => undefined);
  }
}

/** Who holds a lock; undefined when it has just gone. A file that is not ours to read counts as dead. */
async function holderOf(file: string): Promise<LockHolder | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const parsed = JSON.parse(text) as Partial<LockHolder> | null;
    if (typeof parsed?.pid === 'number' && typeof parsed.start === 'string')
      return { pid: parsed.pid, start: parsed.start };
  } catch {
    // Falls through: damaged.
  }
  return { pid: 0, start: '' };
}

async function isAlive({ pid, start }: LockHolder): Promise<boolean> {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Any other answer than "no such process" means that it is there.
    if (codeOf(error) === 'ESRCH') return false;
  }
  const now = await startOf(pid);
  return now === undefined || now === start;
}

/** When a process began, in the system's own words; undefined where the system does not tell. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 22 (proc(5)); the name in parentheses before may itself hold blanks and parentheses.
    return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
