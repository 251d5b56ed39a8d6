// Walks over terms of one item each, whose keys are short, long and beyond what a cursor makes room for at first, while
// items come and go and sources are written, merged and given back.

import { describe, expect, it } from 'vitest';
import { allKeys } from '../../indexer/filter.ts';
import { OrderCursor } from '../../indexer/order-cursor.ts';
import { partitionKeyPath } from '../../indexer/paths.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { compareText } from '../../model/order.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { Host } from './host.ts';

const body = new BsonWriter().beginDocument().end().finish();

describe('A walk over places', () => {
  it('gives every item once and in order, wherever its source went meanwhile', () => {
    const seed = seedOf();
    const chance = randomOf(seed);
    const integer = (from: number, to: number): number => from + Math.floor(chance() * (to - from + 1));
    for (let round = 0; round < 40 * testScale; round++) {
      const host = new Host({ partitionKeyTerms: 'ordered' });
      const live = new Map<number, string>();
      let lsn = 0;
      const change = (): void => {
        lsn++;
        const ends = integer(0, 4) === 0 ? ([...live.keys()][integer(0, live.size - 1)] ?? 0) : 0;
        // Few of one length share all of their key but the end.
        const id = `${'k'.repeat(integer(0, 3) === 0 ? integer(0, 1900) : integer(0, 70))}${lsn}`;
        live.delete(ends);
        live.set(lsn, id);
        host.apply({ kind: 'add', number: lsn, lsn, item: body, id, key: '["p"]', ends });
      };
      const disturb = (): void => {
        for (let i = integer(0, 3); i > 0; i--) change();
        if (integer(0, 3) === 0) host.flushAll();
        if (integer(0, 7) === 0 && host.manifest.length > 1) host.mergeAll();
      };
      for (let i = 0; i < 60; i++) {
        change();
        if (integer(0, 19) === 0) host.flushAll();
      }
      const backwards = integer(0, 1) === 0;
      const expected = [...live].sort((a, b) => compareText(a[1], b[1])).map(([number]) => number);
      if (backwards) expected.reverse();
      const view = host.index.snapshot();
      const cursor = new OrderCursor(view, { path: partitionKeyPath, range: allKeys, backwards });
      const found: number[] = [];
      for (let step = cursor.next(1); step !== 'end'; step = cursor.next(1)) {
        if (step === 'item') {
          const id = new TextDecoder().decode(cursor.key.subarray(0, cursor.keyLength)).slice(-8);
          expect(String(cursor.number), `seed ${seed}`).toBe(/\d+$/.exec(id)![0]);
          found.push(cursor.number);
        }
        disturb();
      }
      expect(found, `seed ${seed}`).toEqual(expected);
      view.release();
    }
  });
});
