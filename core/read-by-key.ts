// A page of a table: items in the order of (partition key, id), over all its partitions.

import { DatabaseError } from '../model/errors.ts';
import type { Context, Operation, Result } from '../model/operation.ts';
import type { Engine } from './engine.ts';

export function readByKey(
  _engine: Engine,
  _operation: Operation<'read-by-key'>,
  _context: Context,
): Promise<Result<'read-by-key'>> {
  return Promise.reject(new DatabaseError('NotSupported', 'reading by key is not built yet'));
}
