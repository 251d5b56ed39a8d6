// Random histories of one partition against the naive oracle: inserts, replacements, deletes, freezes, flushes and
// merges that finish late, held snapshots, crashes. Every kind of question is compared, now and in the past.

import { describe, expect, it } from 'vitest';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, type Raw } from '../../model/bson/walk.ts';
import { valueOf } from '../../model/value.ts';
import { DistinctCursor } from '../../indexer/distinct-cursor.ts';
import {
  arrayLength,
  between,
  equal,
  exists,
  negated,
  oneOf,
  overflowed,
  prefixed,
  typeIs,
  type Filter,
} from '../../indexer/filter.ts';
import { count, estimate, NumberCursor } from '../../indexer/lookup.ts';
import { OrderCursor } from '../../indexer/order-cursor.ts';
import type { FlushJob, MergeJob } from '../../indexer/partition-index.ts';
import { anyElement, type PathStep } from '../../indexer/policy.ts';
import { Tag } from '../../indexer/term-key.ts';
import type { View } from '../../indexer/view.ts';
import { Host } from './host.ts';
import { compareValues, Oracle, type Question, type Version } from './oracle.ts';
import { below, names, pick, randomItem, randomOf, type Random } from './random.ts';

const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? '1');
const histories = Math.ceil(200 * scale);
const firstSeed = Number(process.env['MERIDIAN_TEST_SEED'] ?? '1');

function randomSteps(random: Random): PathStep[] {
  const steps: PathStep[] = [random() < 0.1 ? 'id' : pick(random, names)];
  while (steps.length < 4 && random() < 0.4) steps.push(random() < 0.5 ? anyElement : pick(random, names));
  return steps;
}

/** A value as it may occur in an item: taken from one, or new. */
function randomValue(random: Random): Raw {
  const item = randomItem(random, 'x');
  const cursor = new ElementCursor(item);
  const all: Raw[] = [];
  while (cursor.next()) if (cursor.type !== BsonType.array && cursor.type !== BsonType.object) all.push(cursor.raw());
  return pick(random, all);
}

function randomQuestion(random: Random, depth = 0): Question {
  const steps = randomSteps(random);
  switch (below(random, depth < 2 ? 11 : 8)) {
    case 0:
    case 1:
      return { kind: 'equal', steps, value: randomValue(random) };
    case 2:
      return { kind: 'in', steps, values: [randomValue(random), randomValue(random), randomValue(random)] };
    case 3: {
      const value = randomValue(random);
      const one = { value, inclusive: random() < 0.5 };
      return random() < 0.5
        ? { kind: 'between', steps, from: one, to: undefined }
        : { kind: 'between', steps, from: undefined, to: one };
    }
    case 4: {
      let low = randomValue(random);
      let high = randomValue(random);
      if (compareValues(low, high) > 0) [low, high] = [high, low];
      return {
        kind: 'between',
        steps,
        from: { value: low, inclusive: random() < 0.5 },
        to: { value: high, inclusive: random() < 0.5 },
      };
    }
    case 5:
      return { kind: 'prefix', steps, text: pick(random, ['', 'a', 'ab', 'x', 'x'.repeat(97), 'é', 'b\u0000']) };
    case 6:
      return steps[steps.length - 1] === anyElement
        ? { kind: 'length', steps: steps.slice(0, -1), length: below(random, 4) }
        : { kind: 'exists', steps };
    case 7:
      return {
        kind: 'type',
        steps,
        types: [
          pick(random, [
            BsonType.double,
            BsonType.string,
            BsonType.array,
            BsonType.object,
            BsonType.null,
            BsonType.date,
          ]),
        ],
      };
    case 8:
      return { kind: 'not', of: randomQuestion(random, depth + 1) };
    default:
      return {
        kind: random() < 0.6 ? 'and' : 'or',
        of: [randomQuestion(random, depth + 1), randomQuestion(random, depth + 1)],
      };
  }
}

