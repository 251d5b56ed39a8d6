import { describe, expect, it } from 'vitest';
import { Committer, entryRecordsMax, waitingProposalsMax, type CommitterOptions } from '../../core/commit.ts';
import type { Proposal, Staging } from '../../core/proposal.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { DatabaseError } from '../../model/errors.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import { decodeHeader, RecordFlag, RecordKind } from '../../model/record.ts';
import { emptyTail, type AppendOutcome, type Log } from '../../replication/log.ts';
import { KvMachine } from '../simulation/kv-machine.ts';

interface Fixture {
  readonly log: Log;
  readonly machine: KvMachine;
  readonly committer: Committer;
  readonly groups: { entries: number; records: number }[];
  readonly pauses: number[];
}

async function start(log: Log, options: Partial<CommitterOptions> = {}): Promise<Fixture> {
  const machine = new KvMachine();
  const groups: { entries: number; records: number }[] = [];
  const pauses: number[] = [];
  const committer = new Committer({
    log,
    machine,
    clock: new HybridClock(() => 1.8e12),
    region: 1,
    onGroup: (entries, records) => groups.push({ entries, records }),
    pause: async (milliseconds) => void pauses.push(milliseconds),
    ...options,
  });
  await committer.open(emptyTail);
  return { log, machine, committer, groups, pauses };
}

const memoryLog = (bytesMax?: number) => openEmbeddedLog(new MemoryStore({ bytesMax }), { account: 1, group: 1 });

/** A log whose next appends do what `script` says instead; after it they pass. */
function scripted(log: Log, script: ((append: () => Promise<AppendOutcome>) => Promise<AppendOutcome>)[]): Log {
  return {
    tail: () => log.tail(),
    read: (after, recordsMax) => log.read(after, recordsMax),
    close: () => log.close(),
    append: (records, after) => {
      const step = script.shift();
      const append = () => log.append(records, after);
      return step === undefined ? append() : step(append);
    },
  };
}

const passes = (append: () => Promise<AppendOutcome>) => append();

let lastId = 0;
const set =
  (machine: KvMachine, key: string, value: string): Proposal<number> =>
  (staging: Staging) => {
    const sequence = staging.nextSequence();
    machine.put(staging, { id: ++lastId, key, value, size: 1 });
    return sequence;
  };

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof DatabaseError ? error.code : String(error)),
  );

