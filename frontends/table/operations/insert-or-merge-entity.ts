// MERGE /{table}(PartitionKey='…',RowKey='…')

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { writeEntity } from '../execute-write.ts';

export function insertOrMergeEntity(call: Call): Promise<Answer> {
  return writeEntity(call);
}
