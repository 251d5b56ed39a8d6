// POST …/conflicts: a query over the conflicts of a container, of which there are none.

import { containerOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';
import { queryDocuments } from '../query-documents.ts';

export function queryConflicts(call: Call): Promise<Answer> {
  return queryDocuments(call, linksOfContainer(containerOf(call)).rid, 'Conflicts', []);
}
