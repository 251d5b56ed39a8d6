// What the Tables, Gremlin and relational views show, take and refuse, by example. The law that all views obey is in
// `views.test.ts`.

import { describe, expect, it } from 'vitest';
import { extendedJson, JsonWriter } from '../../model/bson/json-write.ts';
import { ElementCursor, rawDocument, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { bytesOfHex } from '../../model/bytes.ts';
import { writeEdmField } from '../../model/edm-json.ts';
import { entityOfJson } from '../../model/edm-read.ts';
import { mergeEdmBody, type EdmType } from '../../model/edm-view.ts';
import { DatabaseError } from '../../model/errors.ts';
import { rawOfExtended } from '../../model/extended.ts';
import { rawOfGraphson } from '../../model/graphson-read.ts';
import { graphsonOf } from '../../model/graphson-write.ts';
import { elementOf, mergeElement, type GremlinElement } from '../../model/gremlin-view.ts';
import { mergeRow, rowOf } from '../../model/relational-view.ts';
import { bodyOfEdm, edmPropertiesOf } from './edm-oracle.ts';

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error instanceof DatabaseError ? error.code : error;
  }
  return 'accepted';
}

const shown = (body: Uint8Array): string => extendedJson(rawDocument(body));
const objectId = bytesOfHex('65f0c0ffee65f0c0ffee65f0');
const empty = new BsonWriter().beginDocument().end().finish();

/** An item that no single door would make. */
function mixed(): Uint8Array {
  return new BsonWriter()
    .beginDocument()
    .string('PartitionKey', 'p')
    .objectId('_id', objectId)
    .double('whole', 1)
    .int32('n', 5)
    .null('gone')
    .beginObject('o')
    .int32('x', 1)
    .end()
    .date('when', 1000)
    .raw('short', rawOfExtended({ kind: 'short', value: 7 }))
    .end()
    .finish();
}

