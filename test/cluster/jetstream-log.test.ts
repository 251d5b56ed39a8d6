// The log on a real server: the contract of all logs, then what only a real server does: it dies and it stands still.

import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Committer } from '../../core/commit.ts';
import { DatabaseError } from '../../model/errors.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import { decodeHeader, RecordKind } from '../../model/record.ts';
import { appendRecordsMax, emptyTail, type Log } from '../../replication/log.ts';
import { connectJetStream } from '../../replication/link/jetstream-connection.ts';
import { openJetStreamLog, type JetStreamLog } from '../../replication/link/jetstream-log.ts';
import { sequenceOf, tailOf, verifyRead } from '../../replication/run.ts';
import { describeLog } from '../replication/log.contract.ts';
import { runAfter, sizes } from '../replication/records.ts';
import { changeOf, KvMachine } from '../simulation/kv-machine.ts';
import { NatsServer } from './nats-server.ts';

let server: NatsServer;
let connection: NatsConnection;
let rivalConnection: NatsConnection;
let streams = 0;
const nextStream = () => `log-${++streams}`;
const open = (stream: string, requestMsMax?: number): Promise<JetStreamLog> =>
  openJetStreamLog(connection, { stream, replicas: 1, requestMsMax });

beforeAll(async () => {
  server = await NatsServer.start();
  connection = await connectJetStream({ servers: [server.url] });
  rivalConnection = await connectJetStream({ servers: [server.url] });
});

afterAll(async () => {
  await connection.close();
  await rivalConnection.close();
  await server.remove();
});

describeLog(
  'JetStream',
  async () => {
    const stream = nextStream();
    let handles = 0;
    return {
      // Two writers are two connections.
      open: () => openJetStreamLog(handles++ % 2 === 0 ? connection : rivalConnection, { stream, replicas: 1 }),
      dispose: async () => {
        await (await jetstreamManager(connection)).streams.delete(stream);
      },
    };
  },
  200,
);

/** Every record of a log, verified one by one. */
async function readAll(log: Log): Promise<Uint8Array[]> {
  const records: Uint8Array[] = [];
  for (;;) {
    const found = await log.read(records.length, appendRecordsMax);
    if (found.length === 0) return records;
    for (const record of found) {
      const before = records.at(-1);
      verifyRead(record, records.length + 1, before === undefined ? emptyTail : tailOf(before));
      records.push(record);
    }
  }
}

interface Leader {
  readonly committer: Committer;
  readonly machine: KvMachine;
}

async function lead(log: Log): Promise<Leader> {
  const machine = new KvMachine();
  const committer = new Committer({
    log,
    machine,
    clock: new HybridClock(Date.now),
    region: 1,
    pause: (ms) => sleep(ms),
  });
  await committer.open(emptyTail);
  return { committer, machine };
}

const codeOf = (error: unknown) => (error instanceof DatabaseError ? error.code : String(error));

/** Writers that go on until `until`, one write after the other; what became of each write is kept by its id. */
async function writeUntil(leader: Leader, until: () => boolean, writers: number) {
  const acknowledged = new Map<number, number>();
  const refused = new Map<number, string>();
  let lastId = 0;
  const writer = async (name: number) => {
    while (!until() && leader.committer.stopped === undefined) {
      const id = ++lastId;
      const write = leader.committer.submit((staging) => {
        const sequence = staging.nextSequence();
        leader.machine.put(staging, { id, key: `k${name}`, value: `v${id}`, size: 1 });
        return sequence;
      });
      await write.then(
        (sequence) => acknowledged.set(id, sequence),
        (error: unknown) => refused.set(id, codeOf(error)),
      );
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, name) => writer(name)));
  return { acknowledged, refused };
}

function verifyHistory(
  records: readonly Uint8Array[],
  acknowledged: Map<number, number>,
  refused: Map<number, string>,
) {
  const stored = new Map<number, number>();
  for (const record of records) {
    if (decodeHeader(record).kind !== RecordKind.insert) continue;
    const { id } = changeOf(record);
    expect(stored.has(id), `write ${id} is there twice`).toBe(false);
    stored.set(id, sequenceOf(record));
  }
  for (const [id, sequence] of acknowledged) expect(stored.get(id), `write ${id} was acknowledged`).toBe(sequence);
  for (const [id, code] of refused)
    if (code !== 'OutcomeUnknown' && code !== 'Internal')
      expect(stored.has(id), `write ${id} was refused with ${code}`).toBe(false);
}

