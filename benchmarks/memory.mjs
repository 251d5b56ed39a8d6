// Start and memory: process start to ready, idle RSS, and what 2,000 empty containers add. Limits of design §13:
// under 1 s, under 120 MB, under 100 MB.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { createContainerRequest, createDatabaseRequest } from './cosmos-requests.mjs';
import { fixed, machine, median, memoryMB, startMeridian, stop, table } from './harness.mjs';

const starts = Number(process.argv[2] ?? 9);
const containers = 2_000;

const directory = mkdtempSync(join(tmpdir(), 'meridian-bench-memory-'));
const readyMs = [];
for (let i = 0; i < starts; i++) {
  const server = await startMeridian(['--data', directory]);
  readyMs.push(server.readyMs);
  await stop(server);
}
const server = await startMeridian(['--data', directory]);
await delay(1_000);
const idle = memoryMB(server.pid);
const pool = new Pool(server.sql, { connections: 8, pipelining: 1 });
const send = async (request) => {
  const answer = await pool.request(request);
  await answer.body.arrayBuffer();
  if (answer.statusCode !== 201) throw new Error(`status ${answer.statusCode}`);
};
await send(createDatabaseRequest());
let next = 0;
await Promise.all(
  Array.from({ length: 8 }, async () => {
    while (next < containers) await send(createContainerRequest(`empty-${next++}`));
  }),
);
await delay(3_000);
const filled = memoryMB(server.pid);
await pool.close();
await stop(server);
const restarted = await startMeridian(['--data', directory]);
await delay(1_000);
const reopened = memoryMB(restarted.pid);
await stop(restarted);
rmSync(directory, { recursive: true, force: true });

console.log(`start and memory; ${machine()}\n`);
table(
  ['figure', 'value', 'goal'],
  [
    [`process start to ready, median of ${starts} (least, most), ms`, `${fixed(median(readyMs), 0)} (${fixed(Math.min(...readyMs), 0)}, ${fixed(Math.max(...readyMs), 0)})`, '< 1000'],
    ['idle RSS (anonymous), MB', `${fixed(idle.rss)} (${fixed(idle.anonymous)})`, '< 120'],
    [`${containers} empty containers add, RSS (anonymous), MB`, `${fixed(filled.rss - idle.rss)} (${fixed(filled.anonymous - idle.anonymous)})`, '< 100'],
    [`restarted with ${containers} empty containers, RSS (anonymous), MB; ready ms`, `${fixed(reopened.rss)} (${fixed(reopened.anonymous)}); ${fixed(restarted.readyMs, 0)}`, '–'],
  ],
);
