// The law of data-model.md: an item read through a view, one leaf edited and written back, keeps every other
// leaf byte for byte. Run with MERIDIAN_TEST_SCALE=20 for 100,000 items.

import { describe, expect, it } from 'vitest';
import { bsonOfJson } from '../../model/bson/json-read.ts';
import { jsonOfBson } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { validateBson } from '../../model/bson/validate.ts';
import { ElementCursor, fieldOf, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { bytesOfHex, equalBytes, utf8 } from '../../model/bytes.ts';
import { DatabaseError } from '../../model/errors.ts';
import { idTextOf } from '../../model/identity.ts';
import { bodyOfMongoInsert, mergeMongoView, mongoViewOf } from '../../model/mongo-view.ts';
import { mergeView, systemNames } from '../../model/view.ts';
import { testDoors } from './doors.ts';
import { itemKinds, randomItemOf } from './items.ts';
import { byPath, edited, editJson, leavesOf, withEdit, withUnit } from './leaves.ts';
import { appendFields, appendRandom, Random, randomJsonObject, scale } from './random.ts';

/** An item as Mongo writes it, with any type, and fields of system names now and then. */
function randomItem(random: Random, withId: boolean): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  if (withId) writer.string('id', 'the id');
  else appendRandom(random, writer, '_id', 1);
  appendFields(random, writer, 3);
  if (random.chance(20)) writer.int64('_ts', 5n);
  if (random.chance(20)) appendRandom(random, writer, '_etag', 1);
  if (!withId && random.chance(20)) appendRandom(random, writer, 'id', 1);
  return writer.end().finish();
}

describe.each(itemKinds)('a %s item', (kind) => {
  it(
    'read through each of five views, edited at one leaf and written back, changes that leaf only',
    () => {
      const random = new Random();
      for (let round = 0; round < 1000 * scale; round++) {
        const stored = randomItemOf(kind, random);
        const leaves = leavesOf(stored);
        for (const door of testDoors) {
          const message = `seed ${random.seed} round ${round}: ${kind} through ${door.name}`;
          const units = leaves.map((leaf) => door.unitOf(stored, leaf.path)).filter((unit) => unit !== undefined);
          const unit = units.length > 0 && random.chance(90) ? random.pick(units) : undefined;
          const written = door.trip(stored, unit, random);
          validateBson(written);
          const expected = withUnit(leaves, unit);
          if (door.order === 'stored') expect(leavesOf(written), message).toEqual(expected);
          else expect(byPath(leavesOf(written)), message).toEqual(byPath(expected));
        }
      }
    },
    60_000 * scale,
  );
});

