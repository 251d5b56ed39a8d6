// A container in memory with items of any type, queried with its index and without: the same rows must come.

import { PagePool } from '../../../indexer/pool.ts';
import { MemoryIndex } from '../../../core/storage/memory-index.ts';
import { SegmentTaskRun, type SegmentTask, type SegmentTasks } from '../../../core/storage/segment-task.ts';
import { openEmbeddedLog } from '../../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../../core/storage/memory-store.ts';
import { Engine } from '../../../core/engine.ts';
import { containerRows } from '../../../core/query/container-rows.ts';
import { executeQuery, type PageBounds, type PageEnd } from '../../../core/query/execute.ts';
import type { RowSource } from '../../../core/query/row-source.ts';
import { openReading, type Reading } from '../../../core/reading.ts';
import { systemViewOf } from '../../../frontends/cosmos/run-query.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { jsonOfValue } from '../../../model/bson/json-write.ts';
import { HybridClock } from '../../../model/hybrid-time.ts';
import type { Context, ItemWrite, Scope } from '../../../model/operation.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { prepare, testPorts, valueOfPlain } from '../harness.ts';

const context: Context = { account: 1 };
const name = { database: 'db', container: 'items' };

export interface IndexedRun extends PageEnd {
  readonly rows: readonly string[];
}

/** Room for memtables: a quarter of it fills one. */
const poolBytes = 12 * 1024;

/** Writes segments on the thread of the test, when others have run. */
const directTasks: SegmentTasks = {
  run: async (task: SegmentTask) => {
    await new Promise((resolve) => setImmediate(resolve));
    const run = new SegmentTaskRun(structuredClone(task));
    while (!run.step());
    return run.finish();
  },
};

export class IndexedHost {
  readonly #engine: Engine;
  readonly container: ContainerRecord;

  private constructor(engine: Engine, container: ContainerRecord) {
    this.#engine = engine;
    this.container = container;
  }

  /** With `segments`, memtables of a few items become segments, and these are merged. */
  static async open(partitions = 1, indexingPolicy?: unknown, segments = false): Promise<IndexedHost> {
    let now = Date.UTC(2026, 0, 1);
    const engine = await Engine.open({
      log: await openEmbeddedLog(new MemoryStore(), { account: 1, group: 0 }),
      clock: new HybridClock(() => (now += 700)),
      region: { id: 0, name: 'South Central US' },
      partitionsDefault: partitions,
      pause: async () => undefined,
      indexes: segments
        ? { openStore: async () => new MemoryIndex(), tasks: directTasks, pool: new PagePool(poolBytes) }
        : undefined,
    });
    await engine.execute({ kind: 'create-database', id: 'db' }, context);
    const settings = indexingPolicy === undefined ? undefined : settingsOf({ indexingPolicy });
    await engine.execute(
      {
        kind: 'create-container',
        ...name,
        profile: 'documents',
        partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
        settings,
      },
      context,
    );
    const { container } = { container: await engine.execute({ kind: 'read-container', ...name }, context) };
    return new IndexedHost(engine, container);
  }

  async write(write: ItemWrite): Promise<void> {
    await this.#engine.execute({ kind: 'write-item', ...name, write }, context);
  }

  /** Deletes an item that may not be there. */
  async remove(id: string, pk: string): Promise<void> {
    const write: ItemWrite = { kind: 'delete-item', id, partitionKey: [pk] };
    await this.#engine.execute({ kind: 'write-items', ...name, writes: [write], ordered: false }, context);
  }

  /** Segments of all partitions. */
  get segments(): number {
    return this.#engine.indexStatistics?.segments ?? 0;
  }

  reading(scope: Scope = {}): Reading {
    return openReading(this.#engine.state, this.container, scope, this.#engine.nowSeconds);
  }

  /** One page, with the index or by looking at every item. */
  page(
    text: string,
    options: {
      readonly reading: Reading;
      readonly indexed: boolean;
      readonly parameters?: Readonly<Record<string, unknown>> | undefined;
      readonly page?: PageBounds | undefined;
      readonly continuation?: string | undefined;
    },
  ): IndexedRun {
    const rows = containerRows(options.reading, systemViewOf(this.container));
    const source: RowSource = options.indexed ? rows : { scan: (from) => rows.scan(from) };
    const execution = executeQuery(prepare(text), {
      source: () => source,
      ports: testPorts,
      parameters: new Map(
        Object.entries(options.parameters ?? {}).map(([parameter, plain]) => [parameter, valueOfPlain(plain)]),
      ),
      page: options.page,
      continuation: options.continuation,
    });
    const found: string[] = [];
    for (;;) {
      const step = execution.next();
      if (step.done === true) return { ...step.value, rows: found };
      for (const row of step.value)
        found.push(row.item === undefined ? jsonOfValue(row.value) : `item ${row.item.position}`);
    }
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }
}

function settingsOf(plain: unknown): Uint8Array {
  const value = valueOfPlain(plain);
  if (typeof value !== 'object' || value === null) throw new Error('settings are an object');
  return value.slice();
}

export function itemOf(id: string, pk: string, fields: (writer: BsonWriter) => void): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('id', id).string('pk', pk);
  fields(writer);
  return writer.end().finish();
}
