import { expect, test } from 'vitest';
import { entityOfJson } from '../../model/edm-read.ts';
import { edmSystemNames } from '../../model/edm-view.ts';
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
    const found = entityOfJson(json);
    expect(Buffer.from(found.body).toString('hex'), json).toBe(Buffer.from(wanted).toString('hex'));
    expect(found.bare).toEqual(properties.filter(({ isBare }) => isBare === true).map(({ name }) => name));
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
