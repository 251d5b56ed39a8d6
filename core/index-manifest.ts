// The manifest of a log group's index: which segments count, and from where the log is replayed at the next start.
// A page of JSON and its checksum; a pure function of the keeper's state (`index-keeper.ts`).

import { textOf, utf8 } from '../model/bytes.ts';
import { checksum } from '../model/checksum.ts';
import { DatabaseError } from '../model/errors.ts';

const manifestFormat = 1;

/** A place in the log from which a start may replay. */
export interface ReplayStart {
  /** Records up to this one need no replay but those of `catalog`. */
  readonly sequence: number;
  /** Of that record: the clock must not fall behind it. */
  readonly hybridTime: number;
  /** Sequences of the catalog's live records at that place, in order. */
  readonly catalog: readonly number[];
}

export interface PartitionManifest {
  readonly partition: number;
  /** Bytes of the live items when the newest segment ends. */
  readonly liveBytes: number;
  /** Names, oldest first. */
  readonly segments: readonly string[];
}

/** What counts of the file of history: entries from `head` up to `entries`. */
export interface HistoryManifest {
  readonly file: string;
  readonly head: number;
  readonly entries: number;
  /** Of all `entries`, from the beginning of the file. */
  readonly checksum: number;
}

export interface IndexManifest {
  readonly start: ReplayStart;
  readonly partitions: readonly PartitionManifest[];
  readonly history: HistoryManifest | undefined;
}

/** Bytes behind the page: line feed, checksum in eight hexadecimal digits, line feed. */
const trailerBytes = 10;

export function encodeManifest(manifest: IndexManifest): Uint8Array {
  const page = utf8(JSON.stringify({ format: manifestFormat, ...manifest }));
  const bytes = new Uint8Array(page.length + trailerBytes);
  bytes.set(page);
  bytes.set(utf8(`\n${checksum(page).toString(16).padStart(8, '0')}\n`), page.length);
  return bytes;
}

/** Throws Internal when the bytes are damaged, NotSupported when a later version wrote them. */
export function decodeManifest(bytes: Uint8Array): IndexManifest {
  const end = bytes.length - trailerBytes;
  if (end < 2) throw damagedManifest();
  const page = bytes.subarray(0, end);
  const expected = utf8(`\n${checksum(page).toString(16).padStart(8, '0')}\n`);
  if (!expected.every((byte, i) => bytes[end + i] === byte)) throw damagedManifest();
  const parsed = JSON.parse(textOf(page, 0, end)) as IndexManifest & { readonly format: number };
  if (parsed.format !== manifestFormat)
    throw new DatabaseError(
      'NotSupported',
      `the index has format ${parsed.format}; this version reads format ${manifestFormat}`,
    );
  return { start: parsed.start, partitions: parsed.partitions, history: parsed.history };
}

function damagedManifest(): DatabaseError {
  return new DatabaseError(
    'Internal',
    'the manifest of the index is damaged: the index can be made again from the log',
  );
}
