// The keys of every account as they are now. The primary key is configured; the other three are made at random when an
// account first has a key of its own, so that whoever learns one key knows no other. In the emulator profile, whose
// primary key is public, they are derived from it instead: nothing there is a secret, and every start gives the same.
//
// What was made is kept in `keys.json` of the data directory, readable by its owner only, beside a fingerprint of the
// configured key: another configured key is a new primary key and wins over what was made anew before.
//
// Invariants: a key that was replaced signs nothing from the next request on; a key that could be computed from one that
// is replaced is replaced with it; no key is ever part of a message.

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { keyKinds, type AccountKeys, type KeyKind } from '../frontends/deployment.ts';
import { DatabaseError } from '../model/errors.ts';
import { configuredAccounts, wellKnownKey, type ConfiguredAccount } from './accounts.ts';
import type { Settings } from './flags.ts';

/** As long as the service's. */
const keyBytes = 64;

/** The file holds four keys an account. */
const fileBytesMax = 1024 * 1024;

const fileName = 'keys.json';

/** What is kept of an account. */
interface Entry {
  readonly account: string;
  /** Fingerprint of the key that was configured. */
  readonly configured: string;
  readonly keys: AccountKeys;
}

function newKey(): string {
  return randomBytes(keyBytes).toString('base64');
}

function fingerprint(key: string): string {
  return createHash('sha256').update(`meridian configured key ${key}`).digest('base64');
}

/** The keys that go with a public primary key: public, too. */
function derivedKeys(primary: string): AccountKeys {
  const derived = (purpose: string): string =>
    createHmac('sha512', Buffer.from(primary, 'base64')).update(`meridian account key: ${purpose}`).digest('base64');
  return {
    primary,
    secondary: derived('secondary'),
    primaryReadOnly: derived('primary read-only'),
    secondaryReadOnly: derived('secondary read-only'),
  };
}

const publicKeys = derivedKeys(wellKnownKey);

/** Which keys of a record anybody can compute. */
function publicKinds(keys: AccountKeys): readonly KeyKind[] {
  return keyKinds.filter((kind) => keys[kind] === publicKeys[kind]);
}

function firstKeys(primary: string): AccountKeys {
  if (primary === wellKnownKey) return publicKeys;
  return { primary, secondary: newKey(), primaryReadOnly: newKey(), secondaryReadOnly: newKey() };
}

function entryFor({ name, key }: ConfiguredAccount, kept: Entry | undefined): Entry {
  const configured = fingerprint(key);
  if (kept?.configured === configured) return kept;
  const keys = firstKeys(key);
  if (kept === undefined || key === wellKnownKey) return { account: name, configured, keys };
  const stay = keyKinds.filter((kind) => kind !== 'primary' && !publicKinds(kept.keys).includes(kind));
  const staying = Object.fromEntries(stay.map((kind) => [kind, kept.keys[kind]]));
  return { account: name, configured, keys: { ...keys, ...staying } };
}

export class KeyRing {
  readonly #directory: string | undefined;
  readonly #entries: Entry[];
  #isKept: boolean;

  private constructor(directory: string | undefined, entries: Entry[]) {
    this.#isKept = entries.length > 0;
    this.#directory = directory;
    this.#entries = entries;
  }

  /** Reads what is kept, and keeps what had to be made. `directory` undefined: in memory. */
  static async open(settings: Pick<Settings, 'key' | 'accounts'>, directory: string | undefined): Promise<KeyRing> {
    const ring = new KeyRing(directory, directory === undefined ? [] : await readEntries(directory));
    await ring.#configure(configuredAccounts(settings));
    return ring;
  }

  /** As `open`, and nothing is kept: for commands that only look. */
  static async read(settings: Pick<Settings, 'key' | 'accounts'>, directory: string | undefined): Promise<KeyRing> {
    const ring = new KeyRing(undefined, directory === undefined ? [] : await readEntries(directory));
    await ring.#configure(configuredAccounts(settings));
    return ring;
  }

  /** Throws for an account that is not configured. */
  keysOf(account: string): AccountKeys {
    return this.#entryOf(account)!.keys;
  }

  /** Takes the configured keys of now for the accounts there are, and tells which changed. */
  reconfigure(settings: Pick<Settings, 'key' | 'accounts'>): Promise<readonly string[]> {
    return this.#configure(configuredAccounts(settings).filter(({ name }) => this.#entryOf(name) !== undefined));
  }

  async #configure(accounts: readonly ConfiguredAccount[]): Promise<readonly string[]> {
    const changed: string[] = [];
    for (const configured of accounts) {
      const kept = this.#entryOf(configured.name);
      const entry = entryFor(configured, kept);
      if (entry === kept) continue;
      this.#put(entry);
      changed.push(configured.name);
    }
    if (changed.length > 0) await this.#save();
    return changed;
  }

  /** Makes a key anew, durably, and tells which ones changed: with a public primary key all those derived from it. */
  async regenerate(account: string, kind: KeyKind): Promise<readonly KeyKind[]> {
    const before = this.#entryOf(account)!;
    const open = kind === 'primary' ? publicKinds(before.keys) : [];
    const changed = keyKinds.filter((one) => one === kind || open.includes(one));
    const fresh = Object.fromEntries(changed.map((one) => [one, newKey()]));
    this.#put({ ...before, keys: { ...before.keys, ...fresh } });
    try {
      await this.#save();
    } catch (error) {
      this.#put(before);
      throw error;
    }
    return changed;
  }

  #entryOf(account: string): Entry | undefined {
    return this.#entries.find((entry) => entry.account === account);
  }

  #put(entry: Entry): void {
    const at = this.#entries.findIndex(({ account }) => account === entry.account);
    if (at < 0) this.#entries.push(entry);
    else this.#entries[at] = entry;
  }

  async #save(): Promise<void> {
    if (this.#directory === undefined) return;
    // Keys that every start computes anew need no file.
    const kept = this.#entries.filter(({ keys }) => publicKinds(keys).length < keyKinds.length);
    if (kept.length === 0 && !this.#isKept) return;
    this.#isKept = true;
    const path = join(this.#directory, fileName);
    const fresh = `${path}.new`;
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(kept, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  }
}

async function readEntries(directory: string): Promise<Entry[]> {
  const path = join(directory, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new DatabaseError('Unavailable', `${path} cannot be read`, { cause });
  }
  try {
    const parsed = text.length > fileBytesMax ? undefined : (JSON.parse(text) as unknown);
    if (Array.isArray(parsed) && parsed.every(isEntry)) return parsed;
  } catch {
    // The parser's own words would show what it read.
  }
  throw new DatabaseError('Internal', `${path} is damaged: put back a copy, or remove it to have new secondary keys`);
}

function isEntry(value: unknown): value is Entry {
  const { account, configured, keys } = (value ?? {}) as Partial<Entry>;
  return (
    typeof account === 'string' &&
    typeof configured === 'string' &&
    keyKinds.every((kind) => typeof (keys as Partial<AccountKeys> | undefined)?.[kind] === 'string')
  );
}
