// Whether the answer to an insertion shows what was made. Source: "Setting the Prefer header to manage response echo
// on insert operations" (Azure Storage REST reference).

import { headerOf, type TableRequest } from './request.ts';

export type Preference = 'return-content' | 'return-no-content';

/** What the client asked for, which the answer then repeats. */
export function preferenceOf(request: Pick<TableRequest, 'headers'>): Preference | undefined {
  const given = headerOf(request, 'prefer');
  if (given === undefined || given === 'return-no-content' || given === 'return-content') return given;
  for (const part of given.toLowerCase().split(',')) {
    const preference = part.trim();
    if (preference === 'return-content' || preference === 'return-no-content') return preference;
  }
  return undefined;
}
