// A toy key-value state machine for tests of the committer: set, compare-and-set, and an entry of several keys.
// It keeps what the checkers ask about: every record applied, and whether an entry is half applied.

import type { Staging, StateMachine } from '../../core/proposal.ts';
import { DatabaseError } from '../../model/errors.ts';
import { bodyOf, checksumOf, decodeHeader, RecordFlag, RecordKind, type RecordHeader } from '../../model/record.ts';
import type { LogTail } from '../../replication/log.ts';
import { emptyTail } from '../../replication/log.ts';

/** The body of one record: operation `id` gave `key` a value, and what it expected there before. */
export interface Change {
  readonly id: number;
  readonly key: string;
  readonly value: string;
  /** Present for a compare-and-set: the value it found, null when there was none. */
  readonly expected?: string | null | undefined;
  /** Records of the operation together. */
  readonly size: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function changeOf(record: Uint8Array): Change {
  return JSON.parse(decoder.decode(bodyOf(record))) as Change;
}

export interface PlacedChange {
  readonly change: Change;
  readonly sequence: number;
}

/** The changes in a log, each with its sequence; records without an item are left out. */
export function changesOf(records: readonly Uint8Array[]): PlacedChange[] {
  const changes: PlacedChange[] = [];
  for (const record of records) {
    const { kind, sequence } = decodeHeader(record);
    if (kind === RecordKind.insert) changes.push({ change: changeOf(record), sequence });
  }
  return changes;
}

export class KvMachine implements StateMachine {
  readonly values = new Map<string, string>();
  /** Checksum of each applied record; index 0 is sequence 1. */
  readonly applied: number[] = [];
  tail: LogTail = emptyTail;
  /** True between the records of one entry. */
  torn = false;
  /** What proposals staged; the last proposal's changes can be taken back. */
  #staged = new Map<string, string>();
  #undo: [key: string, before: string | undefined][] = [];

  begin(): void {
    this.#undo = [];
  }

  rollback(): void {
    for (const [key, before] of this.#undo.reverse()) {
      if (before === undefined) this.#staged.delete(key);
      else this.#staged.set(key, before);
    }
    this.#undo = [];
  }

  discard(): void {
    this.#staged.clear();
    this.#undo = [];
  }

  apply(header: RecordHeader, record: Uint8Array): void {
    if (header.kind === RecordKind.insert) {
      const { key, value } = changeOf(record);
      this.values.set(key, value);
      if (this.#staged.get(key) === value) this.#staged.delete(key);
    }
    this.applied.push(checksumOf(record));
    this.tail = { sequence: header.sequence, chain: checksumOf(record), epoch: header.epoch };
    this.torn = (header.flags & RecordFlag.lastOfEntry) === 0;
  }

  /** The value a proposal sees: staged by an earlier proposal of the group, or applied. */
  get(key: string): string | undefined {
    return this.#staged.get(key) ?? this.values.get(key);
  }

  /** Stages one change and adds its record. */
  put(staging: Staging, change: Change): void {
    this.#undo.push([change.key, this.#staged.get(change.key)]);
    this.#staged.set(change.key, change.value);
    const sequence = staging.nextSequence();
    staging.add({
      kind: RecordKind.insert,
      partition: 1,
      lsn: sequence,
      hybridTime: staging.hybridTime(),
      supersedes: 0,
      created: sequence,
      ttlSeconds: 0,
      flags: 0,
      body: encoder.encode(JSON.stringify(change)),
    });
  }

  /** Throws PreconditionFailed, telling what it saw, unless the key has the value expected. */
  require(key: string, expected: string | undefined): void {
    const saw = this.get(key);
    if (saw !== expected)
      throw new DatabaseError('PreconditionFailed', 'the key has another value', { details: { key, saw } });
  }
}
