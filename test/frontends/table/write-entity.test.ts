import { describe, expect, it } from 'vitest';
import { tableErrorOf } from '../../../frontends/table/errors.ts';
import type { TableRequest } from '../../../frontends/table/request.ts';
import { prepareWrite } from '../../../frontends/table/write-entity.ts';
import { jsonOfBson } from '../../../model/bson/json-write.ts';
import { DatabaseError } from '../../../model/errors.ts';
import type { Item } from '../../../model/operation.ts';
import { requestOf, rowOf, type RequestChanges } from './signed-request.ts';

const key = { partitionKey: 'p', rowKey: 'r' };

function insertion(entity: unknown, changes: RequestChanges = {}): TableRequest {
  const json = typeof entity === 'string' ? entity : JSON.stringify(entity);
  return requestOf({ row: rowOf('insert-entity'), verb: 'POST', body: Buffer.from(json), ...changes });
}

function edition(operation: string, entity: unknown, changes: RequestChanges = {}): TableRequest {
  return insertion(entity, { row: rowOf(operation), key, ...changes });
}

function failureOf(request: TableRequest): string {
  try {
    prepareWrite(request);
  } catch (error) {
    if (error instanceof DatabaseError) return `${tableErrorOf(error).status} ${tableErrorOf(error).word}`;
    throw error;
  }
  return 'none';
}

const keys = { PartitionKey: 'p', RowKey: 'r' };

/** So many properties of a name and a number. */
function many(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, i]));
}

describe('an entity to insert', () => {
  it('becomes keys and properties, without what is no property', () => {
    const { write, key: found } = prepareWrite(
      insertion({
        'odata.etag': 'x',
        'a@odata.type': 'Edm.Int64',
        a: '5',
        RowKey: 'r',
        'PartitionKey@odata.type': 'Edm.String',
        PartitionKey: 'p',
        Timestamp: '1999-09-09T09:09:09Z',
        b: null,
        c: 1.5,
        d: 3,
        __proto__x: true,
      }),
    );
    expect(found).toEqual(key);
    expect(write).toMatchObject({ kind: 'create-item', partitionKey: ['p'] });
    const body = 'body' in write ? jsonOfBson(write.body).toString() : '';
    expect(body).toBe('{"PartitionKey":"p","RowKey":"r","a":5,"c":1.5,"d":3,"__proto__x":true}');
  });

  it.each([
    ['no keys', {}, '400 PropertiesNeedValue'],
    ['no row key', { PartitionKey: 'p' }, '400 PropertiesNeedValue'],
    ['a null key', { PartitionKey: null, RowKey: 'r' }, '400 PropertiesNeedValue'],
    ['a key that is a number', { PartitionKey: 1, RowKey: 'r' }, '400 InvalidInput'],
    ['a key of another type', { ...keys, 'RowKey@odata.type': 'Edm.Guid' }, '400 InvalidInput'],
    ['a slash in a key', { ...keys, PartitionKey: 'a/b' }, '400 OutOfRangeInput'],
    ['a control character in a key', { ...keys, RowKey: 'a\u0085' }, '400 OutOfRangeInput'],
    ['a long key', { ...keys, RowKey: 'x'.repeat(1025) }, '400 KeyValueTooLarge'],
    ['a key of 1024 units', { ...keys, RowKey: 'ü'.repeat(1024) }, 'none'],
    ['empty keys', { PartitionKey: '', RowKey: '' }, 'none'],
    ['252 properties', { ...keys, ...many(252) }, 'none'],
    ['253 properties', { ...keys, ...many(253) }, '400 TooManyProperties'],
    ['a name that begins with a digit', { ...keys, '1a': 1 }, '400 PropertyNameInvalid'],
    ['a name with a dash', { ...keys, 'a-b': 1 }, '400 PropertyNameInvalid'],
    ['a name with a blank', { ...keys, 'a b': 1 }, '400 PropertyNameInvalid'],
    ['an empty name', { ...keys, '': 1 }, '400 PropertyNameInvalid'],
    ['a name in Chinese', { ...keys, 啊齄丂狛狜: 1 }, 'none'],
    ['a name of 256 letters', { ...keys, ['a'.repeat(256)]: 1 }, '400 PropertyNameTooLong'],
    ['32 Ki characters', { ...keys, a: 'ü'.repeat(32768) }, 'none'],
    ['more than 64 KiB of UTF-16', { ...keys, a: 'x'.repeat(32769) }, '400 PropertyValueTooLarge'],
    ['64 KiB of bytes', { ...keys, a: Buffer.alloc(65536).toString('base64'), 'a@odata.type': 'Edm.Binary' }, 'none'],
    [
      'more than 64 KiB of bytes',
      { ...keys, a: Buffer.alloc(65537).toString('base64'), 'a@odata.type': 'Edm.Binary' },
      '400 PropertyValueTooLarge',
    ],
    [
      'more than 1 MiB',
      { ...keys, ...Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`a${i}`, 'x'.repeat(32000)])) },
      '400 EntityTooLarge',
    ],
    ['an object', { ...keys, a: {} }, '400 InvalidInput'],
    ['a list', { ...keys, a: [] }, '400 InvalidInput'],
    ['an unknown type', { ...keys, a: '1', 'a@odata.type': 'Edm.Decimal' }, '400 InvalidInput'],
    ['no boolean', { ...keys, a: 'perhaps', 'a@odata.type': 'Edm.Boolean' }, '400 InvalidInput'],
    ['no GUID', { ...keys, a: 'c9da6455', 'a@odata.type': 'Edm.Guid' }, '400 InvalidInput'],
    ['an Int32 that is none', { ...keys, a: '2147483648', 'a@odata.type': 'Edm.Int32' }, '400 InvalidInput'],
    ['an Int64 that is none', { ...keys, a: '9223372036854775808', 'a@odata.type': 'Edm.Int64' }, '400 InvalidInput'],
    [
      'a time before 1601',
      { ...keys, a: '1600-12-31T23:59:59Z', 'a@odata.type': 'Edm.DateTime' },
      '400 OutOfRangeInput',
    ],
    ['no JSON', '{', '400 InvalidInput'],
    ['no object', '[]', '400 InvalidInput'],
    ['a name twice', '{"PartitionKey":"p","RowKey":"r","a":1,"a":2}', '400 DuplicatePropertiesSpecified'],
  ])('with %s', (_what, entity, failure) => {
    expect(failureOf(insertion(entity))).toBe(failure);
  });

  it('has no empty keys in Cosmos DB, and one name less', () => {
    expect(failureOf(insertion({ PartitionKey: '', RowKey: 'r' }, { flavour: 'cosmos' }))).toBe('400 InvalidInput');
    const { write } = prepareWrite(insertion({ ...keys, Etag: 'a', etag: 'b' }, { flavour: 'cosmos' }));
    expect('body' in write && jsonOfBson(write.body).toString()).toBe('{"PartitionKey":"p","RowKey":"r","etag":"b"}');
  });

  it('is JSON, and asked for as JSON', () => {
    const atom = { 'content-type': 'application/atom+xml' };
    expect(failureOf(insertion(keys, { headers: atom }))).toBe('415 MediaTypeNotSupported');
    expect(failureOf(insertion(keys, { headers: { accept: 'application/atom+xml' } }))).toBe(
      '415 MediaTypeNotSupported',
    );
  });
});

