import { expect, test } from 'vitest';
import { tableErrorOf } from '../../../../frontends/table/errors.ts';
import { parseTableFilter } from '../../../../frontends/table/odata/table-filter.ts';
import { DatabaseError } from '../../../../model/errors.ts';

const names = ['apple', 'Banana', 'cherry', 'mytable0', 'mytable1', 'mytable10'];

test.each([
  [undefined, names],
  ['', names],
  ['  ', names],
  ["TableName eq 'mytable1'", ['mytable1']],
  ["'mytable1' eq TableName", ['mytable1']],
  ["TableName eq 'MyTable1'", []],
  ["TableName eq 'mytable0' or TableName eq 'mytable1' or TableName eq 'nothing'", ['mytable0', 'mytable1']],
  ["TableName ge 'mytable' and TableName lt 'mytablf'", ['mytable0', 'mytable1', 'mytable10']],
  ["TableName gt 'mytable1'", ['mytable10']],
  ["TableName le 'apple'", ['apple', 'Banana']],
  ["TableName ne 'apple' and not (TableName ge 'c')", ['Banana']],
  ['TableName eq 5', []],
  ['TableName ne 5', names],
  ['false', []],
  ["true or TableName eq 'x'", names],
  ['1 lt 2', names],
])('%s leaves %j', (filter, left) => {
  expect(names.filter(parseTableFilter(filter))).toEqual(left);
});

test.each([
  ["PartitionKey eq 'a'", 'InvalidInput'],
  ['TableName', 'InvalidInput'],
  ["TableName eq 'a", 'InvalidInput'],
  ['TableName eq null', 'InvalidInput'],
  ["startswith(TableName,'a')", 'NotImplemented'],
])('%s is refused as %s', (filter, word) => {
  try {
    parseTableFilter(filter);
    expect.fail('it was taken');
  } catch (error) {
    expect(error instanceof DatabaseError && tableErrorOf(error).word).toBe(word);
  }
});