describe('the Tables view', () => {
  it('shows what Edm knows by its type and all else as Extended JSON, and neither nulls nor system properties', () => {
    expect(edmPropertiesOf(mixed())).toEqual([
      { name: '_id', type: 'Edm.String', value: '{"$oid":"65f0c0ffee65f0c0ffee65f0"}' },
      { name: 'whole', type: 'Edm.Double', value: '1.0' },
      { name: 'n', type: 'Edm.Int32', value: '5' },
      { name: 'o', type: 'Edm.String', value: '{"x":{"$numberInt":"1"}}' },
      { name: 'when', type: 'Edm.DateTime', value: '1970-01-01T00:00:01Z' },
      { name: 'short', type: 'Edm.Int32', value: '7' },
    ]);
  });

  it('writes OData JSON with the types that values do not tell', () => {
    const { body } = entityOfJson(
      '{"odata.etag":"e","a":1,"b":1.0,"c":"x","d@odata.type":"Edm.Int64","d":"9007199254740993","e":null,"f@odata.type":"Edm.Double","f":"NaN","g":true,"h@odata.type":"Edm.Guid","h":"6BA7B810-9DAD-11D1-80B4-00C04FD430C8","i@odata.type":"Edm.DateTime","i":"2024-01-01T01:00:00.1234567+01:00"}',
    );
    const text = (annotated: boolean): string => {
      const writer = new JsonWriter();
      const cursor = new ElementCursor(body);
      for (let i = 0; cursor.next(); i++) writeEdmField(i > 0 ? writer.text(',') : writer, cursor, annotated);
      return writer.finishText();
    };
    expect(text(true)).toBe(
      '"a":1,"b":1.0,"c":"x","d@odata.type":"Edm.Int64","d":"9007199254740993","f@odata.type":"Edm.Double","f":"NaN","g":true,"h@odata.type":"Edm.Guid","h":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","i@odata.type":"Edm.DateTime","i":"2024-01-01T00:00:00.1234567Z"',
    );
    expect(text(false)).toContain('"d":"9007199254740993","f":"NaN"');
  });

  it('replaces or merges, keeps what it does not show, and lets a property take the place of a null', () => {
    const { body: changes } = entityOfJson('{"PartitionKey":"other","n":6,"gone":"null"}');
    expect(shown(mergeEdmBody(mixed(), changes))).toBe('{"PartitionKey":"p","n":{"$numberInt":"6"},"gone":"null"}');
    const merged = mergeEdmBody(mixed(), changes, { absent: 'kept' });
    expect(edmPropertiesOf(merged).map(({ name, value }) => `${name}=${value}`)).toEqual([
      '_id={"$oid":"65f0c0ffee65f0c0ffee65f0"}',
      'whole=1.0',
      'n=6',
      'gone=null',
      'o={"x":{"$numberInt":"1"}}',
      'when=1970-01-01T00:00:01Z',
      'short=7',
    ]);
    expect(shown(mergeEdmBody(mixed(), empty))).toBe('{"PartitionKey":"p","gone":null}');
  });

  it('takes a bare number for the stored one it equals, and a typed one by its type', () => {
    const stored = bodyOfEdm([{ name: 'a', type: 'Edm.Double', value: '1' }]);
    const written = (json: string): string => {
      const { body, bare } = entityOfJson(json);
      return shown(mergeEdmBody(stored, body, { bare }));
    };
    expect(written('{"a":1}')).toBe('{"a":{"$numberDouble":"1.0"}}');
    expect(written('{"a@odata.type":"Edm.Int32","a":1}')).toBe('{"a":{"$numberInt":"1"}}');
    expect(written('{"a":2}')).toBe('{"a":{"$numberInt":"2"}}');
    expect(written('{"a":"1.0"}')).toBe('{"a":"1.0"}');
  });

  it('takes a boolean that is a text in any letters', () => {
    for (const value of ['true', 'True', 'TRUE', 'False'])
      expect(shown(bodyOfEdm([{ name: 'a', type: 'Edm.Boolean', value }]))).toBe(`{"a":${value.toLowerCase()}}`);
  });

  it.each([
    ['Edm.Int32', '2147483648'],
    ['Edm.Int32', '1.0'],
    ['Edm.Int64', '9223372036854775808'],
    ['Edm.Double', '1e400'],
    ['Edm.Double', ''],
    ['Edm.Boolean', '1'],
    ['Edm.Guid', '6ba7b810'],
    ['Edm.Binary', '*'],
    ['Edm.DateTime', '2024-01-01T00:00:00.12345678Z'],
    ['Edm.DateTime', 'yesterday'],
  ] satisfies [EdmType, string][])('refuses a value that is not of the type: %s %s', (type, value) => {
    expect(codeOf(() => bodyOfEdm([{ name: 'a', type, value }]))).toBe('BadRequest');
  });

  it('refuses JSON that is no entity', () => {
    for (const json of ['[]', '{"a@odata.type":"Edm.Single","a":1}', '{"a":1e400}'])
      expect(
        codeOf(() => entityOfJson(json)),
        json,
      ).toBe('BadRequest');
    for (const json of ['{"a":{}}', '{"a":[1]}'])
      expect(
        codeOf(() => entityOfJson(json)),
        json,
      ).toBe('TooDeep');
  });
});

describe('GraphSON', () => {
  it('keeps numbers that JSON would not, and reads bare ones by their size', () => {
    const through = (json: string): string => graphsonOf(rawOfGraphson(json));
    for (const json of [
      '{"@type":"g:Int64","@value":9007199254740993}',
      '{"@type":"gx:BigInteger","@value":123456789012345678901234567890}',
      '{"@type":"gx:BigDecimal","@value":1.2300}',
      '{"@type":"g:Double","@value":-0.0}',
      '{"@type":"g:Date","@value":-9223372036854775808}',
      '{"@type":"g:Map","@value":["__proto__",{"@type":"g:List","@value":[null,true]}]}',
    ])
      expect(through(json)).toBe(json);
    expect(through('5')).toBe('{"@type":"g:Int32","@value":5}');
    expect(through('5.0')).toBe('{"@type":"g:Double","@value":5.0}');
    expect(through('1099511627776')).toBe('{"@type":"g:Int64","@value":1099511627776}');
    expect(through('18446744073709551616')).toBe('{"@type":"gx:BigInteger","@value":18446744073709551616}');
    expect(through('{"@type":"g:Set","@value":["a"]}')).toBe('{"@type":"g:List","@value":["a"]}');
    expect(through('{"@type":"gx:Instant","@value":"2024-01-01T00:00:00Z"}')).toContain('"g:Date"');
  });

  it('refuses what cannot be stored', () => {
    for (const json of [
      '{"@type":"g:Int32","@value":2147483648}',
      '{"@type":"g:Int32","@value":"1"}',
      '{"@type":"gx:Byte","@value":128}',
      '{"@type":"g:Map","@value":[1,2]}',
      '{"@type":"g:Map","@value":["a"]}',
      '{"@type":"g:Map","@value":["a",1,"a",2]}',
      '{"@type":"g:Vertex","@value":{}}',
      '{"@type":"g:UUID","@value":"x"}',
      '{"a":1}',
      '{"@type":"gx:BigDecimal","@value":"1"}',
    ])
      expect(
        codeOf(() => rawOfGraphson(json)),
        json,
      ).toBe('BadRequest');
    expect(codeOf(() => rawOfGraphson('['.repeat(200) + ']'.repeat(200)))).toBe('TooDeep');
  });
});

