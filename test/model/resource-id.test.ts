import { describe, expect, it } from 'vitest';
import {
  childKinds,
  childNumberMax,
  containerNumberMax,
  databaseNumberMax,
  formatResourceId,
  parseResourceId,
  partitionNumberMax,
  type ChildKind,
  type ResourceId,
} from '../../model/resource-id.ts';
import { Random, scale } from './random.ts';

function randomId(random: Random): ResourceId {
  const upTo = (most: number): number =>
    random.chance(20) ? most : random.chance(20) ? 0 : Math.min(most, random.bits() * (random.chance(50) ? 1 : 4096));
  const database = upTo(databaseNumberMax);
  const parent = upTo(containerNumberMax);
  const number = upTo(childNumberMax);
  const kind = random.below(6);
  if (kind === 0) return { kind: 'database', database };
  if (kind === 1) return { kind: 'container', database, container: parent };
  if (kind === 2) return { kind: 'user', database, user: parent };
  // No user has number 0, as the ids of keys say.
  if (kind === 3) return { kind: 'permission', database, user: Math.max(1, parent), number };
  if (kind === 4) return { kind: 'clientEncryptionKey', database, number: number % 2 ** 32 };
  const child = random.pick(Object.keys(childKinds) as ChildKind[]);
  return { kind: child, database, container: parent, partition: upTo(partitionNumberMax), number };
}

describe('resource ids', () => {
  it('have the lengths that clients know, and no slash', () => {
    expect(formatResourceId({ kind: 'database', database: 1 })).toBe('AAAAAQ==');
    expect(formatResourceId({ kind: 'container', database: 1, container: 2 })).toBe('AAAAAYAAAAI=');
    const item = formatResourceId({
      kind: 'item',
      database: databaseNumberMax,
      container: containerNumberMax,
      partition: 3,
      number: childNumberMax,
    });
    expect(Buffer.from(item.replaceAll('-', '/'), 'base64')).toHaveLength(16);
    expect(item).not.toContain('/');
  });

  it('begin with the id of what they belong to', () => {
    const bytes = (id: ResourceId): Buffer => Buffer.from(formatResourceId(id).replaceAll('-', '/'), 'base64');
    const item = bytes({ kind: 'item', database: 7, container: 8, partition: 3, number: 9 });
    expect(item.subarray(0, 8)).toEqual(bytes({ kind: 'container', database: 7, container: 8 }));
    expect(item.subarray(0, 4)).toEqual(bytes({ kind: 'database', database: 7 }));
  });

  it('are read back and differ for different resources', () => {
    const random = new Random();
    const seen = new Map<string, string>();
    for (let round = 0; round < 5000 * scale; round++) {
      const id = randomId(random);
      const text = formatResourceId(id);
      const message = `seed ${random.seed} round ${round}`;
      expect(parseResourceId(text), message).toEqual(id);
      const same = JSON.stringify(id);
      expect(seen.get(text) ?? same, message).toBe(same);
      seen.set(text, same);
    }
  });

  it('are known only in their one spelling', () => {
    for (const text of [
      '',
      'redmond',
      'AAAAAQ',
      'AAAAAQ=',
      'AAAAAR==',
      'AAAA',
      'AAAAAYAAAAI',
      '////////////////////AA==',
      'AAAAAYAAAAIAAAAAAAAAEA==',
      '________',
    ])
      expect(parseResourceId(text), text).toBeUndefined();
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const text = random.bytes(random.pick([4, 8, 16])).reduce((all, byte) => all + String.fromCharCode(byte), '');
      const encoded = Buffer.from(text, 'latin1').toString('base64').replaceAll('/', '-');
      const id = parseResourceId(encoded);
      if (id !== undefined) expect(formatResourceId(id)).toBe(encoded);
    }
  });

  it('refuse numbers that do not fit', () => {
    expect(() => formatResourceId({ kind: 'database', database: 2 ** 32 })).toThrow();
    expect(() =>
      formatResourceId({ kind: 'item', database: 1, container: 1, partition: 1, number: 2 ** 44 }),
    ).toThrow();
  });
});
