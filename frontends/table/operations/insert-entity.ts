// POST /{table}

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { writeEntity } from '../execute-write.ts';

export function insertEntity(call: Call): Promise<Answer> {
  return writeEntity(call);
}
