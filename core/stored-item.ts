// An item as it lies in a log record. What takes work to know (its id text, its key text) is found when it is asked
// for: a search reads many more records than it gives out. It pins the record's bytes, which are never changed.

import type { HybridTime } from '../model/hybrid-time.ts';
import type { Item } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import { bodyOf, decodeHeader, transactionOf } from '../model/record.ts';
import type { ContainerRecord, PartitionRecord } from '../model/resource.ts';
import { idOf, partitionKeyOf } from './identify.ts';

export class StoredItem implements Item {
  readonly body: Uint8Array;
  readonly time: HybridTime;
  readonly lsn: number;
  readonly created: number;
  readonly partition: PartitionRecord;
  /** Log sequence of the record: the version's number in the index. */
  readonly sequence: number;
  readonly ttlSeconds: number;
  /** Sequence at which the transaction that wrote it begins; 0 when the write stood alone. */
  readonly transaction: number;
  readonly #container: ContainerRecord;
  #id: string | undefined;
  #key: string | undefined;

  constructor(container: ContainerRecord, partition: PartitionRecord, record: Uint8Array) {
    const header = decodeHeader(record);
    this.body = bodyOf(record);
    this.time = header.hybridTime;
    this.lsn = header.lsn;
    this.created = header.created;
    this.partition = partition;
    this.sequence = header.sequence;
    this.ttlSeconds = header.ttlSeconds;
    this.transaction = transactionOf(header);
    this.#container = container;
  }

  get id(): string {
    return (this.#id ??= idOf(this.#container, this.body));
  }

  /** Text of the partition key values. */
  get key(): string {
    return (this.#key ??= partitionKeyText(partitionKeyOf(this.#container, this.body)));
  }
}

/** The item with other bytes: another view of it, or a part. */
export function withBody(item: Item, body: Uint8Array): Item {
  const { id, time, lsn, created, partition } = item;
  return { body, id, time, lsn, created, partition };
}
