import { expect, test } from 'vitest';
import { entityOfJson, readEntity, type EdmEntity } from '../../model/edm-read.ts';
import { scanEntity } from '../../model/edm-scan.ts';
import { edmSystemNames } from '../../model/edm-view.ts';
import { DatabaseError } from '../../model/errors.ts';
import { instantText, parseInstant } from '../../model/instant.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { bodyOfEdm, edmPropertiesOfJson } from './edm-oracle.ts';

const values: readonly (readonly [string, string | undefined])[] = [
  ['1', undefined],
  ['-2147483648', undefined],
  ['2147483648', undefined],
  ['1.0', undefined],
  ['-0', undefined],
  ['1e3', undefined],
  ['true', undefined],
  ['null', undefined],
  ['"text \\u00fc \\n"', undefined],
  ['"text"', 'Edm.String'],
  ['3', 'Edm.Double'],
  ['"NaN"', 'Edm.Double'],
  ['"-INF"', 'Edm.Double'],
  ['"9007199254740993"', 'Edm.Int64'],
  ['"2013-08-22T01:12:06.2608595Z"', 'Edm.DateTime'],
  ['"C9DA6455-213d-42c9-9a79-3e9149a57833"', 'Edm.Guid'],
  ['"AAEC"', 'Edm.Binary'],
  ['false', 'Edm.Boolean'],
];

test('entities read in one way and in the other are the same, wherever types stand', () => {
  const random = randomOf(seedOf());
  for (let i = 0; i < 2000 * testScale; i++) {
    const fields: string[] = ['"RowKey":"r"', '"PartitionKey":"p"', '"odata.etag":"x"', '"Timestamp":"y"'];
    for (let k = Math.floor(random() * 12); k >= 0; k--) {
      const [value, type] = values[Math.floor(random() * values.length)]!;
      const name = ['a', 'p', 'Pa', 'odata', 'T', 'ü'][k % 6]! + k;
      fields.push(`"${name}":${value}`);
      if (type !== undefined) fields.splice(Math.floor(random() * fields.length), 0, `"${name}@odata.type":"${type}"`);
    }
    const json = `{${fields.join(',')}}`;
    const properties = edmPropertiesOfJson(json);
    const keys = ['PartitionKey', 'RowKey'].map((name) => ({
      name,
      type: 'Edm.String',
      value: name[0]!.toLowerCase(),
    }));
    const wanted = bodyOfEdm([
      ...(keys as never[]),
      ...properties.filter(({ name }) => !edmSystemNames.includes(name)),
    ]);
    const found = readEntity(json);
    expect(Buffer.from(found.body).toString('hex'), json).toBe(Buffer.from(wanted).toString('hex'));
    expect(found.bare).toEqual(properties.filter(({ isBare }) => isBare === true).map(({ name }) => name));
  }
});