describe('the Gremlin view', () => {
  const options = { id: 'v', flatNames: ['pk'] };
  const vertex = (): Uint8Array =>
    new BsonWriter()
      .beginDocument()
      .string('id', 'v')
      .string('label', 'person')
      .string('pk', 'p')
      .beginArray('name')
      .beginObject('')
      .string('id', '1')
      .objectId('_value', objectId)
      .end()
      .beginObject('')
      .string('_value', 'b')
      .string('id', '2')
      .beginObject('_meta')
      .int32('since', 1)
      .end()
      .end()
      .end()
      .int32('flat', 3)
      .end()
      .finish();
  const changed = (
    change: (properties: GremlinElement['properties'][number][]) => GremlinElement['properties'],
  ): string => {
    const element = elementOf(vertex(), options);
    return shown(mergeElement(vertex(), { ...element, properties: change([...element.properties]) }, options));
  };
  const text = (value: string): Raw => rawOfGraphson(JSON.stringify(value));

  it('shows values of a property one by one, and flat fields under an id of their own', () => {
    const { kind, label, properties } = elementOf(vertex(), options);
    expect([kind, label]).toEqual(['vertex', 'person']);
    expect(
      properties.map(({ key, id, value, meta }) => [
        key,
        graphsonOf(id!),
        graphsonOf(value),
        meta.map((one) => one.key),
      ]),
    ).toEqual([
      ['pk', '"v|pk"', '"p"', []],
      ['name', '"1"', '"{\\"$oid\\":\\"65f0c0ffee65f0c0ffee65f0\\"}"', []],
      ['name', '"2"', '"b"', ['since']],
      ['flat', '"v|flat"', '{"@type":"g:Int32","@value":3}', []],
    ]);
    expect(elementOf(empty, options)).toEqual({ kind: 'vertex', label: 'vertex', properties: [] });
  });

  it('finds values again by their id when others go or come', () => {
    expect(changed((all) => all.filter(({ id }) => graphsonOf(id!) !== '"1"'))).toContain(
      '"name":[{"_value":"b","id":"2","_meta":{"since":{"$numberInt":"1"}}}]',
    );
    expect(
      changed((all) => [
        ...all.slice(0, 1),
        { key: 'name', id: text('9'), value: text('z'), meta: [] },
        ...all.slice(1),
      ]),
    ).toContain(
      '"name":[{"id":"9","_value":"z"},{"id":"1","_value":{"$oid":"65f0c0ffee65f0c0ffee65f0"}},{"_value":"b","id":"2"',
    );
    expect(changed((all) => all.map((one) => ({ ...one, meta: [] })))).toContain('{"_value":"b","id":"2"}]');
    expect(changed(() => [])).toBe('{"id":"v","label":"person"}');
  });

  it('makes a flat field an array once it has more than a value', () => {
    expect(changed((all) => [...all, { key: 'flat', id: text('4'), value: text('four'), meta: [] }])).toContain(
      '"flat":[{"id":"v|flat","_value":{"$numberInt":"3"}},{"id":"4","_value":"four"}]',
    );
    expect(changed((all) => [...all, { key: 'new', id: text('5'), value: text('x'), meta: [] }])).toContain(
      '"new":[{"id":"5","_value":"x"}]}',
    );
    const lookalike = rawOfGraphson('{"@type":"g:List","@value":[{"@type":"g:Map","@value":["id","i","_value","x"]}]}');
    const asList = changed((all) => all.map((one) => (one.key === 'flat' ? { ...one, value: lookalike } : one)));
    expect(asList).toContain('"flat":[{"id":"v|flat","_value":[{"id":"i","_value":"x"}]}]');
  });

  it('refuses another label, a reserved name, and a partition key of several values', () => {
    const element = elementOf(vertex(), options);
    const write = (other: Partial<GremlinElement>): unknown =>
      codeOf(() => mergeElement(vertex(), { ...element, ...other }, options));
    expect(write({ label: 'other' })).toBe('ImmutableField');
    expect(write({ kind: 'edge' })).toBe('ImmutableField');
    for (const key of ['id', 'label', '_ts', 'pk'])
      expect(write({ properties: [1, 2].map(() => ({ key, id: text('1'), value: text('x'), meta: [] })) }), key).toBe(
        'BadRequest',
      );
    expect(write({ properties: [{ key: 'a', id: undefined, value: text('x'), meta: [] }] })).toBe('BadRequest');
  });

  it('keeps the ends of an edge out of its properties', () => {
    const edge = new BsonWriter()
      .beginDocument()
      .boolean('_isEdge', true)
      .string('_sink', 'b')
      .int32('w', 1)
      .end()
      .finish();
    const element = elementOf(edge, options);
    expect(element.properties.map(({ key, id }) => [key, id])).toEqual([['w', undefined]]);
    const heavier = { ...element, properties: [{ ...element.properties[0]!, value: text('heavy') }] };
    expect(shown(mergeElement(edge, heavier, options))).toBe('{"_isEdge":true,"_sink":"b","w":"heavy"}');
  });
});