describe('the JSON view', () => {
  it('of an item of any types, read, edited at one leaf and replaced, changes that leaf only', () => {
    const random = new Random();
    for (let round = 0; round < 2500 * scale; round++) {
      const stored = randomItem(random, random.chance(50));
      const storedId = fieldOf(stored, '_id');
      const id = storedId === undefined ? 'the id' : idTextOf(storedId);
      const text = jsonOfBson(stored, {
        id,
        skip: systemNames,
        tail: (writer) => void writer.text(',"_rid":"r","_ts":7'),
      }).toString();
      const message = `seed ${random.seed} round ${round}: ${text}`;
      const json = JSON.parse(text) as Record<string, unknown>;
      expect(json['id'], message).toBe(id);
      const leaves = leavesOf(stored);
      const editable = leaves.filter((leaf) => !systemNames.includes(leaf.path[0]!) && leaf.path[0] !== 'id');
      const path = editable.length > 0 && random.chance(90) ? random.pick(editable).path : undefined;
      if (path !== undefined) editJson(json, path);
      const merged = mergeView(stored, bsonOfJson(utf8(JSON.stringify(json))), { id });
      validateBson(merged);
      expect(leavesOf(merged), message).toEqual(path === undefined ? leaves : withEdit(leaves, path));
    }
  });

  it('of an item born as JSON is that item, in its order', () => {
    const random = new Random();
    for (let round = 0; round < 1000 * scale; round++) {
      const stored = bsonOfJson(utf8(JSON.stringify(randomJsonObject(random, 3))));
      expect(mergeView(stored, bsonOfJson(jsonOfBson(stored))), `seed ${random.seed} round ${round}`).toEqual(stored);
    }
  });

  const objectId = bytesOfHex('65f0c0ffee65f0c0ffee65f0');
  const item = (): Uint8Array =>
    new BsonWriter()
      .beginDocument()
      .objectId('_id', objectId)
      .int32('n', 1)
      .beginArray('list')
      .int32('', 1)
      .int64('', 2n)
      .end()
      .int32('_ts', 9)
      .beginObject('o')
      .date('d', 1000)
      .int32('x', 1)
      .end()
      .end()
      .finish();
  const replaced = (json: string): string => jsonOfBson(mergeView(item(), bsonOfJson(utf8(json)))).toString();
  const typesOf = (bytes: Uint8Array): string[] =>
    leavesOf(bytes).map((leaf) => `${leaf.path.join('.')}=${leaf.bytes.split(':')[0]}`);

  it('keeps the order of what stays, drops what is gone and appends what is new', () => {
    expect(replaced('{"new":1,"o":{"y":2,"x":1},"n":1,"list":[1,2,3],"_etag":"e"}')).toBe(
      '{"n":1,"list":[1,2,3],"_ts":9,"o":{"x":1,"y":2},"new":1}',
    );
  });

  it("keeps types where values are equal and takes the client's where they are not", () => {
    const merged = mergeView(
      item(),
      bsonOfJson(
        utf8(
          '{"_id":{"$oid":"65f0c0ffee65f0c0ffee65f0"},"n":1.0,"list":[1,3],"o":{"d":{"$date":"1970-01-01T00:00:01Z"},"x":2}}',
        ),
      ),
    );
    expect(typesOf(merged)).toEqual(['_id=7', 'n=16', 'list.0=16', 'list.1=1', '_ts=16', 'o.d=9', 'o.x=1']);
    // An object of the form of Extended JSON that equals nothing stored stays an object.
    const other = mergeView(item(), bsonOfJson(utf8('{"_id":{"$oid":"65f0c0ffee65f0c0ffee65f1"}}')));
    expect(typesOf(other)).toEqual(['_id.$oid=2', '_ts=16']);
    const more = mergeView(item(), bsonOfJson(utf8('{"_id":{"$oid":"65f0c0ffee65f0c0ffee65f0","x":1}}')));
    expect(typesOf(more)).toEqual(['_id.$oid=2', '_id.x=1', '_ts=16']);
  });

  it('compares numbers as JSON clients hold them, so that an unread int64 survives', () => {
    const stored = new BsonWriter().beginDocument().int64('n', 9007199254740993n).end().finish();
    expect(mergeView(stored, bsonOfJson(utf8('{"n":9007199254740992}')))).toEqual(stored);
    expect(mergeView(stored, bsonOfJson(utf8('{"n":9007199254740994}')))).not.toEqual(stored);
  });

  it('keeps names that stand twice in a stored item', () => {
    const stored = new BsonWriter().beginDocument().int32('a', 1).int32('b', 2).int32('a', 3).end().finish();
    expect(mergeView(stored, bsonOfJson(utf8('{"a":1,"b":2}')))).toEqual(stored);
    expect(jsonOfBson(mergeView(stored, bsonOfJson(utf8('{"b":2}')))).toString()).toBe('{"b":2}');
  });

  it('bears wide items in any order', () => {
    const random = new Random();
    const names = Array.from({ length: 20_000 }, (_, i) => `n${i}`);
    const stored = new BsonWriter().beginDocument();
    for (const name of names) stored.int32(name, 1);
    const bytes = stored.end().finish();
    const shuffled = names.map((name) => ({ name, at: random.bits() })).sort((a, b) => a.at - b.at);
    const json = `{${shuffled.map(({ name }) => `"${name}":1`).join(',')}}`;
    expect(equalBytes(mergeView(bytes, bsonOfJson(utf8(json))), bytes)).toBe(true);
  });
});