/** What each value may be in JSON, by the type that is told; some of it is wrong. */
const texts: Readonly<Record<string, readonly string[]>> = {
  none: [
    '0',
    '-0',
    '1',
    '-1',
    '00',
    '01',
    '2147483647',
    '2147483648',
    '-2147483648',
    '123456789012345',
    '12345678901234567890',
    '0.1',
    '-0.0',
    '1.50',
    '.5',
    '5.',
    '123.4567890123456789',
    '1e3',
    '1E-400',
    '1e400',
    '-',
    'true',
    'false',
    'tru',
    'null',
    'nul',
    '""',
    '"plain"',
    '"a \\"quoted\\" \\\\ \\/ \\b\\f\\n\\r\\t"',
    '"\\u00fc\\u20AC\\ud83d\\ude00\\u0000"',
    '"\\ud83d"',
    '"\\u12g4"',
    '"\\x"',
    '"ü€😀"',
    '"\t"',
    '"cut',
    '{}',
    '[1]',
  ],
  'Edm.String': ['"text"', '"ü"', '1', 'true'],
  'Edm.Boolean': ['true', 'false', '"true"', '"False"', '"perhaps"', '1'],
  'Edm.Int32': ['1', '"1"', '"+1"', '"2147483648"', '1.5', 'true'],
  'Edm.Int64': [
    '"0"',
    '"-0"',
    '"1"',
    '"-1"',
    '"4294967296"',
    '"-4294967296"',
    '"-4294967297"',
    '"999999999999999"',
    '"-999999999999999"',
    '"9223372036854775807"',
    '"-9223372036854775808"',
    '"9223372036854775808"',
    '"+1"',
    '""',
    '"-"',
    '"1.0"',
    '5',
  ],
  'Edm.Double': ['"NaN"', '"-INF"', '"1.5"', '"x"', '1', '1.5', '-0', '1e3', '1e999', '123456789012345678'],
  'Edm.DateTime': [
    '"2024-03-01T10:20:30.1234567Z"',
    '"2024-03-01T10:20:30.123Z"',
    '"2024-03-01T10:20:30Z"',
    '"2024-02-29T10:20:30Z"',
    '"2023-02-29T10:20:30Z"',
    '"0001-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59.9999999Z"',
    '"1969-12-31T23:59:59.9999999Z"',
    '"1600-12-31T23:59:59.5Z"',
    '"2024-03-01T10:20:30.12345678Z"',
    '"2024-03-01T10:20:30+01:00"',
    '"2024-03-01"',
    '"yesterday"',
  ],
  'Edm.Guid': [
    '"C9DA6455-213d-42c9-9a79-3e9149a57833"',
    '"c9da6455-213d-42c9-9a79-3e9149a5783g"',
    '"c9da6455-213d-42c9-9a793e9149a578330"',
    '"c9da6455"',
    '"C9DA64\\u0035\\u0035-213d-42c9-9a79-3e9149a57833"',
  ],
  'Edm.Binary': ['"AAEC"', '""', '"AAE"', '"ü"'],
  'Edm.Decimal': ['"1"', 'null'],
};

const names = ['a', 'Name', 'Total', 'ü', '', '__proto__', 'constructor', 'a b', '\\u0061', 'odata.x', 'x@y', 'Etag'];

test('an entity is read in one pass as it is in two, or left to the two', () => {
  const random = randomOf(seedOf());
  const below = (bound: number): number => Math.floor(random() * bound);
  const any = <Value>(list: readonly Value[]): Value => list[below(list.length)]!;
  const types = Object.keys(texts);
  let scanned = 0;
  let refused = 0;
  for (let i = 0; i < 6000 * testScale; i++) {
    const space = (): string => (random() < 0.1 ? any([' ', '\n', '\t', '  \r\n']) : '');
    const field = (name: string, value: string): string => `${space()}"${name}"${space()}:${space()}${value}${space()}`;
    const fields: string[] = [];
    const keys = ['"p"', '"r"', '"ü"', '"a longer key than any text that is made unit by unit"', '1', 'null', '"\\n"'];
    for (const key of ['PartitionKey', 'RowKey']) {
      if (random() < 0.1) fields.push(field(`${key}@odata.type`, any(['"Edm.String"', '"Edm.Guid"', '1'])));
      if (random() < 0.97) fields.push(field(key, keys[random() < 0.9 ? below(4) : below(keys.length)]!));
    }
    for (let k = below(6); k > 0; k--) {
      const name = random() < 0.8 ? `p${k}` : any(names);
      const type = any(types);
      const told = type === 'none' ? [] : [field(`${name}@odata.type`, `"${type}"`)];
      const group = [...told, field(name, any(texts[type]!))];
      if (random() < 0.05) group.reverse();
      if (random() < 0.3) fields.unshift(...group);
      else fields.push(...group);
    }
    if (random() < 0.2)
      fields.push(field(any(['Timestamp', 'odata.etag', 'odata.type', 'x@odata.other']), any(texts['none']!)));
    if (random() < 0.02) fields.push(any(fields));
    let json = `${space()}{${fields.join(',')}}${space()}`;
    if (random() < 0.02) json = json.slice(0, below(json.length));
    if (random() < 0.02) json += any(['x', '{}', ',']);
    const bytes = Buffer.from(json);
    const addressed = random() < 0.3 ? { partitionKey: 'ü', rowKey: 'row' } : undefined;
    const options = { ignores: random() < 0.2 ? 'Etag' : undefined };
    const wanted = outcomeOf(() => readEntity(bytes, addressed, options));
    expect(
      outcomeOf(() => entityOfJson(bytes, addressed, options)),
      json,
    ).toEqual(wanted);
    if (scanEntity(bytes, addressed, options.ignores) !== undefined) scanned++;
    else if (typeof wanted === 'string') refused++;
  }
  // Both ways are taken, so the test says something.
  expect(scanned).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(1000);
});

