// Connections: what an idle one costs, and how many requests of the official clients share one. Row 0-17 of the
// requirements: more than 95 % of requests reuse a connection.

import { CosmosClient } from '@azure/cosmos';
import { MongoClient } from 'mongodb';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { publicKey } from './cosmos-requests.mjs';
import { fixed, machine, memoryMB, startMeridian, stop, table } from './harness.mjs';

const idle = 1_000;
const requests = 5_000;
const lanes = 32;

const server = await startMeridian(['--memory']);
const rows = [];

/** Opens plain connections that each had one request. */
async function opened(url, bytes) {
  const { hostname, port } = new URL(url);
  return Promise.all(
    Array.from({ length: idle }, async () => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      await new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.once('data', resolve);
        socket.write(bytes);
      });
      return socket;
    }),
  );
}

/** The `hello` of a driver as OP_MSG. */
function helloMessage() {
  const body = Buffer.from('1e0000001068656c6c6f0001000000022464620006000000' + '61646d696e000000', 'hex');
  body.writeInt32LE(body.length, 0);
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(1, 4);
  head.writeInt32LE(2013, 12);
  return Buffer.concat([head, body]);
}

async function idleRow(name, url, bytes) {
  const before = memoryMB(server.pid);
  const sockets = await opened(url, bytes);
  await delay(1_000);
  const after = memoryMB(server.pid);
  rows.push([
    `${name}: ${idle} idle connections add, KB each`,
    fixed(((after.anonymous - before.anonymous) * 1024) / idle),
    '–',
  ]);
  for (const socket of sockets) socket.destroy();
  await delay(500);
}

async function acceptedOf(door) {
  const text = await (await fetch(`${server.admin}/metrics`, { headers: { 'x-meridian-key': publicKey } })).text();
  return Number(new RegExp(`meridian_connections_total\\{door="${door}"\\} (\\d+)`).exec(text)[1]);
}

async function reuseRow(name, door, once) {
  const before = await acceptedOf(door);
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < requests) await once(next++);
    }),
  );
  const share = 1 - ((await acceptedOf(door)) - before) / requests;
  rows.push([`${name}: requests on a connection that had served before, %`, fixed(share * 100, 2), '> 95']);
}

await idleRow('Cosmos DB', server.sql, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
await idleRow('MongoDB', server.mongo, helloMessage());

const cosmos = new CosmosClient({ endpoint: server.sql, key: publicKey });
const { database } = await cosmos.databases.createIfNotExists({ id: 'pool' });
const { container } = await database.containers.createIfNotExists({ id: 'items', partitionKey: '/id' });
await container.items.upsert({ id: '1' });
await reuseRow('@azure/cosmos', 'sql', () => container.item('1', '1').read());
cosmos.dispose();

const mongo = new MongoClient(server.mongo, { directConnection: true });
await mongo.connect();
await reuseRow('mongodb', 'mongo', () => mongo.db('pool').collection('items').findOne({ _id: '1' }));
await mongo.close();
await stop(server);

console.log(`connections; ${machine()}\n`);
table(['figure', 'value', 'goal'], rows);
