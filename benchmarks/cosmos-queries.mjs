// Queries of the Cosmos REST protocol over HTTP, beside @vercel/cosmosdb-server (in memory): the same requests to both,
// in interleaved rounds. The peer is asked with as many items as it takes in 60 s, at most 10,000; Meridian, durable,
// also with 100,000. Last, a point read alone and while scans of the whole container run.
//
// Usage: node benchmarks/cosmos-queries.mjs [--size 100000] [--rounds 3] [--seconds 0.7]

import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { container, createContainerRequest, createDatabaseRequest, database, headersFor } from './cosmos-requests.mjs';
import { documentOf, firstTime, secondsApart } from './documents.mjs';
import { fixed, machine, median, startMeridian, startPeer, stop, table, temporaryDirectory } from './harness.mjs';
import { cpuMicrosOf, micros, runConcurrently, Samples } from './measure.mjs';
import { installPeers } from './peers/install.mjs';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '0.7' },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const small = 10_000;
/** On a slow machine, rounds after the first begin only this soon after the start. */
const furtherRoundsMs = 5 * 60_000;
const fillMsMax = 60_000;
/** What takes longer alone is not asked 64 times at once: it would only queue. */
const slowMs = 250;

const link = `dbs/${database}/colls/${container}`;
const itemOf = (i) => ({ ...documentOf(i), pk: `p${i % 100}` });
const keyOf = (i) => JSON.stringify([`p${i % 100}`]);

function createItem(i) {
  const headers = headersFor('POST', 'docs', link, {
    'content-type': 'application/json',
    'x-ms-documentdb-partitionkey': keyOf(i),
  });
  return { method: 'POST', path: `/${link}/docs`, headers, body: JSON.stringify(itemOf(i)), status: 201 };
}

function readItem(i) {
  const item = `${link}/docs/${documentOf(i).id}`;
  const headers = headersFor('GET', 'docs', item, { 'x-ms-documentdb-partitionkey': keyOf(i) });
  return { method: 'GET', path: `/${item}`, headers, status: 200 };
}

/** A query over one logical partition when `key` is given, else over all. */
function query(text, parameters, key) {
  const scope =
    key === undefined
      ? { 'x-ms-documentdb-query-enablecrosspartition': 'true' }
      : { 'x-ms-documentdb-partitionkey': JSON.stringify([key]) };
  const headers = headersFor('POST', 'docs', link, {
    'content-type': 'application/query+json',
    'x-ms-documentdb-isquery': 'true',
    'x-ms-max-item-count': '100',
    ...scope,
  });
  const body = JSON.stringify({ query: text, parameters });
  return { method: 'POST', path: `/${link}/docs`, headers, body, status: 200 };
}

/**
 * Answers of a query to its end, page by page: a server may stop at any page. What a gateway will not merge over
 * partitions is asked of the one range there is, as an SDK does.
 */
async function ask(server, request, rowsMax = Infinity) {
  let rows = 0;
  let continuation;
  do {
    const headers =
      continuation === undefined ? request.headers : { ...request.headers, 'x-ms-continuation': continuation };
    const answer = await server.pool.request({ ...request, headers });
    const text = await answer.body.text();
    if (answer.statusCode !== request.status)
      throw new Error(`${server.name}: ${answer.statusCode} ${text.slice(0, 200)}`);
    continuation = answer.headers['x-ms-continuation'];
    if (request.method === 'POST' && request.status === 200) rows += JSON.parse(text)._count ?? 0;
  } while (continuation && rows < rowsMax);
  return rows;
}

async function fill(server, to) {
  const startedMs = performance.now();
  const from = server.items;
  for (let at = from; at < to && performance.now() - startedMs < fillMsMax; at += 500) {
    await runConcurrently(32, Math.min(500, to - at), (k) => ask(server, createItem(at + k)));
    server.items = Math.min(to, at + 500);
  }
}

const known = (server, i) => Math.floor(server.items / 500) * ((i * 7_919) % 500);
const timeOf = (server, i) =>
  firstTime + Math.floor(server.items * 0.9 * (((i * 7_919) % 1_000) / 1_000)) * secondsApart;
const atRange = (request) => ({
  ...request,
  headers: { ...request.headers, 'x-ms-documentdb-partitionkeyrangeid': '0' },
});

const cells = [
  { name: 'create', once: (server) => ask(server, createItem(10_000_000 + server.extra++)) },
  { name: 'point read', once: (server, i) => ask(server, readItem(known(server, i))) },
  {
    name: 'equality, cross-partition',
    rows: 1,
    once: (server, i) => {
      const value = documentOf(known(server, i)).email;
      return ask(server, query('SELECT * FROM c WHERE c.email = @email', [{ name: '@email', value }]), 1);
    },
  },
  {
    name: 'equality in one logical partition',
    rows: 1,
    once: (server, i) => {
      const at = known(server, i);
      const pk = `p${at % 100}`;
      const parameters = [
        { name: '@email', value: documentOf(at).email },
        { name: '@pk', value: pk },
      ];
      // The peer looks for the key in the text, not in the header.
      return ask(server, query('SELECT * FROM c WHERE c.pk = @pk AND c.email = @email', parameters, pk), 1);
    },
  },
  {
    name: 'TOP 100 by ORDER BY',
    rows: 100,
    once: (server, i) =>
      ask(
        server,
        atRange(
          query('SELECT TOP 100 * FROM c WHERE c.ts > @ts ORDER BY c.ts', [{ name: '@ts', value: timeOf(server, i) }]),
        ),
        100,
      ),
  },
  {
    name: 'COUNT of 20 %',
    rows: 1,
    once: (server) => ask(server, atRange(query("SELECT VALUE COUNT(1) FROM c WHERE c.status = 'paid'", [])), 1),
  },
];