/** All that is read but for what only one way knows; or what is refused. */
function outcomeOf(run: () => EdmEntity): object | string {
  try {
    const { body, partitionKey, rowKey, bare } = run();
    return { body: Buffer.from(body).toString('hex'), partitionKey, rowKey, bare };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return `${error.code} ${error.message} ${error.argument}`;
  }
}

test('entities that follow each other keep their bytes, and their outline tells their properties', () => {
  const entities = Array.from({ length: 2000 }, (_, i) =>
    entityOfJson(Buffer.from(`{"a":${i},"RowKey":"r${i}","b":null,"PartitionKey":"p${i % 3}","c":"${'x'.repeat(i)}"}`)),
  );
  entities.forEach(({ body, outline, partitionKey }, i) => {
    const wanted = readEntity(`{"PartitionKey":"p${i % 3}","RowKey":"r${i}","a":${i},"c":"${'x'.repeat(i)}"}`);
    expect(Buffer.compare(body, wanted.body)).toBe(0);
    expect(partitionKey?.text).toBe(`p${i % 3}`);
    expect(outline).toEqual({ properties: 2, earliestSeconds: Infinity });
  });
  const times = '"a@odata.type":"Edm.DateTime","a":"1600-12-31T23:59:59Z","b@odata.type":"Edm.DateTime"';
  const json = `{"PartitionKey":"p","RowKey":"r",${times},"b":"2024-01-31T00:00:00.5Z"}`;
  expect(entityOfJson(Buffer.from(json)).outline).toEqual({ properties: 2, earliestSeconds: -11644473601 });
  expect(entityOfJson(Buffer.from('{"PartitionKey":"p","RowKey":"r","a b":1}')).outline).toBeUndefined();
});

test('more names than are remembered are read as any', () => {
  for (let i = 0; i < 5000; i++) {
    const { body, bare } = entityOfJson(Buffer.from(`{"PartitionKey":"p","RowKey":"r","n${i}":${i},"same":1}`));
    expect(bare).toEqual([`n${i}`, 'same']);
    if (i % 100 === 0) expect(body).toEqual(readEntity(`{"PartitionKey":"p","RowKey":"r","n${i}":${i},"same":1}`).body);
  }
});

test('keys of the address take the place of those that were sent, which are told', () => {
  const json = '{"PartitionKey":1,"a":1,"RowKey":"x","RowKey@odata.type":"Edm.Guid"}';
  const { partitionKey, rowKey, body } = entityOfJson(json, { partitionKey: 'p', rowKey: 'r' });
  expect(partitionKey).toEqual({ text: undefined, type: undefined });
  expect(rowKey).toEqual({ text: 'x', type: 'Edm.Guid' });
  expect(Buffer.from(body).toString('latin1')).toMatch(/PartitionKey\0\x02\0\0\0p\0\x02RowKey\0\x02\0\0\0r\0\x10a\0/);
});

test.each(['{"a":{}}', '{"a":[1]}', '[]', '1', '{"a":1,"a":1}', '{"a":"x","a@odata.type":"Edm.Int16"}', '{"a":1e999}'])(
  '%s is no entity',
  (json) => {
    expect(() => entityOfJson(json)).toThrow(expect.objectContaining({ name: 'DatabaseError' }));
  },
);

test('a time as most clients write it is read as any other', () => {
  const random = randomOf(seedOf());
  const digits = (count: number, below: number): string => String(Math.floor(random() * below)).padStart(count, '0');
  for (let i = 0; i < 3000; i++) {
    const fraction = random() < 0.3 ? '' : `.${digits(1 + (i % 9), 10 ** (1 + (i % 9)))}`;
    const day = `${digits(4, 3000)}-${digits(2, 14)}-${digits(2, 33)}`;
    const time = `${digits(2, 25)}:${digits(2, 61)}:${digits(2, 61)}${fraction}`;
    // An offset of nothing takes the other way.
    expect(read(`${day}T${time}Z`), `${day}T${time}`).toBe(read(`${day}T${time}+00:00`));
  }
});

function read(text: string): string {
  try {
    return instantText(parseInstant(text));
  } catch {
    return 'none';
  }
}
