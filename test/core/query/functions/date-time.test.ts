import { expect, test } from 'vitest';
import { evaluate, run } from '../../../query/harness.ts';

test.each([
  ["DateTimeAdd('mm', 1, '2020-07-03T00:00:00.0000000')", '2020-08-03T00:00:00.0000000Z'],
  ["DateTimeAdd('mm', 1, '2020-01-31')", '2020-02-29T00:00:00.0000000Z'],
  ["DateTimeAdd('yyyy', -1, '2020-02-29T01:02:03.1234567Z')", '2019-02-28T01:02:03.1234567Z'],
  ["DateTimeAdd('ss', 5 * -5, '2020-07-03T00:00:00.0000000')", '2020-07-02T23:59:35.0000000Z'],
  ["DateTimeAdd('ns', 250, '2020-07-03T00:00:00.0000000')", '2020-07-03T00:00:00.0000002Z'],
  ["DateTimeAdd('parsec', 1, '2020-07-03')", undefined],
  ["DateTimeAdd('yyyy', 9000, '2020-07-03')", undefined],
  ["DateTimeBin('2021-01-08T18:35:00.0000000', 'dd')", '2021-01-08T00:00:00.0000000Z'],
  ["DateTimeBin('2021-01-08T18:35:00.0000000', 'hh', 5)", '2021-01-08T15:00:00.0000000Z'],
  ["DateTimeBin('2021-01-08T18:35:00.0000000', 'dd', 7)", '2021-01-07T00:00:00.0000000Z'],
  [
    "DateTimeBin('2021-01-08T18:35:00.0000000', 'dd', 7, '1601-01-01T00:00:00.0000000')",
    '2021-01-04T00:00:00.0000000Z',
  ],
  ["DateTimeBin('2021-01-08', 'mm')", undefined],
  ["DateTimeDiff('hour', '2020-01-01T01:02:03.1234527Z', '2020-01-03T01:02:03.1234567Z')", 48],
  ["DateTimeDiff('yyyy', '2028-01-01T01:02:03.1234527Z', '2020-01-03T01:02:03.1234567Z')", -8],
  ["DateTimeDiff('mcs', '2020-01-01', '2020-01-01T00:00:00.001')", 1000],
  ["DateTimeFormat('2024-10-10 14:40:20', 'yyyyMMdd')", '20241010'],
  ["DateTimeFormat('2024-10-10 14:40:20', 'yyyy-MM-dd [HH:mm:ss]')", '2024-10-10 [14:40:20]'],
  [
    "DateTimeFormat('2024-10-10 14:40:20', 'To\\\\da\\\\y i\\\\s: yyyy-MM-ddTHH:mm:ss.FFF')",
    'Today is: 2024-10-10T14:40:20.',
  ],
  ["DateTimeFormat('2024-10-10 14:40:20', 'ddd d MMM yy, h tt')", 'Thu 10 Oct 24, 2 PM'],
  ['DateTimeFromParts(2017, 4, 20)', '2017-04-20T00:00:00.0000000Z'],
  ['DateTimeFromParts(2017, 4, 20, 13, 15, 20, 3456789)', '2017-04-20T13:15:20.3456789Z'],
  ['DateTimeFromParts(-2000, -1, -1)', undefined],
  ['DateTimeFromParts(2021, 2, 29)', undefined],
  ["DateTimePart('mm', '2016-05-29T08:30:00.1301617')", 5],
  ["DateTimePart('mcs', '2016-05-29T08:30:00.1301617')", 130161],
  ["DateTimePart('ns', '2016-05-29T08:30:00.1301617')", 130161700],
  ["DateTimeToTicks('2020-01-02T03:04:05.6789123Z')", 15779342456789124],
  ["DateTimeToTimestamp('2020-07-09T23:20:13.4575530Z')", 1594336813457],
  ["DateTimeToTimestamp('1969-12-31T23:59:59.9995')", -1],
  ['TicksToDateTime(15943368134575530)', '2020-07-09T23:20:13.4575530Z'],
  ['TimestampToDateTime(1594227912345)', '2020-07-08T17:05:12.3450000Z'],
  ['TimestampToDateTime(1e300)', undefined],
  ["YEAR('2020-07-09')", 2020],
  ["MONTH('2020-07-09')", 7],
  ["DAY('2020-07-09T01:00:00Z')", 9],
  ["DAY('no date')", undefined],
])('%s is %j', (expression, expected) => {
  expect(evaluate(expression)).toBe(expected);
});

test('the current time comes from the clock that was handed in', () => {
  const now = '2026-11-21T12:30:15.2500000Z';
  const [at] = run('SELECT GetCurrentDateTime() AS a, GetCurrentDateTimeStatic() AS b, Now() AS c, Ago("hh", 2) AS d');
  expect(at).toEqual({ a: now, b: now, c: now, d: '2026-11-21T10:30:15.2500000Z' });
  expect(evaluate('GetCurrentTimestamp()')).toBe(Date.UTC(2026, 10, 21, 12, 30, 15, 250));
  expect(evaluate('GetCurrentTicks()')).toBe(Date.UTC(2026, 10, 21, 12, 30, 15, 250) * 10_000);
});

test('static functions give every row the time the execution began, the others look again', () => {
  let clock = 0;
  const ports = { now: () => ++clock };
  const items = [{ id: 'a' }, { id: 'b' }];
  expect(run('SELECT VALUE GetCurrentTimestampStatic() FROM c', items, { ports })).toEqual([1, 1]);
  clock = 0;
  expect(run('SELECT VALUE GetCurrentTimestamp() FROM c', items, { ports })).toEqual([2, 3]);
});
