import { expect, test } from 'vitest';
import { BsonWriter } from '../../model/bson/write.ts';
import { checkEntity, edmPropertiesMax } from '../../model/edm-rules.ts';
import { bodyOfEdm } from './edm-oracle.ts';
import { DatabaseError } from '../../model/errors.ts';
import { rawOfExtended } from '../../model/extended.ts';

type Append = (writer: BsonWriter) => unknown;

function entity(append: Append = () => undefined): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('PartitionKey', 'p').string('RowKey', '');
  append(writer);
  return writer.end().finish();
}

/** What is said of a body: 'held', or the argument and the message. */
function said(body: Uint8Array, stored?: Uint8Array): string {
  try {
    checkEntity(body, stored);
    return 'held';
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return `${error.code} ${error.argument}: ${error.message}`;
  }
}

const many = (count: number, append: Append = () => undefined): Uint8Array =>
  entity((writer) => {
    for (let i = 0; i < count; i++) writer.int32(`p${i}`, i);
    append(writer);
  });

test('what the Table door writes is held', () => {
  const at = ['0001-01-01T00:00:00Z', '2026-01-02T03:04:05.678Z', '9999-12-31T23:59:59.9999999Z'];
  const body = bodyOfEdm([
    { name: 'PartitionKey', type: 'Edm.String', value: '' },
    { name: 'RowKey', type: 'Edm.String', value: '' },
    ...at.map((value, i) => ({ name: `at${i}`, type: 'Edm.DateTime' as const, value })),
    { name: 'guid', type: 'Edm.Guid', value: 'c9da6455-213d-42c9-9a79-3e9149a57833' },
    { name: 'nan', type: 'Edm.Double', value: 'NaN' },
    { name: 'odata', type: 'Edm.String', value: 'a name that only begins like an annotation' },
    { name: '__proto__', type: 'Edm.Int64', value: '1' },
  ]);
  expect(said(body)).toBe('held');
});

test('keys must be there, once and as strings', () => {
  expect(said(new BsonWriter().beginDocument().string('PartitionKey', 'p').end().finish())).toMatch(/^BadRequest/);
  expect(said(entity((writer) => writer.string('RowKey', 'again')))).toMatch(/^BadRequest/);
  expect(said(new BsonWriter().beginDocument().int32('PartitionKey', 1).string('RowKey', '').end().finish())).toMatch(
    /'PartitionKey' must be a string/,
  );
});

test('names that no entity can have are refused', () => {
  for (const name of ['', 'Timestamp', '@', 'a@odata.type', 'odata.', 'odata.etag'])
    expect(said(entity((writer) => writer.int32(name, 1)))).toContain(`BadRequest ${name}: the property '${name}'`);
  expect(said(entity((writer) => writer.int32('a', 1).int32('b', 1).string('a', '')))).toContain("'a' is given twice");
  const long = 'x'.repeat(500) + '@';
  expect(said(entity((writer) => writer.int32(long, 1)))).not.toContain(long);
});

test('values of other types, and of a second form of a type, are refused', () => {
  const appended: readonly Append[] = [
    (writer) => writer.beginObject('v').end(),
    (writer) => writer.beginArray('v').end(),
    (writer) => writer.objectId('v', new Uint8Array(12)),
    (writer) => writer.timestamp('v', 1, 1),
    (writer) => writer.binary('v', 3, new Uint8Array(16)),
    (writer) => writer.binary('v', 4, new Uint8Array(15)),
    (writer) => writer.date('v', 8.64e15),
    (writer) => writer.raw('v', rawOfExtended({ kind: 'short', value: 1 })),
    // Whole milliseconds are dates.
    (writer) => writer.raw('v', rawOfExtended({ kind: 'ticks', ticks: 10_000n })),
    (writer) => writer.raw('v', rawOfExtended({ kind: 'offsetDateTime', seconds: 0n, nanos: 0, offsetSeconds: 3600 })),
  ];
  for (const append of appended) expect(said(entity(append))).toContain("BadRequest v: the property 'v' holds");
});

test('252 properties are held, and nulls are none', () => {
  const withNulls: Append = (writer) => writer.null('none').null('nothing');
  expect(said(many(edmPropertiesMax, withNulls))).toBe('held');
  expect(said(many(edmPropertiesMax + 1))).toMatch(/at most 252/);
});

test('what is stored already passes as it is, and no more of it', () => {
  const oid: Append = (writer) => writer.objectId('v', new Uint8Array(12));
  const stored = entity(oid);
  expect(said(stored, stored)).toBe('held');
  expect(
    said(
      entity((writer) => writer.objectId('v', new Uint8Array(12).fill(1))),
      stored,
    ),
  ).toMatch(/'v'/);
  expect(
    said(
      entity((writer) => writer.objectId('w', new Uint8Array(12))),
      stored,
    ),
  ).toMatch(/'w'/);
  expect(said(many(260), many(260))).toBe('held');
  expect(said(many(261), many(260))).toMatch(/at most 252/);
});
