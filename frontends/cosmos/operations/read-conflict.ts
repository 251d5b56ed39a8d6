// GET …/conflicts/{conflict}: no conflict has that id, because there are none.

import { DatabaseError } from '../../../model/errors.ts';
import { containerOf, type Call } from '../call.ts';

export function readConflict(call: Call): never {
  containerOf(call);
  throw new DatabaseError('ResourceNotFound', 'no conflict with that id', { argument: 'conflict' });
}
