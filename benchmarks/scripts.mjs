// Server-side JavaScript over HTTP: procedures that do nothing, create one item and create 100; a create with a
// pre-trigger; a scan with a user-defined function. Beside each stands what the same work costs without a script. No
// emulator that can be had runs scripts, so there is no peer. Last, a point read alone and while two scripts loop.
//
// Usage: node benchmarks/scripts.mjs [--rounds 3] [--seconds 1]

import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { container, createContainerRequest, createDatabaseRequest, database, headersFor } from './cosmos-requests.mjs';
import { documentOf } from './documents.mjs';
import { cpuSeconds, fixed, machine, median, startMeridian, stop, table, temporaryDirectory } from './harness.mjs';
import { micros, Samples } from './measure.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '1' } },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);

const link = `dbs/${database}/colls/${container}`;
const keyHeader = (key) => ({ 'x-ms-documentdb-partitionkey': JSON.stringify([key]) });
let made = 0;
const newItem = () => ({ ...documentOf(++made), id: `made-${made}`, pk: `p${made % 100}` });
const scanned = 1_000;

function post(path, type, of, body, headers, status = 200) {
  const signed = headersFor('POST', type, of, { 'content-type': 'application/json', ...headers });
  return { method: 'POST', path: `/${path}`, headers: signed, body: JSON.stringify(body), status };
}

function create(item, headers = {}) {
  return post(`${link}/docs`, 'docs', link, item, { ...keyHeader(item.pk), ...headers }, 201);
}

function execute(name, key, parameters) {
  const path = `${link}/sprocs/${name}`;
  return post(path, 'sprocs', path, parameters, keyHeader(key));
}

function query(text) {
  const headers = {
    'content-type': 'application/query+json',
    'x-ms-documentdb-isquery': 'true',
    'x-ms-max-item-count': '1000',
    ...keyHeader('scan'),
  };
  return post(`${link}/docs`, 'docs', link, { query: text, parameters: [] }, headers);
}

function read() {
  const item = `${link}/docs/scan-0`;
  return { method: 'GET', path: `/${item}`, headers: headersFor('GET', 'docs', item, keyHeader('scan')), status: 200 };
}

const createAll = 'function (items) { items.forEach(function (item) { __.createDocument(__.getSelfLink(), item); }); }';
const scripts = [
  ['sprocs', { id: 'nothing', body: 'function () {}' }],
  ['sprocs', { id: 'createAll', body: createAll }],
  ['sprocs', { id: 'loop', body: 'function () { for (;;); }' }],
  ['triggers', { id: 'look', body: 'function () {}', triggerType: 'Pre', triggerOperation: 'All' }],
  ['udfs', { id: 'plus', body: 'function (n) { return n + 1; }' }],
];

const hundred = () => Array.from({ length: 100 }, () => ({ ...newItem(), pk: 'p1' }));

const cells = [
  { name: 'procedure that does nothing', of: () => execute('nothing', 'p1', []) },
  { name: 'create by a procedure', of: () => ((item) => execute('createAll', item.pk, [[item]]))(newItem()) },
  { name: '— create without one', of: () => create(newItem()) },
  { name: 'create of 100 by a procedure', of: () => execute('createAll', 'p1', [hundred()]) },
  {
    name: 'create with a pre-trigger',
    of: () => create(newItem(), { 'x-ms-documentdb-pre-trigger-include': 'look' }),
  },
  {
    name: `scan of ${scanned} items with a function`,
    of: () => query('SELECT VALUE COUNT(1) FROM c WHERE udf.plus(c.n) > 0'),
  },
  { name: '— scan without one', of: () => query('SELECT VALUE COUNT(1) FROM c WHERE c.n * 1 + 1 > 0') },
  { name: 'point read', of: read },
];

async function send(server, request) {
  const answer = await server.pool.request(request);
  const text = await answer.body.text();
  if (answer.statusCode !== request.status) throw new Error(`${answer.statusCode} ${text.slice(0, 300)}`);
}

async function runCell(server, cell, c) {
  const samples = new Samples();
  const startedMs = performance.now();
  // Threads of scripts come and go: the process as a whole is counted.
  const before = cpuSeconds(server.pid);
  await Promise.all(
    Array.from({ length: c }, async () => {
      do {
        const runMs = performance.now();
        await send(server, cell.of());
        samples.add(performance.now() - runMs);
      } while (performance.now() - startedMs < seconds * 1_000);
    }),
  );
  const elapsed = (performance.now() - startedMs) / 1_000;
  const cpu = ((cpuSeconds(server.pid) - before) * 1e6) / samples.count;
  return { perSecond: samples.count / elapsed, cpu, p50: samples.at(0.5), p99: samples.at(0.99) };
}

const server = await startMeridian(['--data', temporaryDirectory('scripts')]);
server.pool = new Pool(server.sql, { connections: 64 });
await send(server, { ...createDatabaseRequest(), status: 201 });
await send(server, { ...createContainerRequest(), status: 201 });
for (const [segment, script] of scripts) await send(server, post(`${link}/${segment}`, segment, link, script, {}, 201));
for (let i = 0; i < scanned; i++) await send(server, create({ ...documentOf(i), id: `scan-${i}`, pk: 'scan', n: i }));
await send(server, execute('nothing', 'p1', []));

const runs = new Map();
const run = async (key, cell, c) => runs.set(key, [...(runs.get(key) ?? []), await runCell(server, cell, c)]);
for (let round = 0; round < rounds; round++)
  for (const cell of cells) for (const c of [1, 16]) await run(`${cell.name}|${c}`, cell, c);

// Two scripts that loop take both threads until they are ended after five seconds.
const loops = [1, 2].map((i) => send(server, { ...execute('loop', `loop-${i}`, []), status: 408 }));
await run('point read while two scripts loop|1', cells.at(-1), 1);
await run('point read while two scripts loop|16', cells.at(-1), 16);
await Promise.all(loops);

const rows = [...runs].map(([key, list]) => {
  const [name, c] = key.split('|');
  const of = (field) => median(list.map((one) => one[field]));
  return [name, c, micros(of('perSecond')), micros(of('cpu')), fixed(of('p50'), 2), fixed(of('p99'), 2)];
});
console.log(`${machine()}; medians of ${rounds} rounds of ${seconds} s\n`);
table(['what', 'c', 'per second', 'CPU µs', 'p50 ms', 'p99 ms'], rows);
await server.pool.close();
await stop(server);
