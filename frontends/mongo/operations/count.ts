// count: how many documents a query selects, behind `skip` and up to `limit`.

import { isNumber, numberOf } from '../bson-input.ts';
import { requireSimpleCollation } from '../arguments.ts';
import { commandScope } from '../aggregate/command.ts';
import { collectionOf, namespaceOfCall, type Call, type Operation, type Reply } from '../call.ts';
import { countDocuments } from '../counting.ts';
import { typeMismatch } from '../errors.ts';
import { hintOf } from '../hint.ts';
import { Filter } from '../selection.ts';

async function run(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  requireSimpleCollation(args);
  const filter = new Filter(args.document('query'), hintOf(call, namespace, args), commandScope(call, args));
  const skip = args.count('skip') ?? 0;
  const limit = limitOf(call);
  const container = collectionOf(call, namespace);
  const most = limit === 0 ? Infinity : skip + limit;
  const selected = container === undefined ? 0 : await countDocuments(call, container, filter, most);
  return { fields: (writer) => writer.int32('n', Math.max(0, selected - skip)) };
}

/** A negative limit means the same as its positive. */
function limitOf({ args }: Call): number {
  const value = args.get('limit');
  if (value === undefined) return 0;
  if (!isNumber(value)) throw typeMismatch("BSON field 'count.limit' is the wrong type, expected a number");
  return Math.abs(Math.trunc(numberOf(value))) || 0;
}

export const count: Operation = {
  arguments: new Set(['count', 'query', 'limit', 'skip', 'hint', 'collation', 'fields']),
  run,
};