async function runCell(server, cell, c) {
  const samples = new Samples();
  const startedMs = performance.now();
  const before = cpuMicrosOf([server.pid]);
  let i = 0;
  await Promise.all(
    Array.from({ length: c }, async () => {
      do {
        const runMs = performance.now();
        const rows = await cell.once(server, i++);
        if (cell.rows !== undefined && rows < cell.rows)
          throw new Error(`${server.name}: ${cell.name} gave ${rows} rows`);
        samples.add(performance.now() - runMs);
      } while (performance.now() - startedMs < seconds * 1_000);
    }),
  );
  const elapsed = (performance.now() - startedMs) / 1_000;
  const cpu = (cpuMicrosOf([server.pid]) - before) / samples.count;
  return { perSecond: samples.count / elapsed, cpu, p50: samples.at(0.5), p99: samples.at(0.99) };
}

const ratio = (one, other) => fixed(one === undefined || other === undefined ? undefined : one / other, 2);

async function compare(servers) {
  const runs = new Map();
  for (let round = 0; round < rounds && (round === 0 || performance.now() < furtherRoundsMs); round++)
    for (const cell of cells)
      for (const c of [1, 64])
        for (const server of servers) {
          const before = runs.get(`${cell.name} 1 ${server.name}`);
          if (c > 1 && before[0].p50 > slowMs) continue;
          if (c === 1 && before?.[0].p50 > slowMs && round > 1) continue;
          const key = `${cell.name} ${c} ${server.name}`;
          runs.set(key, [...(runs.get(key) ?? []), await runCell(server, cell, c)]);
        }
  const rows = [];
  for (const cell of cells)
    for (const c of [1, 64]) {
      const middle = servers.map((server) => {
        const list = runs.get(`${cell.name} ${c} ${server.name}`);
        const of = (field) => list && median(list.map((run) => run[field]));
        return { perSecond: of('perSecond'), cpu: of('cpu'), p50: of('p50'), p99: of('p99') };
      });
      for (const [k, one] of middle.entries())
        rows.push([
          cell.name,
          c,
          `${servers[k].name}, ${servers[k].items.toLocaleString('en-US')} items`,
          micros(one.perSecond),
          micros(one.cpu),
          fixed(one.p50, 2),
          fixed(one.p99, 2),
          k === 0 ? '' : ratio(middle[0].perSecond, one.perSecond),
          k === 0 ? '' : ratio(one.cpu, middle[0].cpu),
        ]);
    }
  table(
    ['operation', 'c', 'server', 'per s', 'CPU µs', 'p50 ms', 'p99 ms', 'our rate ÷ theirs', 'their CPU ÷ ours'],
    rows,
  );
}

async function readsUnderScan(server) {
  const scan = query('SELECT VALUE c.id FROM c WHERE c.percent % 1000 = 777', []);
  const probe = async (samples) => {
    const startedMs = performance.now();
    await ask(server, readItem(known(server, samples.count)));
    samples.add(performance.now() - startedMs);
  };
  const alone = new Samples();
  for (let k = 0; k < 2_000; k++) await probe(alone);
  const during = new Samples();
  let scans = 0;
  const startedMs = performance.now();
  const isOver = () => during.count >= 2_000 || performance.now() - startedMs > 10_000;
  const scanning = (async () => {
    while (!isOver()) {
      await ask(server, scan);
      scans++;
    }
  })();
  while (!isOver()) await probe(during);
  await scanning;
  console.log(
    `\n### point reads of ${server.items.toLocaleString('en-US')} items while ${scans} scans of all of them ran\n`,
  );
  table(
    ['p50 alone ms', 'p99 alone', 'p50 during', 'p99 during', 'factor of p99 (≤ 5)'],
    [
      [
        ...[alone, during].flatMap((one) => [fixed(one.at(0.5), 2), fixed(one.at(0.99), 2)]),
        fixed(during.at(0.99) / alone.at(0.99)),
      ],
    ],
  );
}

const directory = temporaryDirectory('queries');
const servers = [];
try {
  const meridian = await startMeridian(['--data', directory]);
  servers.push({ name: 'Meridian, durable', child: meridian.child, pid: meridian.pid, url: meridian.sql });
  if (installPeers()) servers.push({ name: '@vercel/cosmosdb-server, memory', ...(await startPeer('vercel.mjs')) });
  for (const server of servers) {
    Object.assign(server, { pool: new Pool(server.url, { connections: 64, pipelining: 1 }), items: 0, extra: 0 });
    await ask(server, { ...createDatabaseRequest(), status: 201 });
    await ask(server, { ...createContainerRequest(), status: 201 });
    await fill(server, small);
  }
  console.log(`queries over HTTP, ${rounds} interleaved rounds of ${seconds} s; ${machine()}\n`);
  await compare(servers);
  const [ours] = servers;
  await fill(ours, Number(options.size));
  console.log('');
  await compare([ours]);
  await readsUnderScan(ours);
} finally {
  for (const server of servers) {
    await server.pool?.destroy();
    await stop(server);
  }
}
