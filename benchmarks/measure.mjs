// Meters of the benchmarks: CPU of this process and of others in microseconds, bytes written, time samples.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fixed } from './harness.mjs';

/** CPU µs of this process so far, all threads. */
export function ownCpuMicros() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU µs of the main thread of this process: the kernel's run time of the thread named like the process. */
export function mainThreadMicros() {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1_000;
}

/**
 * Resolves when the threads behind the main one have come to rest, or after `secondsMax`: flushes, merges and
 * compaction that writes left behind.
 */
export async function quiet(secondsMax = 15) {
  const endMs = performance.now() + secondsMax * 1_000;
  for (let calm = 0; calm < 3 && performance.now() < endMs;) {
    const before = ownCpuMicros() - mainThreadMicros();
    await delay(150);
    // Under 4 % of one core.
    calm = ownCpuMicros() - mainThreadMicros() - before < 6_000 ? calm + 1 : 0;
  }
}

/** CPU µs of other processes so far, all their threads, from the scheduler: finer than the ticks of `stat`. */
export function cpuMicrosOf(pids) {
  let nanoseconds = 0;
  for (const pid of pids) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`))
        nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return nanoseconds / 1_000;
}

/** CPU of a process and its children, who come and go: those that ended keep what they had when last seen. */
export class FamilyCpu {
  #pid;
  #seen = new Map();

  constructor(pid) {
    this.#pid = pid;
  }

  /** CPU µs so far. */
  read() {
    const children = readFileSync(`/proc/${this.#pid}/task/${this.#pid}/children`, 'utf8').split(' ').filter(Boolean);
    for (const pid of [this.#pid, ...children])
      this.#seen.set(pid, Math.max(cpuMicrosOf([pid]), this.#seen.get(pid) ?? 0));
    return [...this.#seen.values()].reduce((sum, one) => sum + one, 0);
  }
}

/** Bytes this process has had written to disk. */
export function ownBytesWritten() {
  return Number(/write_bytes: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
}

/** Bytes of the files below a directory, those that `counts` says by their path. */
export function bytesBelow(directory, counts = () => true) {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += bytesBelow(path, counts);
    else if (counts(path)) bytes += statSync(path).size;
  }
  return bytes;
}

/** Samples in any unit. */
export class Samples {
  #values = [];

  add(value) {
    this.#values.push(value);
  }

  get count() {
    return this.#values.length;
  }

  at(share) {
    this.#values.sort((a, b) => a - b);
    return this.#values[Math.min(this.#values.length - 1, Math.floor(this.#values.length * share))];
  }
}

/**
 * Runs `once(i)` until `secondsMax` have passed or `timesMax` runs were made, at least three times after one that
 * does not count (once when that alone takes four times as long). Wall µs as p50 and p99, and the CPU µs that `cpu` counts, per run.
 */
export async function timeRuns(once, { timesMax = 2_000, secondsMax = 1.5, cpu = ownCpuMicros } = {}) {
  await once(0);
  const samples = new Samples();
  const startedMs = performance.now();
  const before = cpu();
  for (let i = 1; i <= timesMax; i++) {
    const runMs = performance.now();
    await once(i);
    const endMs = performance.now();
    samples.add((endMs - runMs) * 1_000);
    const spentMs = endMs - startedMs;
    if (spentMs > secondsMax * 4_000 || (i >= 3 && spentMs > secondsMax * 1_000)) break;
  }
  return {
    p50: samples.at(0.5),
    p99: samples.at(0.99),
    cpu: (cpu() - before) / samples.count,
    count: samples.count,
    perSecond: (samples.count / (performance.now() - startedMs)) * 1_000,
  };
}

/** Runs `once(i)` for i from 0 to count - 1 with so many under way. Elapsed ms. */
export async function runConcurrently(concurrency, count, once) {
  let next = 0;
  const startedMs = performance.now();
  const lane = async (laneNumber) => {
    while (next < count) await once(next++, laneNumber);
  };
  await Promise.all(Array.from({ length: concurrency }, (_, laneNumber) => lane(laneNumber)));
  return performance.now() - startedMs;
}

/** µs with as many digits as mean something. */
export function micros(value) {
  return value === undefined ? '–' : value < 10 ? fixed(value, 1) : Math.round(value).toLocaleString('en-US');
}
