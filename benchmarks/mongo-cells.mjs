// What `mongo-wire` asks of every server: the documents it is filled with, and the operations, by the driver and by the
// bare client of `wire-client`. An index that a peer needs is declared on it; Meridian indexes every path anyway.

import { firstTime, mongoDocumentOf, secondsApart, statuses } from './documents.mjs';

export const scanned = 100_000;

/** An operation that a server does not offer is no failure of the run. */
export async function offered(run) {
  try {
    await run();
    return true;
  } catch (error) {
    if (error.code === 59 || error.code === 115 || error.code === 238 || error.code === 40324) return false;
    if (/not (supported|implemented|offered)|unrecognized|unsupported/i.test(error.message)) return false;
    throw error;
  }
}

/** The documents of the read cells; and on peers the indexes that their fields need. */
export async function fill(server, size) {
  const items = server.database.collection('items');
  for (let at = 0; at < size; at += 1_000)
    await items.insertMany(
      Array.from({ length: Math.min(1_000, size - at) }, (_, k) => mongoDocumentOf(at + k)),
      { ordered: false },
    );
  const small = server.database.collection('small');
  for (let at = 0; at < scanned; at += 5_000)
    await small.insertMany(
      Array.from({ length: 5_000 }, (_, k) => ({
        _id: at + k,
        n: (at + k) * 7,
        name: `name ${at + k}`,
        text: 'a short text that brings the document to about two hundred bytes '.repeat(2),
      })),
    );
  for (const field of ['email', 'ts', 'status']) await offered(() => items.createIndex({ [field]: 1 }));
}

function checked(found) {
  if (found === null || found.length === 0) throw new Error('a document was not found');
}

const collection = (server, name) => server.database.collection(name);

const databaseName = 'bench';

/** Every lane has a connection of its own. */
const wireOf = (server, lane) => server.wires[lane];

export const insertCells = [1, 32]
  .map((c) => ({
    name: 'insertOne',
    c,
    goal: 2,
    once: (server) => collection(server, 'inserts').insertOne(mongoDocumentOf(10_000_000 + server.inserted++)),
  }))
  .concat({
    name: 'insertMany of 1,000',
    c: 1,
    goal: 2,
    each: 1_000,
    once: (server) => {
      const from = 20_000_000 + server.inserted;
      server.inserted += 1_000;
      return collection(server, 'inserts').insertMany(
        Array.from({ length: 1_000 }, (_, k) => mongoDocumentOf(from + k)),
      );
    },
  });

insertCells.push(
  ...[1, 32].map((c) => ({
    name: 'insertOne, bare client',
    c,
    goal: 2,
    once: (server, _, lane) =>
      wireOf(server, lane).run({
        insert: 'inserts',
        documents: [mongoDocumentOf(10_000_000 + server.inserted++)],
        $db: databaseName,
      }),
  })),
);

export function readCellsOf(size) {
  const known = Array.from({ length: 1_000 }, (_, k) => mongoDocumentOf(Math.floor((k * size) / 1_000)));
  const knownOf = (i) => known[(i * 7_919) % known.length];
  const timeOf = (i) => firstTime + Math.floor(size * 0.9 * (((i * 7_919) % 1_000) / 1_000)) * secondsApart;

  const bareFind = (name, filterOf) =>
    [1, 32].map((c) => ({
      name: `${name}, bare client`,
      c,
      goal: 3,
      once: async (server, i, lane) => {
        const reply = await wireOf(server, lane).run({
          find: 'items',
          filter: filterOf(i),
          limit: 1,
          $db: databaseName,
        });
        if (reply.length < 500) throw new Error('a document was not found');
      },
    }));
  return [
    ...[1, 32].map((c) => ({
      name: 'findOne by _id',
      c,
      goal: 3,
      once: async (server, i) => checked(await collection(server, 'items').findOne({ _id: knownOf(i)._id })),
    })),
    ...[1, 32].map((c) => ({
      name: 'find by email, index declared on the peer',
      c,
      goal: 3,
      once: async (server, i) =>
        checked(
          await collection(server, 'items')
            .find({ email: knownOf(i).email })
            .toArray(),
        ),
    })),
    {
      name: 'find by score, nothing declared',
      c: 1,
      goal: 3,
      once: async (server, i) =>
        checked(
          await collection(server, 'items')
            .find({ score: knownOf(i).score })
            .toArray(),
        ),
    },
    {
      name: 'range of ts, sort, limit 100, index declared on the peer',
      c: 1,
      goal: 3,
      once: async (server, i) =>
        checked(
          await collection(server, 'items')
            .find({ ts: { $gt: timeOf(i) } })
            .sort({ ts: 1 })
            .limit(100)
            .toArray(),
        ),
    },
    {
      name: 'countDocuments of 20 %, index declared on the peer',
      c: 1,
      goal: 2,
      once: (server, i) => collection(server, 'items').countDocuments({ status: statuses[i % 5] }),
    },
    {
      name: 'aggregate $match, $group by city',
      c: 1,
      goal: 2,
      once: (server, i) =>
        collection(server, 'items')
          .aggregate([
            { $match: { status: statuses[i % 5] } },
            { $group: { _id: '$address.city', n: { $sum: 1 }, mean: { $avg: '$score' } } },
          ])
          .toArray(),
    },
    {
      name: `scan of ${scanned.toLocaleString('en-US')} ($mod, no match; ≤ 60 ms)`,
      c: 1,
      goal: 3,
      once: (server) =>
        collection(server, 'small')
          .find({ n: { $mod: [1_000_003, 1_000_002] } })
          .toArray(),
    },
    ...bareFind('findOne by _id', (i) => ({ _id: knownOf(i)._id })),
    ...bareFind('find by email, index declared on the peer', (i) => ({ email: knownOf(i).email })),
  ];
}