describe('committer', () => {
  it('opens an epoch above the last before it takes anything', async () => {
    const log = await memoryLog();
    const committer = new Committer({
      log,
      machine: new KvMachine(),
      clock: new HybridClock(() => 1.8e12),
      region: 1,
      pause: async () => undefined,
    });
    expect(await codeOf(committer.submit(() => 1))).toBe('NotLeader');
    await committer.open(emptyTail);
    expect(committer.epoch).toBe(1);
    const { committer: next } = await start(log);
    expect(next.epoch).toBe(2);
    const kinds = (await log.read(0, 10)).map((record) => decodeHeader(record).kind);
    expect(kinds).toEqual([RecordKind.open, RecordKind.open]);
  });

  it('makes few appends of many proposals at once', async () => {
    const { committer, machine, groups } = await start(await memoryLog());
    const sequences = await Promise.all(
      Array.from({ length: 64 }, (_, i) => committer.submit(set(machine, `k${i}`, 'v'))),
    );
    expect(groups).toEqual([{ entries: 64, records: 64 }]);
    expect(sequences).toEqual(Array.from({ length: 64 }, (_, i) => i + 2));
    expect(machine.values.size).toBe(64);
  });

  it('makes the next append of what queued during the last', async () => {
    const log = await memoryLog();
    let release: (() => void) | undefined;
    const held = scripted(log, [passes, (append) => new Promise((resolve) => (release = () => resolve(append())))]);
    const { committer, machine, groups } = await start(held);
    const first = committer.submit(set(machine, 'a', '1'));
    await new Promise((resolve) => setImmediate(resolve));
    const others = Array.from({ length: 30 }, (_, i) => committer.submit(set(machine, `b${i}`, '1')));
    expect(machine.values.size).toBe(0);
    release!();
    await Promise.all([first, ...others]);
    expect(groups).toEqual([
      { entries: 1, records: 1 },
      { entries: 30, records: 30 },
    ]);
  });

  it('lets a proposal see what earlier proposals of its group staged', async () => {
    const { committer, machine, groups } = await start(await memoryLog());
    const increments = Array.from({ length: 10 }, () =>
      committer.submit((staging) => {
        const next = String(Number(machine.get('n') ?? '0') + 1);
        return set(machine, 'n', next)(staging);
      }),
    );
    await Promise.all(increments);
    expect(machine.values.get('n')).toBe('10');
    expect(groups).toHaveLength(1);
  });

  it('commits the others of a group when one throws, and shows them nothing of it', async () => {
    const { committer, machine, groups } = await start(await memoryLog());
    const results = await Promise.allSettled([
      committer.submit(set(machine, 'a', '1')),
      committer.submit((staging) => {
        set(machine, 'a', 'poison')(staging);
        set(machine, 'b', 'poison')(staging);
        throw new DatabaseError('PreconditionFailed', 'changed its mind');
      }),
      committer.submit((staging) => {
        machine.require('a', '1');
        machine.require('b', undefined);
        return set(machine, 'c', '1')(staging);
      }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(Object.fromEntries(machine.values)).toEqual({ a: '1', c: '1' });
    expect(groups).toEqual([{ entries: 2, records: 2 }]);
    expect(machine.tail.sequence).toBe(3);
  });

  it('marks the last record of each entry and counts its records', async () => {
    const { committer, machine, log } = await start(await memoryLog());
    await Promise.all([
      committer.submit((staging) => ['a', 'b', 'c'].forEach((key) => set(machine, key, '1')(staging))),
      committer.submit(set(machine, 'd', '1')),
    ]);
    const headers = (await log.read(1, 10)).map((record) => decodeHeader(record));
    expect(headers.map(({ index }) => index)).toEqual([0, 1, 2, 0]);
    expect(headers.map(({ flags }) => flags & RecordFlag.lastOfEntry)).toEqual([0, 0, 1, 1]);
  });

  it('answers a proposal without records at once, and one that read staged state when that is durable', async () => {
    const log = await memoryLog();
    let release: (() => void) | undefined;
    const held = scripted(log, [passes, (append) => new Promise((resolve) => (release = () => resolve(append())))]);
    const { committer, machine } = await start(held);
    const answered: string[] = [];
    const note = (name: string) => () => void answered.push(name);
    const before = committer.submit(() => machine.get('a')).then(note('read before'));
    const write = committer.submit(set(machine, 'a', '1')).then(note('write'));
    const after = committer.submit(() => machine.get('a')).then(note('read after'));
    const refused = committer.submit(() => machine.require('a', undefined)).catch(note('refused after'));
    await before;
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toEqual(['read before']);
    release!();
    await Promise.all([write, after, refused]);
    expect(answered).toEqual(['read before', 'write', 'read after', 'refused after']);
  });

  it('refuses one transaction above the bounds of an entry and commits the rest', async () => {
    const log = await memoryLog();
    const { committer, machine } = await start(log);
    const draft = (body: Uint8Array) => (staging: Staging) =>
      staging.add({
        kind: RecordKind.heartbeat,
        partition: 1,
        lsn: 0,
        hybridTime: staging.hybridTime(),
        supersedes: 0,
        created: 0,
        ttlSeconds: 0,
        flags: 0,
        body,
      });
    // The log at hand says how large an append may be; an entry has half of it.
    const largest = log.appendBytesMax! / 2;
    const outcomes = await Promise.all([
      codeOf(committer.submit(set(machine, 'a', '1'))),
      codeOf(committer.submit(draft(new Uint8Array(largest)))),
      codeOf(
        committer.submit((staging) =>
          Array.from({ length: entryRecordsMax + 1 }, () => draft(new Uint8Array(0))(staging)),
        ),
      ),
      codeOf(committer.submit(draft(new Uint8Array(largest - 80)))),
      codeOf(committer.submit(draft(new Uint8Array(largest - 80)))),
      codeOf(
        committer.submit((staging) => Array.from({ length: entryRecordsMax }, () => draft(new Uint8Array(0))(staging))),
      ),
      codeOf(committer.submit(set(machine, 'b', '1'))),
    ]);
    expect(outcomes).toEqual(['ok', 'TooLarge', 'TooLarge', 'ok', 'ok', 'ok', 'ok']);
  });

  it('answers StorageFull while there is no room and takes later writes', async () => {
    const log = await memoryLog();
    const full = () => Promise.reject(new DatabaseError('StorageFull', 'no room'));
    const { committer, machine } = await start(scripted(log, [passes, full, full]));
    expect(
      await Promise.all([
        codeOf(committer.submit(set(machine, 'a', '1'))),
        codeOf(committer.submit(set(machine, 'b', '1'))),
      ]),
    ).toEqual(['StorageFull', 'StorageFull']);
    expect(await codeOf(committer.submit(set(machine, 'c', '1')))).toBe('StorageFull');
    expect(machine.get('a')).toBeUndefined();
    expect(await codeOf(committer.submit(set(machine, 'd', '1')))).toBe('ok');
    expect(Object.fromEntries(machine.values)).toEqual({ d: '1' });
    expect(committer.stopped).toBeUndefined();
  });

  it('finds a run whose outcome was unknown and answers as if nothing had happened', async () => {
    const log = await memoryLog();
    const storedUnknown = async (append: () => Promise<AppendOutcome>): Promise<AppendOutcome> => {
      await append();
      return { kind: 'unknown' };
    };
    const { committer, machine } = await start(scripted(log, [passes, storedUnknown]));
    expect(await committer.submit(set(machine, 'a', '1'))).toBe(2);
    expect(await committer.submit(set(machine, 'b', '1'))).toBe(3);
  });

  it('takes the place of a run that was not stored, so that it can never be', async () => {
    const log = await memoryLog();
    let late: (() => Promise<AppendOutcome>) | undefined;
    const lost = async (append: () => Promise<AppendOutcome>): Promise<AppendOutcome> => {
      late = append;
      return { kind: 'unknown' };
    };
    const { committer, machine } = await start(scripted(log, [passes, lost]));
    const outcomes = await Promise.all([
      codeOf(committer.submit(set(machine, 'a', '1'))),
      codeOf(committer.submit(() => machine.require('a', undefined))),
    ]);
    expect(outcomes).toEqual(['Unavailable', 'Unavailable']);
    expect(await late!()).toEqual({ kind: 'fenced' });
    expect(await codeOf(committer.submit(() => machine.require('a', undefined)))).toBe('ok');
    expect(await committer.submit(set(machine, 'b', '1'))).toBe(3);
    const kinds = (await log.read(0, 10)).map((record) => decodeHeader(record).kind);
    expect(kinds).toEqual([RecordKind.open, RecordKind.heartbeat, RecordKind.insert]);
  });

  it('takes a fence that its own duplicate caused for what it is', async () => {
    const log = await memoryLog();
    const duplicated = async (append: () => Promise<AppendOutcome>): Promise<AppendOutcome> => {
      await append();
      return append();
    };
    const { committer, machine } = await start(scripted(log, [passes, duplicated]));
    expect(await codeOf(committer.submit(set(machine, 'a', '1')))).toBe('ok');
  });

  it('answers NotLeader to everything once another writer has opened the log', async () => {
    const log = await memoryLog();
    const old = await start(log);
    const rival = await start(log);
    const outcomes = await Promise.all([
      codeOf(old.committer.submit(set(old.machine, 'a', '1'))),
      codeOf(old.committer.submit(set(old.machine, 'b', '1'))),
    ]);
    expect(outcomes).toEqual(['NotLeader', 'NotLeader']);
    expect(await codeOf(old.committer.submit(set(old.machine, 'c', '1')))).toBe('NotLeader');
    expect(await codeOf(rival.committer.submit(set(rival.machine, 'd', '1')))).toBe('ok');
    expect((await log.tail()).sequence).toBe(3);
  });

  it('does not take the equal open record of another committer for its own', async () => {
    // Two nodes of one region whose clocks show the same millisecond make the same record, but for its body.
    const log = await memoryLog();
    const unknown = async (): Promise<AppendOutcome> => ({ kind: 'unknown' });
    const rival = await start(log);
    const late = await start(scripted(log, [unknown]));
    expect(rival.committer.epoch).toBe(1);
    expect(late.committer.epoch).toBe(2);
    expect(await codeOf(rival.committer.submit(set(rival.machine, 'a', '1')))).toBe('NotLeader');
  });

  it('gives up after bounded tries when the log gives no answer, and says that the outcome is unknown', async () => {
    const log = await memoryLog();
    const { committer, machine, pauses } = await start({
      ...scripted(log, [passes, async () => ({ kind: 'unknown' })]),
      read: async (after, recordsMax) => {
        if (after > 0) throw new DatabaseError('Unavailable', 'no answer');
        return log.read(after, recordsMax);
      },
    });
    const outcomes = [
      codeOf(committer.submit(set(machine, 'a', '1'))),
      codeOf(committer.submit(set(machine, 'b', '1'))),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    const queued = codeOf(committer.submit(set(machine, 'c', '1')));
    expect(await Promise.all(outcomes)).toEqual(['OutcomeUnknown', 'OutcomeUnknown']);
    expect(await queued).toBe('Internal');
    const total = pauses.reduce((sum, milliseconds) => sum + milliseconds, 0);
    expect(total).toBeGreaterThan(20_000);
    expect(total).toBeLessThan(60_000);
  });

  it('says that the outcome is unknown when applying fails, and stops', async () => {
    const { committer, machine } = await start(await memoryLog());
    machine.apply = () => {
      throw new Error('defect');
    };
    expect(await codeOf(committer.submit(set(machine, 'a', '1')))).toBe('OutcomeUnknown');
    expect(await codeOf(committer.submit(set(machine, 'b', '1')))).toBe('Internal');
  });

  it('stops when the log breaks, and refuses what waits', async () => {
    const log = await memoryLog();
    const broken = () => Promise.reject(new Error('gone'));
    const { committer, machine } = await start(scripted(log, [passes, broken]));
    const first = codeOf(committer.submit(set(machine, 'a', '1')));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await first).toBe('OutcomeUnknown');
    expect(await codeOf(committer.submit(set(machine, 'b', '1')))).toBe('Internal');
    expect(machine.get('a')).toBeUndefined();
  });

  it('refuses a proposal above the number that may wait', async () => {
    const { committer, machine } = await start(await memoryLog());
    const waiting = Array.from({ length: waitingProposalsMax }, (_, i) => committer.submit(() => i));
    expect(await codeOf(committer.submit(set(machine, 'a', '1')))).toBe('Unavailable');
    await Promise.all(waiting);
    expect(await codeOf(committer.submit(set(machine, 'a', '1')))).toBe('ok');
  });

  it('ends what is queued and in flight when it is stopped, and refuses what comes later', async () => {
    const { committer, machine } = await start(await memoryLog());
    const writes = Array.from({ length: 5000 }, (_, i) => codeOf(committer.submit(set(machine, `k${i}`, 'v'))));
    const stopped = committer.stop();
    expect(await codeOf(committer.submit(set(machine, 'late', 'v')))).toBe('Unavailable');
    await stopped;
    expect(machine.values.size).toBe(5000);
    expect(new Set(await Promise.all(writes))).toEqual(new Set(['ok']));
    await committer.stop();
  });

  it('continues the chain over a restart', async () => {
    const log = await memoryLog();
    const first = await start(log);
    await first.committer.submit(set(first.machine, 'a', '1'));
    await first.committer.stop();
    const warm = new Committer({
      log,
      machine: first.machine,
      clock: new HybridClock(() => 1.8e12),
      region: 1,
      pause: async () => undefined,
    });
    await warm.open(first.machine.tail);
    await warm.submit(set(first.machine, 'b', '1'));
    const cold = await start(log);
    expect(Object.fromEntries(cold.machine.values)).toEqual({ a: '1', b: '1' });
    expect(cold.machine.applied.slice(0, 4)).toEqual(first.machine.applied);
  });

  it('does not start on a log that does not continue its state', async () => {
    const log = await memoryLog();
    const { committer, machine } = await start(log);
    await committer.submit(set(machine, 'a', '1'));
    const other = new Committer({
      log,
      machine: new KvMachine(),
      clock: new HybridClock(() => 1.8e12),
      region: 1,
      pause: async () => undefined,
    });
    await expect(other.open({ sequence: 1, chain: 12345, epoch: 1 })).rejects.toMatchObject({ code: 'Internal' });
  });
});
