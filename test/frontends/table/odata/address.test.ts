import { expect, test } from 'vitest';
import { tableErrorOf } from '../../../../frontends/table/errors.ts';
import { parseAddress, type Address } from '../../../../frontends/table/odata/address.ts';
import { DatabaseError } from '../../../../model/errors.ts';
import { randomOf, seedOf } from '../../../random.ts';

const found: readonly (readonly [string, Address])[] = [
  ['', { target: 'service', table: undefined, key: undefined }],
  ['Tables', { target: 'tables', table: undefined, key: undefined }],
  ['tables()', { target: 'tables', table: undefined, key: undefined }],
  ["Tables('mytable')", { target: 'table', table: 'mytable', key: undefined }],
  ["Tables(TableName='mytable')", { target: 'table', table: 'mytable', key: undefined }],
  ["Tables(%27it''s%27)", { target: 'table', table: "it's", key: undefined }],
  ['$batch', { target: 'batch', table: undefined, key: undefined }],
  ['%24metadata', { target: 'metadata', table: undefined, key: undefined }],
  ['MyTable', { target: 'entities', table: 'MyTable', key: undefined }],
  ['MyTable()', { target: 'entities', table: 'MyTable', key: undefined }],
  ['my%20table', { target: 'entities', table: 'my table', key: undefined }],
  ["T(PartitionKey='p',RowKey='r')", { target: 'entity', table: 'T', key: { partitionKey: 'p', rowKey: 'r' } }],
  ["T(RowKey='r', PartitionKey='p' )", { target: 'entity', table: 'T', key: { partitionKey: 'p', rowKey: 'r' } }],
  ["T(PartitionKey='',RowKey='')", { target: 'entity', table: 'T', key: { partitionKey: '', rowKey: '' } }],
  [
    "T(PartitionKey='a''b,c',RowKey='(%25)%2B+%C3%A9')",
    { target: 'entity', table: 'T', key: { partitionKey: "a'b,c", rowKey: '(%)++é' } },
  ],
  [
    "T(PartitionKey=''''',RowKey=''x''',RowKey='')",
    { target: 'entity', table: 'T', key: { partitionKey: "'',RowKey='x'", rowKey: '' } },
  ],
];

test.each(found)('%s is what it names', (segment, address) => {
  expect(parseAddress(segment)).toEqual(address);
});

test.each([
  ["T(PartitionKey='p')"],
  ["T('p')"],
  ["T(PartitionKey='p',PartitionKey='r')"],
  ["T(PartitionKey='p',RowKey='r',Other='o')"],
  ["T(PartitionKey='p'RowKey='r')"],
  ["T(PartitionKey='p',RowKey='r'"],
  ["T(PartitionKey='p',RowKey='r')x"],
  ["T(PartitionKey='p',RowKey='it's')"],
  ['T(PartitionKey=p,RowKey=r)'],
  ["Tables('a','b')"],
  ["Tables(Name='a')"],
  ["('a')"],
  ['%zz'],
  ['%ff'],
])('%s is refused as an error of syntax', (segment) => {
  expect(refusedWord(segment)).toBe('InvalidInput');
});

function refusedWord(segment: string): string | undefined {
  try {
    parseAddress(segment);
    return undefined;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return tableErrorOf(error).word;
  }
}

test('keys of any characters come back as clients send them', () => {
  const seed = seedOf();
  const random = randomOf(seed);
  const characters = ["'", '%', ',', '(', ')', '=', ' ', '+', 'a', 'é', '😀', '\u0000', '/', '\\', '"'];
  const text = (): string =>
    Array.from({ length: Math.floor(random() * 8) }, () => characters[Math.floor(random() * characters.length)]).join(
      '',
    );
  for (let run = 0; run < 2000; run++) {
    const [partitionKey, rowKey] = [text(), text()];
    const sent = (key: string): string => encodeURIComponent(key.replaceAll("'", "''"));
    const segment = `T(PartitionKey='${sent(partitionKey)}',RowKey='${sent(rowKey)}')`;
    expect(parseAddress(segment).key, `seed ${seed}`).toEqual({ partitionKey, rowKey });
  }
});

test('no segment makes anything but an address or a refusal', () => {
  const seed = seedOf();
  const random = randomOf(seed);
  const parts = ['T', 'Tables', '(', ')', "'", "''", ',', '=', 'PartitionKey', 'RowKey', '%27', '%2', ' ', 'x', '$'];
  for (let run = 0; run < 5000; run++) {
    const length = Math.floor(random() * 14);
    const segment = Array.from({ length }, () => parts[Math.floor(random() * parts.length)]).join('');
    expect([undefined, 'InvalidInput'], `seed ${seed}: ${segment}`).toContain(refusedWord(segment));
  }
});
