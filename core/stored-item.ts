// An item as it lies in a log record. What takes work to know (its id text, its key text) is found when it is asked
// for: a search reads many more records than it gives out. It pins the record's bytes, which are never changed.

import type { VersionFacts } from '../indexer/fact-terms.ts';
import { secondsOf, type HybridTime } from '../model/hybrid-time.ts';
import type { Item } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import {
  bodyOf,
  createdOf,
  decodeHeader,
  hybridTimeOf,
  lsnOf,
  recordHeaderBytes,
  sequenceOf,
  transactionOf,
} from '../model/record.ts';
import type { ContainerRecord, PartitionRecord } from '../model/resource.ts';
import { idOf, partitionKeyOf } from './identify.ts';

export class StoredItem implements Item {
  readonly partition: PartitionRecord;
  /** Log sequence of the record: the version's number in the index. */
  readonly sequence: number;
  readonly #record: Uint8Array;
  readonly #container: ContainerRecord;
  #body: Uint8Array | undefined;
  #id: string | undefined;
  #key: string | undefined;

  constructor(
    container: ContainerRecord,
    partition: PartitionRecord,
    record: Uint8Array,
    sequence = sequenceOf(record),
  ) {
    this.partition = partition;
    this.sequence = sequence;
    this.#record = record;
    this.#container = container;
  }

  get body(): Uint8Array {
    return (this.#body ??= bodyOf(this.#record));
  }

  /** Length of the body, which need not be looked at for it. */
  get bodyBytes(): number {
    return this.#record.length - recordHeaderBytes;
  }

  get time(): HybridTime {
    return hybridTimeOf(this.#record);
  }

  get lsn(): number {
    return lsnOf(this.#record);
  }

  get created(): number {
    return createdOf(this.#record);
  }

  get ttlSeconds(): number {
    return decodeHeader(this.#record).ttlSeconds;
  }

  /** Sequence at which the transaction that wrote it begins; 0 when the write stood alone. */
  get transaction(): number {
    return transactionOf(decodeHeader(this.#record));
  }

  get id(): string {
    return (this.#id ??= idOf(this.#container, this.body));
  }

  /** Text of the partition key values. */
  get key(): string {
    return (this.#key ??= partitionKeyText(partitionKeyOf(this.#container, this.body)));
  }
}

/** What the index keeps of a version beside its body. */
export function factsOf({ id, key, created, time, ttlSeconds }: StoredItem): VersionFacts {
  return { id, key, created, seconds: secondsOf(time), ttlSeconds };
}

/** The item with other bytes: another view of it, or a part. */
export function withBody(item: Item, body: Uint8Array): Item {
  const { id, time, lsn, created, partition } = item;
  return { body, id, time, lsn, created, partition };
}

/** What an edit that made nothing of nothing answers. */
export function absentItem(partition: PartitionRecord, id: string): Item {
  return { body: new Uint8Array([5, 0, 0, 0, 0]), id, time: 0 as HybridTime, lsn: 0, created: 0, partition };
}
