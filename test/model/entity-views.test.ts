import { deserialize, serialize } from 'bson';
import { expect, test } from 'vitest';
import { bsonOfJson } from '../../model/bson/json-read.ts';
import { jsonOfBson } from '../../model/bson/json-write.ts';
import { ElementCursor } from '../../model/bson/walk.ts';
import { checkEntity } from '../../model/edm-rules.ts';
import { bodyOfEntityInsert, mergeEntityMongoView, mongoViewOfEntity } from '../../model/entity-mongo-view.ts';
import { entityOfSql, sqlIdOfEntity, withEdmTypes } from '../../model/entity-sql-view.ts';
import { mergeView } from '../../model/view.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { bodyOfEdm, edmPropertiesOf, type EdmProperty } from './edm-oracle.ts';
import { edgeProperties, randomValue } from './edm-values.ts';

const text = (name: string, value: string): EdmProperty => ({ name, type: 'Edm.String', value });
const keys = [text('PartitionKey', 'p'), text('RowKey', 'r')];

/** Names that other doors give a meaning of their own, and ordinary ones. */
const names = ['id', '_id', '_ts', '_etag', '__proto__', 'constructor', 'a', 'b', 'c', 'd', 'e'];

/** Type and bytes of each field. */
function fieldsOf(body: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>();
  const cursor = new ElementCursor(body);
  while (cursor.next())
    fields.set(cursor.name(), `${cursor.type} ${Buffer.from(cursor.raw().slice()).toString('hex')}`);
  return fields;
}

function* randomEntities(count: number): Generator<{ readonly body: Uint8Array; readonly where: string }> {
  const seed = seedOf();
  const random = randomOf(seed);
  for (let round = 0; round < count; round++) {
    const chosen = names.filter(() => random() < 0.5);
    const properties = chosen.map((name) => ({ name, ...randomValue(random) }));
    yield { body: bodyOfEdm([...keys, ...properties]), where: `seed ${seed}, entity ${round}` };
  }
}

/** What a Cosmos client writes back of an item, with a field more. */
function editedInSql(body: Uint8Array): Uint8Array {
  const shown = jsonOfBson(body, { id: 'r', skip: ['_rid', '_self', '_etag', '_attachments', '_ts'] });
  const incoming = bsonOfJson(Buffer.from(`${shown.toString().slice(0, -1)},"edited":true}`));
  expect(sqlIdOfEntity(incoming)).toBe('r');
  return withEdmTypes(mergeView(body, entityOfSql(incoming, 'r', body)), body);
}

/** What a MongoDB driver writes back of a document, with a field more; numbers as drivers give them by default. */
function editedInMongo(body: Uint8Array): Uint8Array {
  const shown = deserialize(mongoViewOfEntity(body, 'r'));
  return mergeEntityMongoView(body, 'r', serialize({ ...shown, edited: true }));
}

test.each([
  ['SQL', editedInSql],
  ['MongoDB', editedInMongo],
])(
  'an entity that %s reads, adds a field to and writes back keeps every byte of the others',
  (_door, edit) => {
    for (const { body, where } of randomEntities(3000 * testScale)) {
      const after = edit(body);
      checkEntity(after, body);
      const fields = fieldsOf(after);
      expect(fields.delete('edited'), where).toBe(true);
      const sorted = (map: Map<string, string>): string => JSON.stringify([...map].sort());
      expect(sorted(fields), where).toBe(sorted(fieldsOf(body)));
    }
  },
  60_000 * Math.max(1, testScale / 10),
);

test('a copy that MongoDB inserts of what it reads shows as the same entity', () => {
  const body = bodyOfEdm([...keys, ...edgeProperties()]);
  const { _id, RowKey, ...rest } = deserialize(mongoViewOfEntity(body, 'r'), { promoteValues: false });
  expect([_id, RowKey]).toEqual(['r', 'r']);
  const copy = bodyOfEntityInsert(serialize({ _id: 'copy', ...rest }));
  checkEntity(copy, undefined);
  expect(edmPropertiesOf(copy)).toEqual(edmPropertiesOf(body));
});

test('objects that are no Extended JSON stay objects, to be refused', () => {
  for (const json of [
    '{}',
    '{"$date":"yesterday"}',
    '{"$date":"2026-01-01T00:00:00.12345678Z"}',
    '{"$uuid":"x","y":1}',
  ]) {
    const body = bsonOfJson(Buffer.from(`{"PartitionKey":"p","RowKey":"r","v":${json}}`));
    expect(() => checkEntity(withEdmTypes(body, undefined), undefined)).toThrow(/'v'/);
  }
});