describe('an entity to change', () => {
  const stored = prepareWrite(insertion({ ...keys, a: 1, 'd@odata.type': 'Edm.Double', d: 2 })).write;
  const item = (time: number): Item =>
    ({ body: 'body' in stored ? stored.body : '', id: 'r', time }) as unknown as Item;
  const change = (request: TableRequest, current: Item | undefined): string => {
    const { write } = prepareWrite(request);
    const body = write.kind === 'edit-item' ? write.edit(current) : undefined;
    return body instanceof Uint8Array ? jsonOfBson(body).toString() : String(body);
  };

  it('keeps what a merge does not name, and the type of a number that is the same', () => {
    const request = edition('insert-or-merge-entity', { d: 2, b: 'x', a: null });
    expect(change(request, item(7))).toBe('{"PartitionKey":"p","RowKey":"r","a":1,"d":2,"b":"x"}');
    const { write } = prepareWrite(request);
    const body = write.kind === 'edit-item' ? write.edit(item(7)) : undefined;
    // Element type 1 is a double.
    expect(Buffer.from(body as Uint8Array).includes(Buffer.from([1, 0x64, 0]))).toBe(true);
  });

  it('loses what a replacement does not name', () => {
    expect(change(edition('insert-or-replace-entity', { b: 'x' }), item(7))).toBe(
      '{"PartitionKey":"p","RowKey":"r","b":"x"}',
    );
  });

  it('is made by an upsert when it is not there, and by an update never', () => {
    expect(change(edition('insert-or-merge-entity', { b: 1 }), undefined)).toBe(
      '{"PartitionKey":"p","RowKey":"r","b":1}',
    );
    const update = edition('update-entity', { b: 1 }, { headers: { 'if-match': '*' } });
    expect(() => change(update, undefined)).toThrow(expect.objectContaining({ code: 'ItemNotFound' }));
  });

  it('has the version that If-Match names', () => {
    const etag = `W/"datetime'2020-01-01T00%3A00%3A00.0000070Z'"`;
    const update = edition('update-entity', { b: 1 }, { headers: { 'if-match': etag } });
    expect(change(update, item(7))).toContain('"b":1');
    expect(() => change(update, item(8))).toThrow(expect.objectContaining({ code: 'PreconditionFailed' }));
  });

  it.each([
    ['no If-Match', {}, '400 MissingRequiredHeader'],
    ['an If-Match of another kind', { 'if-match': '"0x8D"' }, '400 InvalidInput'],
    ['If-None-Match', { 'if-match': '*', 'if-none-match': '*' }, '400 InvalidInput'],
  ])('is not deleted with %s', (_what, headers, failure) => {
    expect(failureOf(edition('delete-entity', '', { headers, verb: 'DELETE' }))).toBe(failure);
  });

  it('has the keys of its address', () => {
    expect(failureOf(edition('insert-or-merge-entity', { PartitionKey: 'other' }))).toBe('400 InvalidInput');
    const typed = { PartitionKey: 'p', 'PartitionKey@odata.type': 'Edm.DateTime' };
    expect(failureOf(edition('insert-or-merge-entity', typed))).toBe('none');
    expect(failureOf(edition('insert-or-merge-entity', typed, { flavour: 'cosmos' }))).toBe('400 InvalidInput');
  });

  it('does not grow beyond its limits by merges', () => {
    const full = prepareWrite(insertion({ ...keys, ...many(252) })).write;
    const current = { body: 'body' in full ? full.body : '', id: 'r', time: 1 } as unknown as Item;
    expect(() => change(edition('insert-or-merge-entity', { another: 1 }), current)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ tableError: 'TooManyProperties' }) as unknown }),
    );
    expect(change(edition('insert-or-merge-entity', { p1: 'x' }), current)).toContain('"p1":"x"');
  });
});
