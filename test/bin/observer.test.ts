// Counters and log lines: right sums, bounded series, one line a fault, no secrets and no escape codes.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { prettyLine } from '../../bin/log.ts';
import { RequestObserver } from '../../bin/observer.ts';

function observed(level = 'info'): { observer: RequestObserver; lines: Record<string, unknown>[]; at: { ms: number } } {
  const lines: Record<string, unknown>[] = [];
  const at = { ms: 0 };
  const log = pino(
    { level, base: null },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { observer: new RequestObserver(log, () => at.ms), lines, at };
}

function finish(observer: RequestObserver, operation: string, code: 'ok' | 'ItemNotFound' = 'ok', startedMs = 0): void {
  observer.finished({ protocol: 'cosmos', operation, code, startedMs });
}

test('requests are counted by protocol, operation and code', () => {
  const { observer } = observed();
  finish(observer, 'read-item');
  finish(observer, 'read-item');
  finish(observer, 'read-item', 'ItemNotFound');
  expect(observer.metrics()).toContain('meridian_requests_total{protocol="cosmos",operation="read-item",code="ok"} 2');
  expect(observer.metrics()).toContain(
    'meridian_requests_total{protocol="cosmos",operation="read-item",code="ItemNotFound"} 1',
  );
  expect(observer.requests).toBe(3);
});

test('latency buckets are cumulative, and a value on a bound is below it', () => {
  const { observer, at } = observed();
  for (const ms of [1, 3, 20_000]) {
    at.ms = ms;
    finish(observer, 'query');
  }
  const text = observer.metrics();
  const bucket = (le: string): string => /\d+$/.exec(text.split('\n').find((line) => line.includes(`le="${le}"`))!)![0];
  expect(['0.0005', '0.001', '0.0025', '0.005', '10', '+Inf'].map(bucket)).toEqual(['0', '1', '1', '2', '2', '3']);
  expect(text).toContain('meridian_request_seconds_sum{protocol="cosmos",operation="query"} 20.004');
});

test('the number of series is bounded, and nothing is lost', () => {
  const { observer } = observed();
  for (let i = 0; i < 5_000; i++) finish(observer, `operation-${i}`);
  expect(observer.requests).toBe(5_000);
  expect(observer.metrics().split('\n').length).toBeLessThan(20_000);
  expect(observer.metrics()).toContain('operation="other"');
});

test('an operation cannot break out of its label', () => {
  const { observer } = observed();
  finish(observer, 'a"} 1\nevil{x="');
  expect(observer.metrics()).toContain('operation="a___1_evil_x__"');
});

test('a fault is one line with the activity id, and a storm of them is summed up', () => {
  const { observer, lines, at } = observed();
  observer.fault(new Error('broken'), 'activity-1', 'mongo', 'find');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    activityId: 'activity-1',
    protocol: 'mongo',
    operation: 'find',
    err: { message: 'broken' },
  });
  for (let i = 0; i < 1_000; i++) observer.fault(new Error('broken'), `a${i}`, 'mongo', 'find');
  expect(lines).toHaveLength(20);
  at.ms = 1_000;
  observer.fault(new Error('broken'), 'next', 'mongo', 'find');
  expect(lines[20]).toMatchObject({ count: 981 });
  expect(lines[21]).toMatchObject({ activityId: 'next' });
  expect(observer.metrics()).toContain('meridian_faults_total 1002');
});

test('a pretty line holds time, severity, message and fields, and no escape code', () => {
  const line = JSON.stringify({
    level: 'error',
    time: '2026-01-02T03:04:05.678Z',
    msg: 'it broke',
    name: '\u001b[2Jx',
    n: 1,
  });
  expect(prettyLine(line)).toBe('03:04:05.678 error: it broke name=\u{fffd}[2Jx n=1\n');
});
