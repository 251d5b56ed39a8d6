// The data of the demo: whole, valid, and under keys that are unique within their partition.

import { expect, test } from 'vitest';
import { demoContainers, fieldsOf } from '../../bin/demo-data.ts';
import { validateBson } from '../../model/bson/validate.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';

test.each([
  ['a,b,c', ['a', 'b', 'c']],
  ['a,,c', ['a', '', 'c']],
  [',', ['', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"say ""hi""",""', ['say "hi"', '']],
])('a CSV line is cut into its fields: %s', (line, fields) => {
  expect(fieldsOf(line)).toEqual(fields);
});

test.each(demoContainers.map((container) => [container.id, container] as const))(
  '%s are valid and unique',
  async (_id, container) => {
    const items = await container.items();
    expect(items.length).toBeGreaterThan(1_000);
    const names = new Set<string>();
    for (const item of items) {
      validateBson(item);
      names.add(`${textOfRaw(fieldOf(item, 'id')!)} ${textOfRaw(fieldOf(item, container.partitionKey.slice(1))!)}`);
    }
    expect(names.size).toBe(items.length);
  },
);
