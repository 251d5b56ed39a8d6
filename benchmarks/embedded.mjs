// Meridian inside the process that measures: a whole server on a directory, and its engine called directly. The one
// place of the benchmarks that knows how core is asked.

import { join } from 'node:path';
import { root } from './harness.mjs';

const load = (path) => import(join(root, 'dist', path));
const { startServer } = await load('bin/server.js');
const { settingsFrom } = await load('bin/settings.js');
const { openLog } = await load('bin/log.js');
const { containerRows } = await load('core/query/container-rows.js');
const { openReading } = await load('core/reading.js');
const { collectPage, executeQuery } = await load('core/query/execute.js');
const { portsOf, systemViewOf } = await load('frontends/cosmos/run-query.js');
const { PreparedQueries } = await load('frontends/cosmos/sql/query.js');
const { fieldOf } = await load('model/bson/walk.js');
const { BsonWriter } = await load('model/bson/write.js');

export const database = 'bench';

export class Embedded {
  #server;
  #queries = new PreparedQueries();

  constructor(server) {
    this.#server = server;
    this.account = server.deployment.accounts[0];
    this.engine = this.account.engine;
    this.context = { account: this.account.number };
  }

  /** With every door open and idle, as a user has it. Resolves when the server is ready. */
  static async open(directory, settings = {}) {
    const line = {
      data: directory,
      sqlPort: '0',
      mongoPort: '0',
      tablePort: '0',
      adminPort: '0',
      logLevel: 'silent',
      ...settings,
    };
    const read = await settingsFrom({ line, environment: {} });
    return new Embedded(await startServer(read.settings, { log: openLog(read.settings) }));
  }

  async createContainer(container) {
    if (this.engine.catalog.databaseOrNone(database) === undefined)
      await this.engine.execute({ kind: 'create-database', id: database }, this.context);
    const partitionKey = { paths: ['/address/city'], kind: 'Hash', version: 2 };
    await this.engine.execute(
      { kind: 'create-container', database, container, profile: 'documents', partitionKey, partitions: 1 },
      this.context,
    );
  }

  /** Independent writes in one call. Throws when one of them failed. */
  async writeMany(container, bodies, kind = 'create-item') {
    const writes = bodies.map((body) => ({ kind, body, view: 'exact' }));
    const outcomes = await this.engine.execute(
      { kind: 'write-items', database, container, writes, ordered: false },
      this.context,
    );
    for (const outcome of outcomes) if (outcome.kind !== 'written') throw outcome.error;
  }

  write(container, body, kind = 'create-item') {
    return this.engine.execute(
      { kind: 'write-item', database, container, write: { kind, body, view: 'exact' } },
      this.context,
    );
  }

  delete(container, { id, address }) {
    return this.engine.execute(
      { kind: 'write-item', database, container, write: { kind: 'delete-item', id, partitionKey: [address.city] } },
      this.context,
    );
  }

  read(container, { id, address }) {
    return this.engine.execute(
      { kind: 'read-item', database, container, id, partitionKey: [address.city] },
      this.context,
    );
  }

  /** Items that match, with their records, page by page until there are enough. */
  async find(container, predicate, itemsMax = Infinity) {
    const search = await this.engine.execute(
      { kind: 'open-search', database, container, scope: {}, predicate, view: 'stored', limit: itemsMax },
      this.context,
    );
    try {
      const items = [];
      for (;;) {
        const page = await search.next(Math.min(10_000, itemsMax - items.length), 64 * 1024 * 1024, undefined);
        items.push(...page.items);
        if (page.done || items.length >= itemsMax) return items;
      }
    } finally {
      search.close();
    }
  }

  /** All rows of Cosmos SQL over the whole container, as core gives them: values, or items not yet encoded. */
  async sql(container, text) {
    const record = this.engine.catalog.containerOrNone(database, container);
    const prepared = this.#queries.get(text);
    const reading = openReading(this.engine.state, record, {}, this.engine.nowSeconds);
    try {
      const source = containerRows(reading, systemViewOf(record));
      const execution = executeQuery(prepared, { source: () => source, ports: portsOf(this.#server.deployment) });
      return await collectPage(execution, () => undefined);
    } finally {
      reading.release();
    }
  }

  /** The index of the container's only partition; undefined as long as core has none. */
  index(container) {
    const record = this.engine.catalog.containerOrNone(database, container);
    return this.engine.state.partition(record.partitions[0].partition)?.index;
  }

  close() {
    return this.#server.stop(1_000);
  }
}

/** A value of a predicate, as it lies in BSON. */
function rawOf(value) {
  const writer = new BsonWriter().beginDocument();
  if (typeof value === 'string') writer.string('value', value);
  else writer.int32('value', value);
  return fieldOf(writer.end().finish(), 'value');
}

export function equals(path, value) {
  return { kind: 'path', path: path.split('.'), test: { kind: 'compare', operator: 'eq', value: rawOf(value) } };
}

export const both = (...of) => ({ kind: 'and', of });

/** Holds for no item, and no index can say so: a scan that looks at all of them. */
export const matchesNone = {
  kind: 'path',
  path: ['percent'],
  test: { kind: 'modulo', divisor: 1_000n, remainder: 777n },
};