const tagOfType: Readonly<Record<number, number>> = {
  [BsonType.double]: Tag.number,
  [BsonType.string]: Tag.string,
  [BsonType.array]: Tag.array,
  [BsonType.object]: Tag.object,
  [BsonType.null]: Tag.null,
  [BsonType.date]: Tag.date,
};

function filterOf(host: Host, question: Question): Filter {
  if (question.kind === 'and' || question.kind === 'or')
    return { kind: question.kind, of: question.of.map((of) => filterOf(host, of)) };
  if ('of' in question) return negated(filterOf(host, question.of as Question));
  const resolved = host.index.paths.resolve(question.steps, 'nested');
  if (resolved.kind === 'absent') return { kind: 'none' };
  if (resolved.kind === 'overflow') return overflowed;
  if (resolved.kind === 'excluded') return { kind: 'unknown' };
  const { path } = resolved;
  switch (question.kind) {
    case 'equal':
      return equal(path, valueOf(question.value));
    case 'in':
      return oneOf(path, question.values.map(valueOf));
    case 'between':
      return between(
        path,
        question.from && { value: valueOf(question.from.value), inclusive: question.from.inclusive },
        question.to && { value: valueOf(question.to.value), inclusive: question.to.inclusive },
      );
    case 'prefix':
      return prefixed(path, question.text);
    case 'exists':
      return exists(path);
    case 'type':
      return typeIs(
        path,
        question.types.map((type) => tagOfType[type]!),
      );
    case 'length':
      return arrayLength(path, question.length);
  }
}

function numbersOf(cursor: NumberCursor): number[] {
  const numbers: number[] = [];
  for (let number = cursor.next(); number !== 0; number = cursor.next()) numbers.push(number);
  return numbers;
}

