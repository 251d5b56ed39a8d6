// POST …/docs

import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { writeItem } from '../write-item.ts';

export function createItem(call: Call): Promise<Answer> {
  return writeItem(call, 'create-item');
}
