// Writes the manifest of the index whenever what it says has changed, one at a time: changes that come while one is
// being written go into the next. With it go the file of history, before, and the files nobody needs, after.
//
// Invariants: the history that a manifest names was durable before; files are removed only once a durable manifest
// does without them; the head of history moves on only over records whose removal a later durable write took along.

import { checksum } from '../model/checksum.ts';
import { DatabaseError } from '../model/errors.ts';
import { historyEntryBytes, readHistory, type History } from './history-file.ts';
import {
  decodeManifest,
  encodeManifest,
  withoutSegments,
  type HistoryManifest,
  type IndexManifest,
  type ReplayStart,
} from './index-manifest.ts';
import type { Retry } from './retry.ts';
import type { IndexStore } from './storage/index-directory.ts';

/** Entries that are done with before the file of history is worth writing anew. */
const rewriteEntriesMin = 4_096;

export interface ManifestWriterOptions {
  readonly store: IndexStore;
  readonly history: History | undefined;
  readonly retry: Retry;
  readonly newName: (kind: 'history') => string;
  /** Makes durable what the log holds: no manifest may know more than a log that lost its end. */
  readonly syncLog: (() => Promise<void>) | undefined;
  /** What to write, without the history. */
  readonly state: () => Omit<IndexManifest, 'history'>;
  /** Told that a manifest with this start is durable. */
  readonly written: (start: ReplayStart) => void;
  readonly failed: (error: unknown) => void;
  /** Called after each, whether it succeeded or failed. */
  readonly ended: () => void;
}

/** Throws Internal when it is damaged. */
export async function readManifest(store: IndexStore): Promise<IndexManifest | undefined> {
  const bytes = await store.readManifest();
  return bytes && decodeManifest(bytes);
}

/** A name that no file ever had: a rising number, and chance for those of a crashed process that were removed. */
export function newFileName(number: number, kind: 'segment' | 'history'): string {
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  return `${String(number).padStart(8, '0')}-${random!.toString(16).padStart(8, '0')}.${kind}`;
}

/** Removes what the manifest does not name; returns the highest number in a name. Throws Internal when a file lacks. */
export async function removeUnnamed(store: IndexStore, manifest: IndexManifest | undefined): Promise<number> {
  const named = new Set(manifest?.partitions.flatMap(({ segments }) => segments));
  if (manifest?.history !== undefined) named.add(manifest.history.file);
  const found = new Set(await store.list());
  for (const name of named)
    if (!found.has(name)) throw new DatabaseError('Internal', `the index lacks its file ${name}`);
  let highest = 0;
  for (const name of found) {
    highest = Math.max(highest, Number.parseInt(name, 10) || 0);
    if (!named.has(name)) await store.remove(name);
  }
  return highest;
}

/** Makes the index begin anew. What can still be read of the old manifest says how far the partitions were. */
export async function discardSegments(store: IndexStore): Promise<IndexManifest | undefined> {
  let known: IndexManifest | undefined;
  try {
    known = await readManifest(store);
  } catch {
    await store.removeManifest();
    return undefined;
  }
  if (known === undefined) return undefined;
  const manifest = withoutSegments(known);
  await store.writeManifest(encodeManifest(manifest));
  return manifest;
}

/** The file of history as the last durable manifest has it, and the position of its first entry in the queue. */
interface HistoryState extends HistoryManifest {
  readonly base: number;
}

export class ManifestWriter {
  readonly #options: ManifestWriterOptions;
  #wanted = false;
  #writing = false;
  #failing = false;
  #retired: string[] = [];
  #history: HistoryState | undefined;
  /** Head of the queue at a moment of the log, and one whose removals are durable. */
  #headSeen = { sequence: 0, position: 0 };
  #headDurable = 0;
  count = 0;

  constructor(options: ManifestWriterOptions) {
    this.#options = options;
  }

