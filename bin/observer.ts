// Counts what the doors tell and writes each fault of ours to the log once, with the activity id its caller got.
// The figures leave in the text format of Prometheus (exposition format 0.0.4).
//
// Bounds: the number of series, and the log lines a second a storm of faults may write.

import type { Observer } from '../frontends/serve.ts';
import type { Logger } from './log.ts';

/** Distinct operations; what comes beyond is counted as operation "other" of its protocol. */
const seriesMax = 1_000;

/** Upper bounds of the latency buckets, in seconds. */
const bucketBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;

/** Fault lines in one second; the rest of that second is summed up in one line. */
const faultLinesPerSecondMax = 20;

/** What is known of one operation of one protocol. */
interface Series {
  readonly labels: string;
  readonly codes: Map<string, number>;
  readonly buckets: number[];
  count: number;
  sumSeconds: number;
}

export class RequestObserver implements Observer {
  readonly #log: Logger;
  readonly #nowMs: () => number;
  readonly #series = new Map<string, Series>();
  #faults = 0;
  #faultSecond = 0;
  #faultLines = 0;
  #suppressed = 0;

  /** `nowMs` is the monotonic clock that requests are stamped with. */
  constructor(log: Logger, nowMs: () => number = () => performance.now()) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  finished(event: Parameters<Observer['finished']>[0]): void {
    const seconds = (this.#nowMs() - event.startedMs) / 1000;
    const series = this.#seriesOf(event.protocol, event.operation);
    series.codes.set(event.code, (series.codes.get(event.code) ?? 0) + 1);
    series.count++;
    series.sumSeconds += seconds;
    let bucket = 0;
    while (bucket < bucketBounds.length && seconds > bucketBounds[bucket]!) bucket++;
    if (bucket < bucketBounds.length) series.buckets[bucket]!++;
    if (this.#log.isLevelEnabled('debug'))
      this.#log.debug({ ...event, startedMs: undefined, ms: Math.round(seconds * 1e5) / 100 }, 'request');
  }

  fault(error: unknown, activityId: string, protocol: string, operation: string): void {
    this.#faults++;
    const second = Math.floor(this.#nowMs() / 1000);
    if (second !== this.#faultSecond) {
      if (this.#suppressed > 0) this.#log.error({ count: this.#suppressed }, 'more faults were not logged');
      this.#faultSecond = second;
      this.#faultLines = 0;
      this.#suppressed = 0;
    }
    if (this.#faultLines >= faultLinesPerSecondMax) {
      this.#suppressed++;
      return;
    }
    this.#faultLines++;
    this.#log.error({ err: error, activityId, protocol, operation }, 'a request met a fault of the server');
  }

  /** Requests answered so far. */
  get requests(): number {
    let total = 0;
    for (const { count } of this.#series.values()) total += count;
    return total;
  }

  metrics(): string {
    const all = [...this.#series.values()];
    const lines = [
      '# HELP meridian_requests_total Requests answered, by outcome.',
      '# TYPE meridian_requests_total counter',
      ...all.flatMap(({ labels, codes }) =>
        [...codes].map(([code, count]) => `meridian_requests_total{${labels},code="${code}"} ${count}`),
      ),
      '# HELP meridian_faults_total Requests that met a fault of the server.',
      '# TYPE meridian_faults_total counter',
      `meridian_faults_total ${this.#faults}`,
      '# HELP meridian_request_seconds Time from decoding a request to its last answer.',
      '# TYPE meridian_request_seconds histogram',
    ];
    for (const { labels, buckets, count, sumSeconds } of all) {
      let below = 0;
      for (const [i, bound] of bucketBounds.entries()) {
        below += buckets[i]!;
        lines.push(`meridian_request_seconds_bucket{${labels},le="${bound}"} ${below}`);
      }
      lines.push(`meridian_request_seconds_bucket{${labels},le="+Inf"} ${count}`);
      lines.push(`meridian_request_seconds_sum{${labels}} ${sumSeconds}`);
      lines.push(`meridian_request_seconds_count{${labels}} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }

  #seriesOf(protocol: string, operation: string): Series {
    const name = `${protocol} ${operation}`;
    const known = this.#series.get(name);
    if (known !== undefined) return known;
    if (this.#series.size >= seriesMax && operation !== 'other') return this.#seriesOf(protocol, 'other');
    const safe = operation.replace(/[^\w.-]/g, '_').slice(0, 100);
    const buckets = new Array<number>(bucketBounds.length).fill(0);
    const made = { labels: `protocol="${protocol}",operation="${safe}"`, codes: new Map(), buckets, count: 0, sumSeconds: 0 };
    this.#series.set(name, made);
    return made;
  }
}
