// How many entities or tables a client wants at once.

import { refusal } from './errors.ts';
import { pageItemsMax } from './limits.ts';

const shape = /^\d{1,9}$/;

/** `$top`: 0 to 1000; a whole page when it is absent. Throws InvalidInput. */
export function topOf(query: ReadonlyMap<string, string>): number {
  const text = query.get('$top')?.trim();
  if (text === undefined || text === '') return pageItemsMax;
  const top = shape.test(text) ? Number(text) : NaN;
  if (!(top <= pageItemsMax)) throw refusal('InvalidInput', '$top');
  return top;
}
