// PUT …/docs/{item}

import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { writeItem } from '../write-item.ts';

export function replaceItem(call: Call): Promise<Answer> {
  return writeItem(call, 'replace-item');
}
