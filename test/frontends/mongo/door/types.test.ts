// Every type of BSON through the driver, unchanged, in documents of collections.

import {
  BSONRegExp,
  BSONSymbol,
  Binary,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
  type Document,
  type MongoClient,
} from 'mongodb';
import { serialize } from 'bson';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start, type Started } from './start.ts';

let server: Started;
/** Shows every type as its own class. */
let client: MongoClient;
let plain: MongoClient;

beforeAll(async () => {
  server = await start();
  client = await server.client({ promoteValues: false, bsonRegExp: true });
  plain = await server.client();
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const typed = (): Document => ({
  _id: new ObjectId('65f000000000000000000001'),
  int32: new Int32(7),
  int64: Long.fromString('9007199254740993'),
  double: new Double(1.5),
  whole: new Double(2),
  zero: new Double(-0),
  infinite: new Double(Infinity),
  decimal: Decimal128.fromString('1.10'),
  text: new BSONRegExp('^a.*z$', 'im'),
  date: new Date('2026-01-02T03:04:05.678Z'),
  old: new Date(-1),
  bytes: new Binary(Buffer.from([0, 1, 2, 255])),
  own: new Binary(Buffer.from('x'), 0x80),
  uuid: new UUID('0d3b1f7e-9c1a-4a54-8b1c-2f3e4d5c6b7a'),
  timestamp: new Timestamp({ t: 5, i: 6 }),
  yes: true,
  nothing: null,
  code: new Code('f()'),
  scoped: new Code('f()', { a: new Int32(1) }),
  symbol: new BSONSymbol('s'),
  min: new MinKey(),
  max: new MaxKey(),
  reference: new DBRef('other', new ObjectId('65f000000000000000000002')),
  strings: ['', 'ä€😀', 'a\0b'],
  nested: [new Int32(1), [Long.fromNumber(2), { deep: Decimal128.fromString('3.30'), empty: {}, none: [] }]],
  constructor: { __proto__x: new Int32(1) },
  '': new Int32(0),
});

test('all types come back byte for byte', async () => {
  const things = client.db('types').collection('all');
  await things.insertOne(typed());
  const [found] = await things.find({}, { raw: true }).toArray();
  expect(Buffer.from(found as unknown as Uint8Array)).toEqual(Buffer.from(serialize(typed())));
});

test('a field named __proto__ is data', async () => {
  const things = client.db('types').collection('proto');
  const document = JSON.parse('{"_id": "p", "__proto__": {"a": 1}}') as Document;
  await things.insertOne(document);
  await things.updateOne({ '__proto__.a': 1 }, { $set: { 'constructor.prototype': 1 } });
  const [found] = await things.find({ '__proto__.a': 1 }, { raw: true }).toArray();
  expect(Buffer.from(found as unknown as Uint8Array).toString('latin1')).toContain('__proto__');
  expect(({} as Document)['a']).toBeUndefined();
});

test('an update of one field leaves the types of the others alone', async () => {
  const things = client.db('types').collection('kept');
  await things.insertOne(typed());
  await things.updateOne({}, { $set: { added: new Int32(1) } });
  const [found] = await things.find({}, { raw: true, projection: { added: 0 } }).toArray();
  expect(Buffer.from(found as unknown as Uint8Array)).toEqual(Buffer.from(serialize(typed())));
});

test.each<[string, unknown]>([
  ['an ObjectId', new ObjectId()],
  ['a text', 'x'],
  ['a text that looks like an ObjectId', '65f000000000000000000001'],
  ['an int64', Long.fromString('9007199254740993')],
  ['a decimal', Decimal128.fromString('1.5')],
  ['a UUID', new UUID()],
  ['bytes', new Binary(Buffer.from([1, 2]))],
  ['a date', new Date(5)],
  ['an object', { a: new Int32(1), b: 'x' }],
  ['a boolean', true],
  ['null', null],
  ['a timestamp', new Timestamp({ t: 1, i: 2 })],
])('%s is an _id: inserted, found, updated and deleted by it', async (_what, id) => {
  const typedThings = client.db('types').collection('ids');
  const things = plain.db('types').collection('ids');
  await things.deleteMany({});
  // The driver would put an ObjectId in the place of null.
  const asGiven = { forceServerObjectId: true } as const;
  await things.insertOne({ _id: id as never, n: new Int32(1) }, asGiven);
  await expect(things.insertOne({ _id: id as never }, asGiven)).rejects.toMatchObject({ code: 11000 });
  expect((await typedThings.findOne({ _id: id as never }))!['n']).toEqual(new Int32(1));
  expect(await things.updateOne({ _id: id as never }, { $inc: { n: new Int32(1) } })).toMatchObject({
    modifiedCount: 1,
  });
  expect((await typedThings.findOne())!._id).toEqual(id);
  expect(await things.deleteOne({ _id: id as never })).toMatchObject({ deletedCount: 1 });
});

test('a zero timestamp becomes the time of the server', async () => {
  const things = client.db('types').collection('times');
  await things.insertOne({ at: new Timestamp({ t: 0, i: 0 }) }, { ignoreUndefined: true });
  const at = (await things.findOne())!['at'] as Timestamp;
  expect(at.getHighBits()).toBeGreaterThan(1_700_000_000);
});
