// The common form of a time is read by itself; it must mean what the general form means.

import { describe, expect, test } from 'vitest';
import { JsonWriter } from '../../model/bson/json-write.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { rawOfExtended } from '../../model/extended.ts';
import { instantOf, instantText, parseInstant, rawOfInstant } from '../../model/instant.ts';
import { valueOf } from '../../model/value.ts';
import { randomOf, seedOf, testScale } from '../random.ts';

const seed = seedOf();

describe('an instant', () => {
  test('is the same whether it ends in Z or in an offset of nothing', () => {
    const random = randomOf(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const two = (value: number): string => String(value).padStart(2, '0');
    for (let run = 0; run < 2_000 * testScale; run++) {
      const date = `${String(1 + below(9998)).padStart(4, '0')}-${two(1 + below(12))}-${two(1 + below(28))}`;
      const fraction =
        random() < 0.2
          ? ''
          : `.${String(below(1e9))
              .padStart(9, '0')
              .slice(0, 1 + below(9))}`;
      const text = `${date}T${two(below(24))}:${two(below(60))}:${two(below(60))}${fraction}`;
      const instant = parseInstant(`${text}Z`);
      expect(instant, text).toEqual(parseInstant(`${text}+00:00`));
      expect(instantText(instant), text).toBe(`${text.replace(/(\..*?)0+$/, '$1').replace(/\.$/, '')}Z`);
    }
  });

  test('is stored as a date or as ticks, exactly', () => {
    const random = randomOf(seed);
    for (let run = 0; run < 2_000 * testScale; run++) {
      const seconds = Math.floor(random() * (253402300800 + 62135596800)) - 62135596800;
      const nanos = Math.floor(random() * 1e7) * 100;
      const instant = { seconds, nanos: random() < 0.3 ? nanos - (nanos % 1e6) : nanos, offsetSeconds: 0 };
      const raw = rawOfInstant(instant);
      expect(instantOf(raw)).toEqual(instant);
      if (instant.nanos % 1e6 === 0) continue;
      const ticks = BigInt(seconds + 62135596800) * 10_000_000n + BigInt(instant.nanos / 100);
      const wanted = rawOfExtended({ kind: 'ticks', ticks });
      expect([raw.type, raw.slice()]).toEqual([wanted.type, wanted.slice()]);
    }
  });

  test.each([
    ['2026-02-30T00:00:00Z', 'a day that does not exist'],
    ['2026-13-01T00:00:00Z', 'a month that does not exist'],
    ['2026-00-01T00:00:00Z', 'no month'],
    ['2026-01-00T00:00:00Z', 'no day'],
    ['2026-01-01T24:00:00Z', 'an hour too many'],
    ['2026-01-01T00:60:00Z', 'a minute too many'],
    ['2026-01-01T00:00:60Z', 'a second too many'],
    ['2026-01-01T00:00:00.Z', 'a point without digits'],
    ['2026-01-01T00:00:00.1234567890Z', 'more than nine digits'],
    ['2026-01-01T00:00:00.12a4Z', 'a letter among digits'],
    ['2026-01-01T00:00:0ZZ', 'a letter in place of a digit'],
    ['0000-01-01T00:00:00Z', 'the year before the first'],
  ])('refuses %s: %s', (text) => {
    expect(() => parseInstant(text)).toThrow();
  });
});

test('texts short and long, plain and not, are written to BSON and JSON as they are', () => {
  const random = randomOf(seed);
  const units = ['a', 'Z', '"', '\\', '\n', '\u0001', '\u007f', 'é', '€', '😀', ' '];
  for (let run = 0; run < 1_000 * testScale; run++) {
    const isPlain = random() < 0.5;
    const length = Math.floor(random() * 80);
    const text = Array.from({ length }, () => (isPlain ? 'x' : units[Math.floor(random() * units.length)]!)).join('');
    const body = new BsonWriter(8).beginDocument().string('text', text).int32('after', 7).end().finish();
    expect(valueOf(fieldOf(body, 'text'))).toBe(text);
    expect(valueOf(fieldOf(body, 'after'))).toBe(7);
    expect(JSON.parse(new JsonWriter('sql', 4).string(text).text(' ').finishText())).toBe(text);
  }
});
