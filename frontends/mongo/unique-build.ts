// Whether the documents of a collection already break a unique index that was just declared. Writes obey it from then
// on, so that one look at everything is enough. Keys are remembered by hash; a hash met twice is looked up.

import { keysOf, predicateOfKey, uniqueKeysOf, type KeyTuple, type UniqueKey } from '../../core/unique-key.ts';
import { uniqueViolation } from '../../core/unique.ts';
import { murmur3x86 } from '../../model/hash/murmur3.ts';
import { utf8 } from '../../model/bytes.ts';
import { always, type Predicate } from '../../model/predicate.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Item, Search } from '../../model/operation.ts';
import type { Call } from './call.ts';
import { MongoCode, MongoError } from './errors.ts';

const stepItems = 1000;
const stepBytes = 4 * 1024 * 1024;

/** Keys of one index that are remembered: about 40 bytes each. */
const keysMax = 8_000_000;

/** Throws UniqueKeyViolation for the first two items that share a key of one of these indexes. */
export async function checkExisting(call: Call, container: ContainerRecord, names: ReadonlySet<string>): Promise<void> {
  const uniques = uniqueKeysOf(container).filter(({ name }) => names.has(name));
  const seen = uniques.map(() => new Set<number>());
  await eachItem(call, container, always, async (item) => {
    for (const [i, unique] of uniques.entries())
      for (const key of keysOf(unique, item.body)) {
        const hash = hashOf(key);
        if (!seen[i]!.has(hash)) seen[i]!.add(hash);
        else if (await hasSeveral(call, container, unique, key)) throw uniqueViolation(container, unique, key);
        if (seen[i]!.size > keysMax)
          throw new MongoError(MongoCode.NotImplemented, `a unique index is built over at most ${keysMax} keys`);
      }
    return true;
  });
}

/** 53 bits of the key's text. */
function hashOf({ text }: KeyTuple): number {
  const bytes = utf8(text);
  return murmur3x86(bytes) * 2 ** 21 + (murmur3x86(bytes, bytes.length, 0x5bd1e995) >>> 11);
}

async function hasSeveral(call: Call, container: ContainerRecord, unique: UniqueKey, key: KeyTuple): Promise<boolean> {
  let holders = 0;
  await eachItem(call, container, predicateOfKey(unique, key), async (item) => {
    if (keysOf(unique, item.body).some(({ text }) => text === key.text)) holders++;
    return holders < 2;
  });
  return holders > 1;
}

/** Hands the stored items over until `take` has enough. */
async function eachItem(
  call: Call,
  { database, id }: ContainerRecord,
  predicate: Predicate,
  take: (item: Item) => Promise<boolean>,
): Promise<void> {
  const search: Search = await call.engine.execute(
    { kind: 'open-search', database, container: id, scope: {}, predicate, view: 'stored' },
    call.context,
  );
  try {
    for (;;) {
      const { items, done } = await search.next(stepItems, stepBytes, call.signal);
      for (const item of items) if (!(await take(item))) return;
      if (done) return;
    }
  } finally {
    search.close();
  }
}
