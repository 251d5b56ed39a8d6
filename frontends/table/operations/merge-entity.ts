// MERGE with If-Match /{table}(PartitionKey='…',RowKey='…')

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { writeEntity } from '../execute-write.ts';

export function mergeEntity(call: Call): Promise<Answer> {
  return writeEntity(call);
}