describe('JetStream log', () => {
  it('says that the messages of the servers are too small, or that there is no server', async () => {
    await expect(connectJetStream({ servers: ['127.0.0.1:1'] })).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('answers StorageFull when the stream has no room, and goes on when there is', async () => {
    const log = await openJetStreamLog(connection, { stream: nextStream(), replicas: 1, bytesMax: 40_000 });
    const first = runAfter(emptyTail, sizes(3, 10_000));
    expect(await log.append(first, 0)).toEqual({ kind: 'appended' });
    const tail = tailOf(first[2]!);
    await expect(log.append(runAfter(tail, [20_000]), 3)).rejects.toMatchObject({ code: 'StorageFull' });
    const small = runAfter(tail, [200]);
    expect(await log.append(small, 3)).toEqual({ kind: 'appended' });
    await log.trimBefore(4);
    expect(await log.append(runAfter(tailOf(small[0]!), [20_000]), 4)).toEqual({ kind: 'appended' });
    await expect(log.read(0, 10)).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringContaining('record 1 is missing'),
    });
    expect((await log.read(3, 10)).map(sequenceOf)).toEqual([4, 5]);
  });

  it('finds a hole that the server steps over in silence', async () => {
    const stream = nextStream();
    const log = await open(stream);
    let tail = emptyTail;
    for (let i = 0; i < 10; i++) {
      const run = runAfter(tail, sizes(3));
      await log.append(run, tail.sequence);
      tail = tailOf(run[2]!);
    }
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info(stream);
    // A stream that allows deletes stands for the one whose block was damaged: the reader meets the same gap.
    const holed = nextStream();
    await manager.streams.add({ ...config, name: holed, subjects: [holed], deny_delete: false, sealed: false });
    const copy = await open(holed);
    let after = emptyTail;
    for (let i = 0; i < 10; i++) {
      const run = runAfter(after, sizes(3));
      await copy.append(run, after.sequence);
      after = tailOf(run[2]!);
    }
    await manager.streams.deleteMessage(holed, 5);
    await expect(readAll(await open(holed))).rejects.toMatchObject({ code: 'Internal' });
    await expect(copy.tail()).rejects.toMatchObject({ code: 'Internal' });
    await expect(copy.read(9, 100)).rejects.toMatchObject({ code: 'Internal' });
    expect(await readAll(log)).toHaveLength(30);
  });

  it('reads what is not a message of ours as damage', async () => {
    const stream = nextStream();
    const log = await open(stream);
    await log.append(runAfter(emptyTail, sizes(1)), 0);
    await connection.request(stream, 'not a run of records');
    await expect(log.read(1, 10)).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringContaining('message 2'),
    });
    await expect(log.tail()).rejects.toMatchObject({ code: 'Internal' });
  });

  it('loses nothing acknowledged when the server is killed under 16 writers, again and again', async () => {
    const stream = nextStream();
    const log = await open(stream, 500);
    const leader = await lead(log);
    let done = false;
    const crashes = (async () => {
      for (let round = 0; round < 6; round++) {
        await sleep(250 + 130 * round);
        await server.kill();
        await sleep(200);
        await server.run();
      }
      await sleep(400);
      done = true;
    })();
    const { acknowledged, refused } = await writeUntil(leader, () => done, 16);
    await crashes;
    expect(leader.committer.stopped).toBeUndefined();
    expect(acknowledged.size).toBeGreaterThan(100);
    const records = await readAll(log);
    verifyHistory(records, acknowledged, refused);
    expect(leader.machine.applied).toHaveLength(records.length);
    const next = await lead(await open(stream));
    expect(next.machine.values).toEqual(leader.machine.values);
    console.log(
      `killed 6 times: ${acknowledged.size} acknowledged, ${refused.size} refused, ` +
        `${records.filter((record) => decodeHeader(record).kind === RecordKind.heartbeat).length} settled as void`,
    );
  });

  it('settles what a server that stood still did late', async () => {
    const log = await open(nextStream(), 150);
    const leader = await lead(log);
    let done = false;
    const freezes = (async () => {
      for (let round = 0; round < 6; round++) {
        await sleep(200);
        server.freeze();
        await sleep(600);
        server.thaw();
      }
      await sleep(300);
      done = true;
    })();
    const { acknowledged, refused } = await writeUntil(leader, () => done, 16);
    await freezes;
    expect(leader.committer.stopped).toBeUndefined();
    const records = await readAll(log);
    verifyHistory(records, acknowledged, refused);
    console.log(
      `frozen 6 times: ${acknowledged.size} acknowledged, ${refused.size} refused, ${records.length} records`,
    );
  });

  it('fences a leader once another has taken over', async () => {
    const stream = nextStream();
    const old = await lead(await open(stream));
    const rival = await lead(await openJetStreamLog(rivalConnection, { stream, replicas: 1 }));
    const write = (leader: Leader, id: number) =>
      leader.committer
        .submit((staging) => leader.machine.put(staging, { id, key: 'k', value: `v${id}`, size: 1 }))
        .then(() => 'ok', codeOf);
    expect(await write(old, 1)).toBe('NotLeader');
    expect(await write(rival, 2)).toBe('ok');
    expect(await write(old, 3)).toBe('NotLeader');
  });
});
