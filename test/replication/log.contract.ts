// What every log must do, run against the embedded log on each store, the simulated log and JetStream. A bench
// opens handles on one log; two handles stand for two writers.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { equalBytes } from '../../model/bytes.ts';
import {
  appendBytesMax,
  appendRecordsMax,
  emptyTail,
  readBytesMax,
  type Log,
  type LogTail,
} from '../../replication/log.ts';
import { endsEntry, sequenceOf, tailOf } from '../../replication/run.ts';
import { Random } from '../simulation/random.ts';
import { runAfter, sizes } from './records.ts';

export interface LogBench {
  /** Another handle on the same log. */
  open(): Promise<Log>;
  dispose(): Promise<void>;
}

const isSame = (found: readonly Uint8Array[], expected: readonly Uint8Array[]) =>
  found.length === expected.length && found.every((record, i) => equalBytes(record, expected[i]!));

async function readAll(log: Log, after = 0): Promise<Uint8Array[]> {
  const records: Uint8Array[] = [];
  for (let next = after; ; next = sequenceOf(records.at(-1)!)) {
    const found = await log.read(next, 100);
    if (found.length === 0) return records;
    records.push(...found);
  }
}

export function describeLog(name: string, makeBench: () => Promise<LogBench>, races = 50): void {
  describe(`${name}: the log contract`, () => {
    let bench: LogBench;
    let log: Log;
    const opened: Log[] = [];
    const open = async () => {
      const handle = await bench.open();
      opened.push(handle);
      return handle;
    };

    beforeEach(async () => {
      bench = await makeBench();
      log = await open();
    });

    afterEach(async () => {
      for (const handle of opened.splice(0)) await handle.close();
      await bench.dispose();
    });

    it('is empty at first', async () => {
      expect(await log.tail()).toEqual(emptyTail);
      expect(await log.read(0, 10)).toEqual([]);
    });

    it('gives back the bytes that were appended, from any place', async () => {
      const first = runAfter(emptyTail, [80, 81, 500, 4096]);
      expect(await log.append(first, 0)).toEqual({ kind: 'appended' });
      expect(await log.tail()).toEqual(tailOf(first[3]!));
      const second = runAfter(tailOf(first[3]!), [300], { epoch: 2 });
      expect(await log.append(second, 4)).toEqual({ kind: 'appended' });
      expect(await log.tail()).toEqual({ ...tailOf(second[0]!), epoch: 2 });
      expect(isSame(await readAll(log), [...first, ...second])).toBe(true);
      expect(isSame(await readAll(log, 2), [...first.slice(2), ...second])).toBe(true);
      expect(await log.read(5, 10)).toEqual([]);
    });

    it('refuses a run that somebody else came before, and stores nothing of it', async () => {
      const first = runAfter(emptyTail, sizes(3));
      await log.append(first, 0);
      for (const after of [0, 1, 2]) {
        const stale = runAfter({ ...emptyTail, sequence: after }, sizes(5), { fill: 9 });
        expect(await log.append(stale, after)).toEqual({ kind: 'fenced' });
      }
      expect(await log.tail()).toEqual(tailOf(first[2]!));
      expect(isSame(await readAll(log), first)).toBe(true);
    });

    it('stores nothing at a place it has not reached', async () => {
      await log.append(runAfter(emptyTail, sizes(2)), 0);
      const ahead = runAfter({ sequence: 5, chain: 7, epoch: 1 }, sizes(1));
      const outcome = await log.append(ahead, 5).then(
        ({ kind }) => kind,
        (error: { code: string }) => error.code,
      );
      expect(['fenced', 'unknown', 'Internal']).toContain(outcome);
      expect((await log.tail()).sequence).toBe(2);
    });

    it('stores nothing of a run that is not one', async () => {
      const good = runAfter(emptyTail, sizes(3));
      const open = runAfter(emptyTail, sizes(2), { entrySize: 3 });
      open[1]![7] = 0;
      const broken: [string, readonly Uint8Array[]][] = [
        ['empty', []],
        ['a gap', [good[0]!, good[2]!]],
        ['another start', good.slice(1)],
        ['another chain', [good[0]!, ...runAfter({ sequence: 1, chain: 1, epoch: 1 }, sizes(1))]],
        ['an open entry', open],
      ];
      for (const [why, records] of broken)
        await expect(log.append(records, 0), why).rejects.toMatchObject({ code: 'Internal' });
      expect(await log.tail()).toEqual(emptyTail);
    });

    it('lets exactly one of two racing writers win', async () => {
      const rival = await open();
      let tail: LogTail = emptyTail;
      let wins = 0;
      for (let race = 0; race < races; race++) {
        const mine = runAfter(tail, sizes(2), { fill: 1 });
        const theirs = runAfter(tail, sizes(3), { fill: 2 });
        // Both know the end, so that what races is the append alone.
        await Promise.all([log.tail(), rival.tail()]);
        const outcomes = await Promise.all(
          race % 2 === 0
            ? [log.append(mine, tail.sequence), rival.append(theirs, tail.sequence)]
            : [rival.append(theirs, tail.sequence), log.append(mine, tail.sequence)].reverse(),
        );
        expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['appended', 'fenced']);
        const won = outcomes[0]!.kind === 'appended' ? mine : theirs;
        wins += won === mine ? 1 : 0;
        expect(isSame(await log.read(tail.sequence, 100), won)).toBe(true);
        expect(isSame(await rival.read(tail.sequence, 100), won)).toBe(true);
        tail = tailOf(won.at(-1)!);
      }
      expect(wins).toBeGreaterThan(0);
      expect(wins).toBeLessThan(races);
      expect(await rival.tail()).toEqual(tail);
    });

    it('lets a writer that was fenced read on and continue', async () => {
      const rival = await open();
      const first = runAfter(emptyTail, sizes(2));
      await log.append(first, 0);
      const second = runAfter(tailOf(first[1]!), sizes(1), { fill: 2 });
      expect(await rival.append(second, 2)).toEqual({ kind: 'appended' });
      const third = runAfter(tailOf(second[0]!), sizes(1), { fill: 3 });
      expect(await log.append(third, 2 + 1)).toEqual({ kind: 'appended' });
      expect(isSame(await readAll(rival), [...first, ...second, ...third])).toBe(true);
    });

    it('reads whole entries only, and at least one', async () => {
      const run = runAfter(emptyTail, sizes(12), { entrySize: 4 });
      await log.append(run, 0);
      for (const recordsMax of [1, 3, 4, 5, 8, 11, 12, 50]) {
        const found = await log.read(0, recordsMax);
        expect(found.length).toBeGreaterThanOrEqual(Math.min(4, recordsMax));
        expect(endsEntry(found.at(-1)!)).toBe(true);
        expect(isSame(found, run.slice(0, found.length))).toBe(true);
      }
      expect(await log.read(0, 1)).toHaveLength(4);
    });

    it('ends a read at its bound of bytes', async () => {
      let tail: LogTail = emptyTail;
      for (let i = 0; i < 4; i++) {
        const run = runAfter(tail, sizes(3, 1_000_000));
        await log.append(run, tail.sequence);
        tail = tailOf(run.at(-1)!);
      }
      const found = await log.read(0, 1000);
      expect(found.length * 1_000_000).toBeGreaterThanOrEqual(readBytesMax);
      expect(found.length).toBeLessThan(12);
      expect(await readAll(log)).toHaveLength(12);
    });

    it('takes the largest run whole and refuses a larger one whole', async () => {
      const size = (log.appendBytesMax ?? appendBytesMax) / 4;
      const largest = runAfter(emptyTail, sizes(4, size), { entrySize: 4 });
      expect(await log.append(largest, 0)).toEqual({ kind: 'appended' });
      const tail = tailOf(largest[3]!);
      await expect(log.append(runAfter(tail, sizes(5, size)), 4)).rejects.toMatchObject({ code: 'TooLarge' });
      await expect(log.append(runAfter(tail, sizes(appendRecordsMax + 1)), 4)).rejects.toMatchObject({
        code: 'TooLarge',
      });
      expect(await log.tail()).toEqual(tail);
      const many = runAfter(tail, sizes(appendRecordsMax));
      expect(await log.append(many, 4)).toEqual({ kind: 'appended' });
      expect(isSame(await readAll(log), [...largest, ...many])).toBe(true);
    });

    it('shows all of it to a handle opened later', async () => {
      let tail: LogTail = emptyTail;
      const all: Uint8Array[] = [];
      for (let i = 1; i <= 20; i++) {
        const run = runAfter(tail, sizes(i % 3 === 0 ? 5 : 1), { fill: i });
        await log.append(run, tail.sequence);
        tail = tailOf(run.at(-1)!);
        all.push(...run);
      }
      const later = await open();
      expect(await later.tail()).toEqual(tail);
      expect(isSame(await readAll(later), all)).toBe(true);
      for (const after of [0, 1, 7, 19, all.length - 1])
        expect(isSame(await readAll(later, after), all.slice(after))).toBe(true);
    });

    it('agrees with a plain list under random appends of two writers', async () => {
      const random = new Random(11);
      const handles = [log, await open()];
      const model: Uint8Array[] = [];
      for (let step = 0; step < 60; step++) {
        const handle = random.pick(handles);
        const end = model.length === 0 ? emptyTail : tailOf(model.at(-1)!);
        const behind = random.chance(0.3) ? random.int(0, model.length) : model.length;
        const tail = behind === model.length ? end : behind === 0 ? emptyTail : tailOf(model[behind - 1]!);
        const run = runAfter(tail, sizes(random.int(1, 6), random.int(80, 900)), {
          entrySize: random.int(1, 3),
          fill: step,
        });
        const { kind } = await handle.append(run, behind);
        expect(kind).toBe(behind === model.length ? 'appended' : 'fenced');
        if (kind === 'appended') model.push(...run);
        const after = random.int(0, model.length);
        expect(isSame(await readAll(random.pick(handles), after), model.slice(after))).toBe(true);
      }
    });

    it('answers Unavailable once closed, and may be closed twice', async () => {
      await log.close();
      await log.close();
      await expect(log.tail()).rejects.toMatchObject({ code: 'Unavailable' });
      await expect(log.read(0, 1)).rejects.toMatchObject({ code: 'Unavailable' });
      await expect(log.append(runAfter(emptyTail, sizes(1)), 0)).rejects.toMatchObject({ code: 'Unavailable' });
    });
  });
}