describe('the Mongo view of a documents item', () => {
  /** A documents item: `id`, sometimes an `_id` that is its identity or is not. */
  function documentsItem(random: Random): { readonly id: string; readonly body: Uint8Array } {
    const kind = random.below(3);
    const id = kind === 0 ? '65f0c0ffee65f0c0ffee65f0' : 'the id';
    const writer = new BsonWriter().beginDocument().string('id', id);
    if (kind === 0) writer.objectId('_id', bytesOfHex(id));
    appendFields(random, writer, 3);
    if (kind === 1) appendRandom(random, writer, '_id', 1);
    return { id, body: writer.end().finish() };
  }

  it('read, edited at one leaf and replaced, changes that leaf only', () => {
    const random = new Random();
    for (let round = 0; round < 2500 * scale; round++) {
      const { id, body } = random.chance(70)
        ? documentsItem(random)
        : { id: 'x', body: bsonOfJson(utf8(JSON.stringify({ id: 'x', ...randomJsonObject(random, 3), id2: 1 }))) };
      const message = `seed ${random.seed} round ${round}`;
      const view = mongoViewOf(body, id);
      validateBson(view);
      const cursor = new ElementCursor(view);
      expect(cursor.next() && cursor.name(), message).toBe('_id');
      const leaves = leavesOf(body);
      const editable = leaves.filter((leaf) => leaf.path[0] !== 'id' && leaf.path[0] !== '_id');
      const path = editable.length > 0 ? random.pick(editable).path : undefined;
      const merged = mergeMongoView(body, id, path === undefined ? view : edited(view, path));
      validateBson(merged);
      const expected = path === undefined ? leaves : withEdit(leaves, path);
      expect(byPath(leavesOf(merged)), message).toEqual(byPath(expected));
    }
  });

  const view = (json: string, id: string): string => jsonOfBson(mongoViewOf(bsonOfJson(utf8(json)), id)).toString();

  it('shows the id first, keeps it in the body and shadows an _id of other meaning', () => {
    expect(view('{"a":1,"id":"x","_id":{"b":1}}', 'x')).toBe('{"_id":"x","a":1,"id":"x"}');
    const body = bsonOfJson(utf8('{"a":1,"id":"x","_id":{"b":1}}'));
    const merged = mergeMongoView(body, 'x', new BsonWriter().beginDocument().int32('c', 1).end().finish());
    expect(jsonOfBson(merged).toString()).toBe('{"id":"x","_id":{"b":1},"c":1}');
  });

  it('shows whole doubles as integers', () => {
    const shown = mongoViewOf(
      bsonOfJson(utf8('{"id":"x","a":[1,-0,1.5,2147483648,9007199254740992],"b":{"c":2}}')),
      'x',
    );
    expect(leavesOf(shown).map((leaf) => leaf.bytes.split(':')[0])).toEqual([
      '2',
      '2',
      '16',
      '1',
      '1',
      '18',
      '1',
      '16',
    ]);
  });

  it('sets the id of an insert, and keeps a typed _id beside it', () => {
    const objectId = bytesOfHex('65f0c0ffee65f0c0ffee65f0');
    const typed = bodyOfMongoInsert(
      new BsonWriter().beginDocument().objectId('_id', objectId).int32('a', 1).end().finish(),
    );
    expect(typed.id).toBe('65f0c0ffee65f0c0ffee65f0');
    expect(jsonOfBson(typed.body).toString()).toBe(
      '{"id":"65f0c0ffee65f0c0ffee65f0","_id":{"$oid":"65f0c0ffee65f0c0ffee65f0"},"a":1}',
    );
    const shown = mongoViewOf(typed.body, typed.id);
    expect((fieldOf(shown, '_id') as Raw).type).toBe(BsonType.objectId);
    const plain = bodyOfMongoInsert(bsonOfJson(utf8('{"_id":"x","a":1}')));
    expect(jsonOfBson(plain.body).toString()).toBe('{"id":"x","a":1}');
    expect(jsonOfBson(bodyOfMongoInsert(bsonOfJson(utf8('{"a":1,"_id":"x","id":"x"}'))).body).toString()).toBe(
      '{"a":1,"id":"x"}',
    );
  });

  it('refuses an id that disagrees or changes', () => {
    const code = (run: () => unknown): unknown => {
      try {
        run();
      } catch (error) {
        return error instanceof DatabaseError ? error.code : error;
      }
      return 'accepted';
    };
    const json = (text: string): Uint8Array => bsonOfJson(utf8(text));
    expect(code(() => bodyOfMongoInsert(json('{"_id":"x","id":"y"}')))).toBe('BadRequest');
    expect(code(() => bodyOfMongoInsert(json('{"_id":"x","id":5}')))).toBe('BadRequest');
    expect(code(() => bodyOfMongoInsert(json('{"id":"x"}')))).toBe('BadRequest');
    const stored = json('{"id":"x"}');
    expect(code(() => mergeMongoView(stored, 'x', json('{"_id":"y"}')))).toBe('ImmutableField');
    expect(code(() => mergeMongoView(stored, 'x', json('{"id":"y"}')))).toBe('ImmutableField');
    expect(code(() => mergeMongoView(stored, 'x', json('{"_id":"x","id":"x","a":1}')))).toBe('accepted');
  });
});
