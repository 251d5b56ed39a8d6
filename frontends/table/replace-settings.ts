// Settings of a database or container are one document, of which an operation changes one field: it reads what is there
// and replaces just that version, and begins again when another writer was faster.

import { DatabaseError } from '../../model/errors.ts';

/** Writers of one record's settings are few, and one of them always wins. */
const attemptsMax = 20;

export async function replaceSettings(attempt: () => Promise<void>): Promise<void> {
  for (let left = attemptsMax; ; left--) {
    try {
      await attempt();
      return;
    } catch (error) {
      const wasOvertaken =
        error instanceof DatabaseError && (error.code === 'PreconditionFailed' || error.code === 'DatabaseExists');
      if (!wasOvertaken || left <= 1) throw error;
    }
  }
}
