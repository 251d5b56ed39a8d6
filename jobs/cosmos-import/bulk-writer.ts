// Upserts items into a container of an account: in batches by physical partition that are not atomic, each answered
// for itself, and one by one where an item is too large for a batch. Sources: the SDKs' bulk executors, which send
// the same requests.
//
// It resolves once everything given is acknowledged; what is throttled is sent again, what is refused ends it.

import { setTimeout as pause } from 'node:timers/promises';
import { effectivePartitionKey } from '../../model/effective-partition-key.ts';
import { DatabaseError } from '../../model/errors.ts';
import { partitionKeyOfItem, partitionKeyText, type PartitionKeyDefinition } from '../../model/partition-key.ts';
import type { AccountClient } from './account-client.ts';
import { rangeAt, rangesOf, type PartitionRange } from './ranges.ts';

/** The protocol's bound. */
const batchOperationsMax = 100;

/** As SDKs cut them; a batch must end within a request of 2 MB. */
const batchBytesMax = 220_000;

/** Rounds of an item that the account keeps putting off. */
const roundsMax = 200;

const pauseMsMin = 20;
const pauseMsMax = 2_000;

/** Later: throttled, to be retried, moved to another partition, not available, not done because of another. */
const putOff: ReadonlySet<number> = new Set([410, 424, 429, 449, 503]);

export interface OutgoingItem {
  /** BSON, for its key. */
  readonly body: Uint8Array;
  /** What is sent. */
  readonly json: Uint8Array;
}

interface Write {
  /** Text of the partition key header. */
  readonly key: string;
  readonly epk: string;
  readonly json: Uint8Array;
}

export class BulkWriter {
  readonly #client: AccountClient;
  readonly #path: readonly string[];
  readonly #definition: PartitionKeyDefinition;
  readonly #signal: AbortSignal;
  #ranges: readonly PartitionRange[] | undefined;

  constructor(client: AccountClient, path: readonly string[], definition: PartitionKeyDefinition, signal: AbortSignal) {
    this.#client = client;
    this.#path = path;
    this.#definition = definition;
    this.#signal = signal;
  }

  async upsert(items: readonly OutgoingItem[]): Promise<void> {
    let left = items.map((item) => this.#writeOf(item));
    for (let round = 0; left.length > 0; round++) {
      if (round === roundsMax)
        throw new DatabaseError('TooManyRequests', `${this.#client.name} keeps putting writes off`);
      if (round > 0) await pause(Math.min(pauseMsMin * 2 ** round, pauseMsMax), undefined, { signal: this.#signal });
      const ranges = (this.#ranges ??= await rangesOf(this.#client, this.#path));
      const outcomes = await Promise.all(batchesOf(left, ranges).map((batch) => this.#send(batch)));
      left = outcomes.flat();
    }
  }

  #writeOf({ body, json }: OutgoingItem): Write {
    if (this.#definition.systemKey === true) return { key: '[]', epk: '', json };
    const key = partitionKeyOfItem(this.#definition, body);
    return { key: partitionKeyText(key), epk: effectivePartitionKey(this.#definition, key), json };
  }

  /** Gives what was put off. */
  async #send({ range, writes }: Batch): Promise<readonly Write[]> {
    const [only] = writes;
    if (writes.length === 1 && only!.json.length > batchBytesMax / 2) return this.#sendAlone(only!);
    const { body: outcomes, answer } = await this.#client.json<readonly { readonly statusCode: number }[]>({
      method: 'POST',
      path: [...this.#path, 'docs'],
      headers: {
        'x-ms-cosmos-is-batch-request': 'True',
        'x-ms-cosmos-batch-atomic': 'False',
        'x-ms-cosmos-batch-continue-on-error': 'True',
        'x-ms-documentdb-partitionkeyrangeid': range,
        prefer: 'return=minimal',
      },
      body: bodyOf(writes),
      expects: [410],
    });
    if (answer.status === 410) return this.#moved(writes);
    return writes.filter((_, i) => {
      const status = outcomes[i]?.statusCode ?? 503;
      if (status < 300) return false;
      if (!putOff.has(status)) throw this.#refused(status);
      if (status === 410) this.#ranges = undefined;
      return true;
    });
  }

  async #sendAlone(write: Write): Promise<readonly Write[]> {
    const { status } = await this.#client.send({
      method: 'POST',
      path: [...this.#path, 'docs'],
      headers: {
        'x-ms-documentdb-is-upsert': 'True',
        'x-ms-documentdb-partitionkey': write.key,
        prefer: 'return=minimal',
      },
      body: write.json,
      expects: [410],
    });
    return status === 410 ? this.#moved([write]) : [];
  }

  #moved(writes: readonly Write[]): readonly Write[] {
    this.#ranges = undefined;
    return writes;
  }

  #refused(status: number): DatabaseError {
    const where = `${this.#path[1]}/${this.#path[3]}`;
    return new DatabaseError('BadRequest', `${this.#client.name} refused an item of ${where} with status ${status}`);
  }
}

interface Batch {
  readonly range: string;
  readonly writes: Write[];
}

function batchesOf(writes: readonly Write[], ranges: readonly PartitionRange[]): Batch[] {
  const batches: Batch[] = [];
  const open = new Map<string, { readonly batch: Batch; bytes: number }>();
  for (const write of writes) {
    const range = rangeAt(ranges, write.epk)?.id ?? ranges[0]?.id ?? '0';
    let found = open.get(range);
    if (
      found === undefined ||
      found.batch.writes.length === batchOperationsMax ||
      found.bytes + write.json.length > batchBytesMax
    ) {
      found = { batch: { range, writes: [] }, bytes: 0 };
      open.set(range, found);
      batches.push(found.batch);
    }
    found.batch.writes.push(write);
    found.bytes += write.json.length;
  }
  return batches;
}

function bodyOf(writes: readonly Write[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [i, { key, json }] of writes.entries())
    parts.push(
      Buffer.from(
        `${i === 0 ? '[' : ','}{"operationType":"Upsert","partitionKey":${JSON.stringify(key)},"resourceBody":`,
      ),
      json,
      Buffer.from('}'),
    );
  parts.push(Buffer.from(']'));
  return Buffer.concat(parts);
}
