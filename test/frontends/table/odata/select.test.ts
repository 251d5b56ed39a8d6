import { expect, test } from 'vitest';
import { parseSelect, selectedNamesMax } from '../../../../frontends/table/odata/select.ts';

test.each([
  [undefined, undefined],
  ['', undefined],
  [' ', undefined],
  ['*', undefined],
  ['age,*', undefined],
  ['age', ['age']],
  [' age , ratio,age,Age', ['age', 'ratio', 'Age']],
  ['PartitionKey,__proto__,größe', ['PartitionKey', '__proto__', 'größe']],
])('%j selects %j', (text, names) => {
  expect(parseSelect(text)).toEqual(names);
});

test.each([
  ['age,'],
  [',age'],
  ['age,,ratio'],
  [Array.from({ length: selectedNamesMax + 1 }, (_, i) => `p${i}`).join()],
])('%s is refused', (text) => {
  expect(() => parseSelect(text)).toThrow(expect.objectContaining({ argument: '$select' }) as Error);
});
