// POST …/docs with x-ms-documentdb-is-upsert: 201 when the item is new, 200 when it replaced one.

import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { writeItem } from '../write-item.ts';

export function upsertItem(call: Call): Promise<Answer> {
  return writeItem(call, 'upsert-item');
}
