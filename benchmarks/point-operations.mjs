// Point read and durable create over HTTP, at 1 and 64 connections, beside a bare node:http server that sends
// the same headers and bytes and checks the same signature, and beside @vercel/cosmosdb-server (in memory).
// Interleaved: every round runs every server once. Prints CPU µs of the server per request and ratios.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import {
  createContainerRequest,
  createDatabaseRequest,
  createRequest,
  readRequest,
  publicKey,
} from './cosmos-requests.mjs';
import { fixed, load, machine, median, startMeridian, startPeer, stop, table } from './harness.mjs';
import { installPeers } from './peers/install.mjs';

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 2);
const items = 2_000;

async function send(url, { method, path, headers, body }) {
  const answer = await request(url + path, { method, headers, body });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

async function fill(url) {
  await send(url, createDatabaseRequest());
  await send(url, createContainerRequest());
  for (let i = 0; i < items; i++) {
    const answer = await send(url, createRequest(i));
    if (answer.status !== 201) throw new Error(`create: ${answer.status} ${answer.body}`);
  }
}

const directory = mkdtempSync(join(tmpdir(), 'meridian-bench-data-'));
const meridian = await startMeridian(['--data', directory]);
await fill(meridian.sql);
const captured = {
  read: await send(meridian.sql, readRequest(7)),
  create: await send(meridian.sql, createRequest(items)),
};
for (const answer of Object.values(captured)) {
  // Node sets these itself, as it does for Meridian.
  for (const name of ['date', 'connection', 'keep-alive']) delete answer.headers[name];
}
const answersFile = join(directory, 'answers.json');
writeFileSync(answersFile, JSON.stringify(captured));
const servers = [
  { name: 'bare node:http', ...(await startPeer('bare.mjs', [answersFile])) },
  { name: 'Meridian, durable', pid: meridian.pid, url: meridian.sql, child: meridian.child },
];
if (installPeers()) {
  const peer = { name: '@vercel/cosmosdb-server 1.0.1, memory', ...(await startPeer('vercel.mjs')) };
  await fill(peer.url);
  servers.push(peer);
}

const cells = [
  { name: 'point read', status: 200, next: (_, i) => readRequest(i % items) },
  {
    name: 'create',
    status: 201,
    next: (server, i) => createRequest((server.next = (server.next ?? items + 1) + 1) + i * 0),
  },
];
console.log(`point operations over HTTP, ${rounds} interleaved rounds of ${seconds} s; ${machine()}\n`);
const rows = [];
for (const cell of cells) {
  for (const concurrency of [1, 64]) {
    const results = new Map(servers.map((server) => [server.name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        // The peer keeps every item in memory and slows down with their number: bounded.
        const countMax = cell.name === 'create' && server.name.startsWith('@vercel') ? 400 : 200_000;
        results.get(server.name).push(
          await load({
            url: server.url,
            pid: server.pid,
            concurrency,
            seconds,
            countMax,
            next: (i) => cell.next(server, i),
            expectStatus: cell.status,
          }),
        );
      }
    }
    const bare = results.get('bare node:http');
    for (const server of servers) {
      const runs = results.get(server.name);
      const cpu = median(runs.map((run) => run.cpuMicros));
      const perSecond = median(runs.map((run) => run.perSecond));
      rows.push([
        cell.name,
        concurrency,
        server.name,
        fixed(cpu),
        fixed(perSecond, 0),
        fixed(median(runs.map((run) => run.p50)), 2),
        fixed(median(runs.map((run) => run.p99)), 2),
        fixed(median(bare.map((run) => run.cpuMicros)) / cpu, 2),
        fixed(perSecond / median(bare.map((run) => run.perSecond)), 2),
      ]);
    }
  }
}
table(
  [
    'operation',
    'c',
    'server',
    'CPU µs/request',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'CPU ratio to bare',
    'rate ratio to bare',
  ],
  rows,
);
const status = await request(`${meridian.admin}/status`, {
  headers: {
    'x-meridian-key': publicKey,
  },
});
console.log(`\nstatus: ${await status.body.text()}`);
for (const server of servers) await stop(server);
rmSync(directory, { recursive: true, force: true });
