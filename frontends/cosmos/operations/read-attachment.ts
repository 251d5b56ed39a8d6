// GET …/docs/{item}/attachments/{attachment}: no attachment has that id, because there are none.

import { DatabaseError } from '../../../model/errors.ts';
import { containerOf, type Call } from '../call.ts';

export function readAttachment(call: Call): never {
  containerOf(call);
  throw new DatabaseError('ResourceNotFound', 'no attachment with that id', { argument: 'attachment' });
}
