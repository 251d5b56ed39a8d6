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
  /** LSN that the catalog had reached there: its last records may have been deletes, of which nothing is left. */
  readonly catalogLsn: number;
  /** Sequences of the catalog's live records at that place, in order. */
  readonly catalog: readonly number[];
}

/** Before the first record. */
export const noStart: ReplayStart = { sequence: 0, hybridTime: 0, catalogLsn: 0, catalog: [] };

export interface PartitionManifest {
  readonly partition: number;
  /** How the segments are built: `optionsText`. */
  readonly options: string;
  /** Bytes of the live items when the newest segment ends. */
  readonly liveBytes: number;
  /** LSN that it had reached, at the place of the start or after it. */
  readonly lsn: number;
  /** LSN that it had reached when its segments were discarded, until new ones say so. */
  readonly lsnFloor?: number | undefined;
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
  /** Last record of the log that a segment may hold: a log that ends before it is another one. */
  readonly coversTo: number;
  readonly partitions: readonly PartitionManifest[];
  readonly history: HistoryManifest | undefined;
}

/** Bytes behind the page: line feed, checksum in eight hexadecimal digits, line feed. */
const trailerBytes = 10;

export function encodeManifest(manifest: IndexManifest): Uint8Array {
  // Most partitions have the same options: they stand in a list, once each.
  const texts = new Map<string, number>();
  const partitions = manifest.partitions.map((one) => {
    let place = texts.get(one.options);
    if (place === undefined) texts.set(one.options, (place = texts.size));
    return { ...one, options: place };
  });
  const page = utf8(JSON.stringify({ format: manifestFormat, ...manifest, options: [...texts.keys()], partitions }));
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
  const parsed = JSON.parse(textOf(page, 0, end)) as Omit<IndexManifest, 'partitions'> & {
    readonly format: number;
    readonly options: readonly string[];
    readonly partitions: readonly (Omit<PartitionManifest, 'options'> & { readonly options: number })[];
  };
  if (parsed.format !== manifestFormat)
    throw new DatabaseError(
      'NotSupported',
      `the index has format ${parsed.format}; this version reads format ${manifestFormat}`,
    );
  const partitions = parsed.partitions.map((one) => ({ ...one, options: parsed.options[one.options]! }));
  return { start: parsed.start, coversTo: parsed.coversTo, partitions, history: parsed.history };
}

/**
 * What stays of a manifest when the index is made again from the log: how far the partitions were. The log may have
 * lost a partition's last record, when that was a tombstone, and no LSN may be given twice.
 */
export function withoutSegments(manifest: IndexManifest): IndexManifest {
  return {
    start: { ...noStart, catalogLsn: manifest.start.catalogLsn },
    coversTo: 0,
    history: undefined,
    partitions: manifest.partitions.map(({ partition, options, lsn, lsnFloor = 0 }) => ({
      partition,
      options,
      liveBytes: 0,
      lsn: 0,
      lsnFloor: Math.max(lsn, lsnFloor),
      segments: [],
    })),
  };
}

function damagedManifest(): DatabaseError {
  return new DatabaseError(
    'Internal',
    'the manifest of the index is damaged: the index can be made again from the log',
  );
}