class History {
  readonly random: Random;
  readonly host: Host;
  readonly oracle = new Oracle();
  lsn = 0;
  number = 0;
  readonly live: Version[] = [];
  readonly snapshots: View[] = [];
  flushing: { readonly job: FlushJob; readonly name: string } | undefined;
  merging: { readonly job: MergeJob; readonly name: string } | undefined;
  /** Cursors that are read bit by bit while the history goes on. */
  readonly slow: { readonly step: () => boolean; readonly check: () => void }[] = [];

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.host = new Host({
      memtableBytes: pick(this.random, [4_000, 30_000, 1_000_000]),
      pathsLimit: this.random() < 0.1 ? 12 : undefined,
      identityField: undefined,
    });
  }

  write(): void {
    const { random } = this;
    this.lsn++;
    this.number += 1 + (random() < 0.5 ? 0 : below(random, 300));
    const kind = random();
    const victim = this.live.length === 0 ? undefined : pick(random, this.live);
    if (kind < 0.5 || victim === undefined) {
      this.put(
        `id-${below(random, 3) === 0 ? this.number : `é${this.number}`}`,
        pick(random, ['', '["p"]', '["q"]']),
        undefined,
      );
    } else if (kind < 0.8) this.put(victim.id, victim.key, victim);
    else {
      this.host.apply({ kind: 'delete', number: this.number, lsn: this.lsn, ends: victim.number });
      this.end(victim);
    }
  }

  put(id: string, key: string, before: Version | undefined): void {
    const item = randomItem(this.random, id);
    this.host.apply({ kind: 'add', number: this.number, lsn: this.lsn, item, id, key, ends: before?.number ?? 0 });
    if (before !== undefined) this.end(before);
    const version = { number: this.number, lsn: this.lsn, id, key, item, died: Infinity };
    this.oracle.versions.push(version);
    this.live.push(version);
  }

  end(version: Version): void {
    version.died = this.lsn;
    this.live.splice(this.live.indexOf(version), 1);
  }

  maintain(): void {
    const { random, host } = this;
    const { index } = host;
    switch (below(random, 10)) {
      case 0:
        index.freeze();
        break;
      case 1:
      case 2: {
        if (this.flushing !== undefined) {
          host.install(this.flushing.job, this.flushing.name);
          this.flushing = undefined;
          break;
        }
        const job = index.nextFlush();
        if (job !== undefined) this.flushing = { job, name: host.write(job) };
        break;
      }
      case 3:
      case 4: {
        if (this.merging !== undefined) {
          host.install(this.merging.job, this.merging.name);
          this.merging = undefined;
          break;
        }
        const size = host.manifest.length;
        const from = below(random, Math.max(1, size));
        const job =
          random() < 0.5
            ? index.nextMerge(true)
            : index.mergeOf({ from, to: from + 1 + below(random, size - from), reason: 'settle' });
        if (job === undefined) break;
        if (job.inputs.length === 0 || random() < 0.1) index.abandon(job);
        else this.merging = { job, name: host.write(job) };
        break;
      }
      case 5:
        if (this.snapshots.length < 4) this.snapshots.push(index.snapshot());
        break;
      case 6:
      case 7: {
        const at = below(random, Math.max(1, this.snapshots.length));
        if (this.slow.length === 0) this.snapshots.splice(at, 1)[0]?.release();
        break;
      }
      case 8:
        if (random() < 0.3) {
          this.finishSlow();
          this.snapshots.length = 0;
          this.flushing = undefined;
          this.merging = undefined;
          if (random() < 0.5) host.trimLog();
          host.reopen();
        } else if (index.flushDue) index.freeze();
        break;
      default:
        host.trimLog();
    }
  }

  view(): View {
    return this.snapshots.length > 0 && this.random() < 0.5 ? pick(this.random, this.snapshots) : this.host.index.now();
  }

  check(): void {
    const { random, oracle, host } = this;
    const view = this.view();
    const question = randomQuestion(random);
    const filter = filterOf(host, question);
    const expected = oracle.answer(view, question);
    const cursor = new NumberCursor(view, filter);
    const found = numbersOf(cursor);
    const counted = count(view, filter);
    expect(counted.count).toBe(found.length);
    expect(counted.exact || !cursor.exact || found.length === 0).toBe(true);
    expect(estimate(view, filter)).toBeGreaterThanOrEqual(0);
    if (cursor.exact) expect(found).toEqual(expected);
    else for (const number of expected) expect(found).toContain(number);
    const after = pick(random, [0, ...found]);
    expect(numbersOf(new NumberCursor(view, filter, after))).toEqual(found.filter((number) => number > after));
    this.checkIdentity(view);
    this.checkOrder(view);
    this.checkDistinct(view);
  }

  checkIdentity(view: View): void {
    const { versions } = this.oracle;
    if (versions.length === 0) return;
    const { id, key } = pick(this.random, versions);
    const expected = this.oracle.at(view).find((version) => version.id === id && version.key === key)?.number ?? 0;
    expect(this.host.index.find(id, key, view)).toBe(expected);
    expect(this.host.index.find(`${id}!`, key, view)).toBe(0);
  }

  checkOrder(view: View): void {
    const { random, host, oracle } = this;
    const steps = randomSteps(random);
    const resolved = host.index.paths.resolve(steps);
    if (resolved.kind !== 'path') return;
    const question = random() < 0.4 ? randomQuestion(random) : undefined;
    const filter = question && filterOf(host, question);
    const backwards = random() < 0.5;
    const expected = oracle.ordered(view, steps, question);
    if (backwards) expected.reverse();
    const cursor = new OrderCursor(view, { path: resolved.path, filter, backwards });
    const found: number[] = [];
    const resumeAt = below(random, expected.length + 2);
    let resumed: number[] | undefined;
    for (let state = cursor.next(3); state !== 'end'; state = cursor.next(3)) {
      if (state === 'paused') continue;
      found.push(cursor.number);
      if (found.length !== resumeAt) continue;
      const again = new OrderCursor(view, { path: resolved.path, filter, backwards, after: cursor.place });
      resumed = [...found];
      for (let more = again.next(); more !== 'end'; more = again.next()) resumed.push(again.number);
    }
    if (cursor.exact) expect(found).toEqual(expected.map(({ number }) => number));
    else for (const { number } of expected) expect(found).toContain(number);
    if (resumed !== undefined) expect(resumed).toEqual(found);
  }

  checkDistinct(view: View): void {
    const { random, host, oracle } = this;
    const steps = randomSteps(random);
    const resolved = host.index.paths.resolve(steps);
    if (resolved.kind !== 'path') return;
    const expected: number[] = [];
    let before: Raw | undefined;
    for (const { value } of oracle.ordered(view, steps, undefined)) {
      if (before !== undefined && compareValues(before, value) === 0) expected[expected.length - 1]!++;
      else expected.push(1);
      before = value;
    }
    const cursor = new DistinctCursor(view, { path: resolved.path });
    const found: number[] = [];
    for (let state = cursor.next(2); state !== 'end'; state = cursor.next(2))
      if (state === 'term') found.push(cursor.count);
    expect(found).toEqual(expected);
  }

  /** Starts a cursor on a held snapshot that others run beside. */
  startSlow(): void {
    const { random, host, oracle } = this;
    if (this.snapshots.length === 0 || this.slow.length >= 3) return;
    const view = pick(random, this.snapshots);
    const place = randomSteps(random);
    const resolved = host.index.paths.resolve(place);
    if (resolved.kind !== 'path') return;
    const backwards = random() < 0.5;
    const expected = oracle.ordered(view, place, undefined).map(({ number }) => number);
    if (backwards) expected.reverse();
    const values = Array.from({ length: 8 }, () => randomValue(random));
    const byNumber = oracle.answer(view, { kind: 'in', steps: place, values });
    // Enough absent values to make the answer take several slices.
    const absent = Array.from({ length: 600 }, (_, i) => `absent ${i}`);
    const filter = oneOf(resolved.path, [...values.map(valueOf), ...absent]);
    const cursor = new OrderCursor(view, { path: resolved.path, backwards });
    const numbers = new NumberCursor(view, filter);
    let steps: Generator<undefined, number> | undefined;
    const found: number[] = [];
    const listed: number[] = [];
    this.slow.push({
      step: () => {
        // One slice at a time, so that sources change between the slices of one answer.
        steps ??= numbers.nextSteps();
        const step = steps.next();
        if (step.done !== true) return false;
        steps = undefined;
        const number = step.value;
        if (number !== 0) listed.push(number);
        const state = cursor.next(1);
        if (state === 'item') found.push(cursor.number);
        return state === 'end' && number === 0;
      },
      check: () => {
        expect(found).toEqual(expected);
        if (numbers.exact) expect(listed).toEqual(byNumber);
        else for (const number of byNumber) expect(listed).toContain(number);
      },
    });
  }

  stepSlow(): void {
    for (let i = this.slow.length - 1; i >= 0; i--) {
      const { step, check } = this.slow[i]!;
      if (!step()) continue;
      check();
      this.slow.splice(i, 1);
    }
  }

  finishSlow(): void {
    while (this.slow.length > 0) this.stepSlow();
  }

  run(steps: number, checkEvery: number): void {
    for (let i = 0; i < steps; i++) {
      this.write();
      if (this.random() < 0.25) this.maintain();
      if (this.random() < 0.05) this.startSlow();
      this.stepSlow();
      if (i % checkEvery === 0) this.check();
    }
    this.finishSlow();
    this.check();
    expect(this.host.index.items).toBe(this.live.length);
  }
}

describe('a history of one partition', () => {
  it(
    `answers as the oracle does, ${histories} short histories from seed ${firstSeed}`,
    { timeout: 120_000 * Math.max(1, scale) },
    () => {
      for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
        try {
          new History(seed).run(40 + (seed % 7) * 15, 6);
        } catch (error) {
          throw new Error(`history of seed ${seed}: ${String(error)}`, { cause: error });
        }
      }
    },
  );

  it('answers as the oracle does with enough items for bitmaps', { timeout: 120_000 }, () => {
    for (let seed = 9001; seed < 9001 + Math.ceil(4 * scale); seed++) {
      try {
        new History(seed).run(1500, 60);
      } catch (error) {
        throw new Error(`history of seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
  });
});