describe('the relational view', () => {
  it('shows natural types, and NULL for null', () => {
    expect(rowOf(mixed()).map(({ name, type, value }) => `${name} ${type} ${value}`)).toEqual([
      'PartitionKey text p',
      '_id jsonb {"$oid":"65f0c0ffee65f0c0ffee65f0"}',
      'whole double precision 1',
      'n integer 5',
      'gone jsonb null',
      'o jsonb {"x":1}',
      'when timestamp 1970-01-01T00:00:01Z',
      'short integer 7',
    ]);
  });

  it('shows a declared column in its type or not at all, and keeps what it says', () => {
    const columns = [
      { name: 'whole', type: 'integer' },
      { name: 'n', type: 'numeric' },
      { name: 'o', type: 'text' },
      { name: 'absent', type: 'uuid' },
      { name: 'short', type: 'bigint' },
    ] as const;
    const row = rowOf(mixed(), columns);
    expect(row.map(({ value }) => value)).toEqual(['1', '5', '{"x":1}', null, '7']);
    expect(mergeRow(mixed(), row)).toEqual(mixed());
    expect(codeOf(() => rowOf(mixed(), [{ name: 'when', type: 'integer' }]))).toBe('BadRequest');
  });

  it('changes the columns that are named, and of jsonb the paths that differ', () => {
    const written = mergeRow(mixed(), [
      { name: 'o', type: 'jsonb', value: '{"y":2,"x":1}' },
      { name: 'n', type: 'integer', value: null },
      { name: 'gone', type: 'text', value: null },
      { name: 'whole', type: 'numeric', value: '1.0' },
      { name: 'new', type: 'bigint', value: '1' },
      { name: 'nothing', type: 'text', value: null },
    ]);
    expect(shown(written)).toBe(
      '{"PartitionKey":"p","_id":{"$oid":"65f0c0ffee65f0c0ffee65f0"},"whole":{"$numberDecimal":"1.0"},"n":null,"gone":null,"o":{"x":{"$numberInt":"1"},"y":{"$numberDouble":"2.0"}},"when":{"$date":{"$numberLong":"1000"}},"short":{"$binary":{"base64":"AwAH","subType":"80"}},"new":{"$numberLong":"1"}}',
    );
  });

  it('refuses text that is not of the type', () => {
    for (const [type, value] of [
      ['integer', '2147483648'],
      ['bigint', '1e3'],
      ['boolean', 't'],
      ['bytea', 'ff'],
      ['uuid', 'x'],
      ['timestamp', '2024-01-01T00:00:00.12345678Z'],
      ['numeric', 'one'],
      ['double precision', '1e400'],
      ['jsonb', '{'],
      ['text', '\ud800'],
    ] as const)
      expect(
        codeOf(() => mergeRow(empty, [{ name: 'a', type, value }])),
        type,
      ).toBe('BadRequest');
    const twice = [1, 2].map(() => ({ name: 'a', type: 'text', value: 'x' }) as const);
    expect(codeOf(() => mergeRow(empty, twice))).toBe('BadRequest');
  });
});
