// The contestants of `peers-engine`, each with the same few methods: insert, ask, settle, say what it took. A peer's
// CPU is its server's and that of this process, where its client runs; Meridian is in this process whole.

import { bsonOf, scalarPaths } from '../documents.mjs';
import { Embedded, equals } from '../embedded.mjs';
import { cpuMicrosOf, FamilyCpu, ownCpuMicros, quiet } from '../measure.mjs';
import { startPostgres } from './postgres.mjs';
import { quoted, startSqlite } from './sqlite.mjs';

const batch = 100;

function* batchesOf(list) {
  for (let at = 0; at < list.length; at += batch) yield list.slice(at, at + batch);
}

function only(rows) {
  if (rows !== 1) throw new Error(`${rows} documents were found instead of one`);
}

export async function meridianSide(directory) {
  const embedded = await Embedded.open(directory);
  const container = 'items';
  await embedded.createContainer(container);
  return {
    name: 'Meridian, in process',
    indexes: 'every path',
    writersMax: 64,
    cpu: ownCpuMicros,
    encode: (documents) => documents.map(bsonOf),
    insertBatches: async (bodies) => {
      for (const some of batchesOf(bodies)) await embedded.writeMany(container, some);
    },
    insertOne: (body) => embedded.write(container, body),
    equality: async (email) => only((await embedded.find(container, equals('email', email), 1)).length),
    ordered: (time) => embedded.sql(container, `SELECT * FROM c WHERE c.ts > ${time} ORDER BY c.ts OFFSET 0 LIMIT 100`),
    countBoth: (status, percent) =>
      embedded.sql(container, `SELECT VALUE COUNT(1) FROM c WHERE c.status = '${status}' AND c.percent = ${percent}`),
    countStatus: (status) => embedded.sql(container, `SELECT VALUE COUNT(1) FROM c WHERE c.status = '${status}'`),
    rest: () => quiet(),
    settle: () => quiet(),
    indexBytes: async () => embedded.index(container)?.statistics().segmentBytes || undefined,
    stop: () => embedded.close(),
  };
}

export async function postgresSide() {
  const server = await startPostgres();
  if (server === undefined) return undefined;
  const { pool } = server;
  const family = new FamilyCpu(server.pid);
  await pool.query('CREATE TABLE items (id text PRIMARY KEY, body jsonb NOT NULL)');
  await pool.query('CREATE INDEX items_paths ON items USING gin (body jsonb_path_ops)');
  const insertMany = 'INSERT INTO items SELECT * FROM unnest($1::text[], $2::jsonb[])';
  let isOrdered = false;
  const counted = async (text, values) => Number((await pool.query({ name: text, text, values })).rows[0].count);
  return {
    name: `${server.name}, jsonb and GIN, with its client`,
    indexes: 'GIN over every path; ts by an expression index, made after loading',
    writersMax: 64,
    cpu: () => ownCpuMicros() + family.read(),
    encode: (documents) => documents.map((document) => [document.id, JSON.stringify(document)]),
    insertBatches: async (rows) => {
      for (const some of batchesOf(rows))
        await pool.query({
          name: 'insert-many',
          text: insertMany,
          values: [some.map(([id]) => id), some.map(([, body]) => body)],
        });
    },
    insertOne: (values) => pool.query({ name: 'insert', text: 'INSERT INTO items VALUES ($1, $2)', values }),
    equality: async (email) => {
      const { rows } = await pool.query({
        name: 'equality',
        text: 'SELECT body FROM items WHERE body @> $1::jsonb',
        values: [JSON.stringify({ email })],
      });
      only(rows.length);
    },
    ordered: (time) =>
      pool.query({
        name: 'ordered',
        text: "SELECT body FROM items WHERE ((body->>'ts')::float8) > $1 ORDER BY ((body->>'ts')::float8) LIMIT 100",
        values: [time],
      }),
    countBoth: (status, percent) =>
      counted('SELECT count(*) FROM items WHERE body @> $1::jsonb', [JSON.stringify({ status, percent })]),
    countStatus: (status) =>
      counted('SELECT count(*) FROM items WHERE body @> $1::jsonb', [JSON.stringify({ status })]),
    rest: async () => undefined,
    settle: async () => {
      if (!isOrdered) await pool.query("CREATE INDEX items_ts ON items (((body->>'ts')::float8))");
      isOrdered = true;
      // Merges GIN's pending list and sets the visibility map: the peer at its best.
      await pool.query('VACUUM ANALYZE items');
    },
    indexBytes: async () => Number((await pool.query("SELECT pg_relation_size('items_paths') AS size")).rows[0].size),
    stop: server.stop,
  };
}

export async function sqliteSide() {
  const server = startSqlite();
  if (server === undefined) return undefined;
  const path = (name) => `json_extract(body, '$.${name}')`;
  const declared = scalarPaths.map((name, i) => `CREATE INDEX items_${i} ON items (${path(name)});`);
  await server.run(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -262144;' +
      `CREATE TABLE items (id TEXT PRIMARY KEY, body TEXT NOT NULL); ${declared.join(' ')}`,
  );
  const insert = ([id, body]) => `INSERT INTO items VALUES (${quoted(id)}, ${quoted(body)});`;
  return {
    name: `${server.name}, ${scalarPaths.length} declared indexes, by its tool`,
    indexes: `${scalarPaths.length} expression indexes, none over arrays`,
    writersMax: 1,
    cpu: () => ownCpuMicros() + cpuMicrosOf([server.pid]),
    encode: (documents) => documents.map((document) => [document.id, JSON.stringify(document)]),
    insertBatches: async (rows) => {
      for (const some of batchesOf(rows)) await server.run(`BEGIN; ${some.map(insert).join('\n')} COMMIT;`);
    },
    insertOne: (row) => server.run(insert(row)),
    equality: async (email) => {
      const text = await server.run(`SELECT body FROM items WHERE ${path('email')} = ${quoted(email)};`);
      only(text.split('\n').length - 1);
    },
    ordered: (time) =>
      server.run(`SELECT body FROM items WHERE ${path('ts')} > ${time} ORDER BY ${path('ts')} LIMIT 100;`),
    countBoth: (status, percent) =>
      server.run(
        `SELECT count(*) FROM items WHERE ${path('status')} = ${quoted(status)} AND ${path('percent')} = ${percent};`,
      ),
    countStatus: (status) => server.run(`SELECT count(*) FROM items WHERE ${path('status')} = ${quoted(status)};`),
    rest: async () => undefined,
    settle: () => server.run('ANALYZE;'),
    indexBytes: async () => {
      const text = await server.run("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'items\\_%' ESCAPE '\\';");
      return Number(text) || undefined;
    },
    stop: server.stop,
  };
}
