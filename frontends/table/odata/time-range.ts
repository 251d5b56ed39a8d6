// Ranges of DateTimes over their two stored forms (`model/instant.ts`): a time of whole milliseconds is a BSON date,
// a finer one ticks of 100 ns in an extended binary. Dates are ordered among each other and ticks among each other,
// in predicates and in the terms of the index alike, so that a range of times is a range of dates or one of ticks,
// exact to 100 ns: no time has both forms.

import { BsonType } from '../../../model/bson/types.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { writeInt64 } from '../../../model/bytes.ts';
import { rawOfExtended, ticksMax } from '../../../model/extended.ts';
import type { Instant } from '../../../model/instant.ts';
import type { ComparisonOperator, Test } from '../../../model/predicate.ts';
import type { Expression } from './expression.ts';

const ticksPerMillisecond = 10_000n;
/** From 0001-01-01 to 1970-01-01. */
const millisecondsBefore1970 = 62_135_596_800_000n;

function ticksOf({ seconds, nanos }: Instant): bigint {
  return (BigInt(seconds) * 1000n + millisecondsBefore1970) * ticksPerMillisecond + BigInt(nanos / 100);
}

function rawOfTicks(ticks: bigint): Raw {
  return rawOfExtended({ kind: 'ticks', ticks });
}

function rawOfDate(milliseconds: bigint): Raw {
  const bytes = new Uint8Array(8);
  writeInt64(bytes, 0, milliseconds);
  return new Raw(bytes, BsonType.date, 0, 8);
}

const [firstTicks, lastTicks] = [rawOfTicks(0n), rawOfTicks(ticksMax)];

/** Ticks from `from` to `to`, both included; undefined is open. */
class TimeRange {
  #from: bigint | undefined;
  #to: bigint | undefined;

  narrow(operator: 'gt' | 'ge' | 'lt' | 'le', ticks: bigint): void {
    if (operator === 'gt' || operator === 'ge') {
      const from = operator === 'gt' ? ticks + 1n : ticks;
      if (this.#from === undefined || from > this.#from) this.#from = from;
    } else {
      const to = operator === 'lt' ? ticks - 1n : ticks;
      if (this.#to === undefined || to < this.#to) this.#to = to;
    }
  }

  /** What a stored date and stored ticks must pass to be in the range: one of the tests; none when no time is in it. */
  tests(): readonly Test[] {
    const [from, to] = [this.#from, this.#to];
    if (from !== undefined && to !== undefined && from > to) return [];
    if ((from ?? 0n) > ticksMax || (to ?? 0n) < 0n) return [];
    const dates = [
      ...bound('gte', from === undefined ? undefined : rawOfDate(millisecondsFrom(from))),
      ...bound('lte', to === undefined ? undefined : rawOfDate(to / ticksPerMillisecond - millisecondsBefore1970)),
    ];
    // Without an end the range would go on to binaries that are no ticks.
    const ticks = [
      ...bound('gte', from === undefined ? firstTicks : rawOfTicks(from)),
      ...bound('lte', to === undefined ? lastTicks : rawOfTicks(to)),
    ];
    return [dates, ticks].map((tests) => (tests.length === 1 ? tests[0]! : { kind: 'allOf', tests }));
  }
}

/** The first whole millisecond that is not before. */
function millisecondsFrom(ticks: bigint): bigint {
  return (ticks + ticksPerMillisecond - 1n) / ticksPerMillisecond - millisecondsBefore1970;
}

function bound(operator: ComparisonOperator, value: Raw | undefined): readonly Test[] {
  return value === undefined ? [] : [{ kind: 'compare', operator, value }];
}

/** The ranges of times that conditions, which must all hold, put properties in. */
export class TimeRanges {
  #ranges: Map<string, TimeRange> | undefined;

  /** Whether the condition was one on a range of times, and is now told by these ranges. */
  take(condition: Expression): boolean {
    if (condition.kind !== 'compare') return false;
    const { operator, property } = condition;
    const { instant } = condition.literal;
    if (instant === undefined || operator === 'eq' || operator === 'ne') return false;
    this.#ranges ??= new Map();
    let range = this.#ranges.get(property);
    if (range === undefined) this.#ranges.set(property, (range = new TimeRange()));
    range.narrow(operator, ticksOf(instant));
    return true;
  }

  entries(): readonly { readonly property: string; readonly range: TimeRange }[] {
    return this.#ranges === undefined ? [] : [...this.#ranges].map(([property, range]) => ({ property, range }));
  }
}