  /** Hands the history of the last manifest to the queue. Throws Internal when it is damaged. */
  async loadHistory(known: HistoryManifest | undefined): Promise<void> {
    const { store, history } = this.#options;
    if (history === undefined) return;
    if (known === undefined) {
      history.load([]);
      return;
    }
    const bytes = await store.readFile(known.file);
    const end = known.entries * historyEntryBytes;
    if (bytes.length < end || checksum(bytes.subarray(0, end)) !== known.checksum)
      throw new DatabaseError(
        'Internal',
        'the history of the index is damaged: the index can be made again from the log',
      );
    this.#history = { ...known, base: history.head - known.head };
    history.load(readHistory(bytes, known.head, known.entries));
  }

  want(): void {
    this.#wanted = true;
  }

  /** Files to remove once a manifest without them is durable. */
  retire(names: readonly string[]): void {
    this.#retired.push(...names);
  }

  /** All records up to `sequence` are durable: what was removed before the last moment stays removed. */
  sawHead(sequence: number): void {
    const { history } = this.#options;
    if (history === undefined || sequence <= this.#headSeen.sequence) return;
    this.#headDurable = this.#headSeen.position;
    this.#headSeen = { sequence, position: history.head };
  }

  get isFailing(): boolean {
    return this.#failing;
  }

  get isIdle(): boolean {
    return !this.#writing && (!this.#wanted || !this.#options.retry.isReady);
  }

  stop(): void {
    this.#options.retry.stop();
  }

  pump(): void {
    if (this.#writing || !this.#wanted || !this.#options.retry.isReady) return;
    this.#writing = true;
    void this.#write();
  }

  async #write(): Promise<void> {
    const { store, retry } = this.#options;
    this.#wanted = false;
    const state = this.#options.state();
    const retired = this.#retired;
    this.#retired = [];
    try {
      await this.#options.syncLog?.();
      const history = await this.#writeHistory(state.start.sequence);
      await store.writeManifest(encodeManifest({ ...state, history: history && manifestOf(history) }));
      if (this.#history !== undefined && this.#history.file !== history?.file) retired.push(this.#history.file);
      this.#history = history;
      if (history !== undefined) this.#options.history?.forget(history.base + history.head);
      this.count++;
      this.#failing = false;
      retry.succeeded();
      this.#options.written(state.start);
    } catch (error) {
      this.#wanted = true;
      this.#failing = true;
      this.#retired = [...retired, ...this.#retired];
      retry.failed();
      this.#options.failed(error);
    }
    // Without its removal a file is only found and removed at the next start.
    if (!this.#failing) for (const name of retired) await store.remove(name).catch(() => undefined);
    this.#writing = false;
    this.#options.ended();
  }

  /** Makes durable what was superseded by records up to `covered`. */
  async #writeHistory(covered: number): Promise<HistoryState | undefined> {
    const { store, history } = this.#options;
    if (history === undefined) return undefined;
    const known = this.#history;
    const head = this.#headDurable;
    const consumed = known === undefined ? 0 : head - known.base;
    if (known === undefined || (consumed >= rewriteEntriesMin && consumed * 2 > known.entries)) {
      const bytes = history.encode(head, covered);
      if (bytes.length === 0 && known === undefined) return undefined;
      const file = this.#options.newName('history');
      await store.append(file, 0, bytes);
      return { file, base: head, head: 0, entries: bytes.length / historyEntryBytes, checksum: checksum(bytes) };
    }
    const bytes = history.encode(known.base + known.entries, covered);
    if (bytes.length > 0) await store.append(known.file, known.entries * historyEntryBytes, bytes);
    return {
      ...known,
      head: Math.max(known.head, consumed),
      entries: known.entries + bytes.length / historyEntryBytes,
      checksum: checksum(bytes, known.checksum),
    };
  }
}

function manifestOf({ file, head, entries, checksum: sum }: HistoryState): HistoryManifest {
  return { file, head, entries, checksum: sum };
}
