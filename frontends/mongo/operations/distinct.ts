// distinct: the different values of a field in the documents that a query selects. Elements of an array at the
// path's end count one by one; MongoDB holds equal numbers of all types for one value.

import type { Raw } from '../../../model/bson/walk.ts';
import { childOf, rawDocument } from '../../../model/bson/walk.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { idTextOf } from '../../../model/identity.ts';
import type { Path } from '../../../model/predicate.ts';
import { requireSimpleCollation, checkHint } from '../arguments.ts';
import { commandScope } from '../aggregate/command.ts';
import { elementsOf } from '../bson-input.ts';
import { collectionOf, namespaceOfCall, type Call, type Operation, type Reply } from '../call.ts';
import { documentBytesMax } from '../decode.ts';
import { MongoError } from '../errors.ts';
import { pathOf } from '../filter.ts';
import { Filter, Selection } from '../selection.ts';
import { isPosition } from '../update/tree.ts';

const stepItems = 10_000;
const stepBytes = 4 * 1024 * 1024;

async function run(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  requireSimpleCollation(args);
  checkHint(args);
  const key = args.string('key');
  if (key === undefined) throw new MongoError(40414, "BSON field 'distinct.key' is missing but a required field");
  const path = pathOf(key);
  const filter = new Filter(args.document('query'), commandScope(call, args));
  const container = collectionOf(call, namespace);
  const values = new Map<string, Raw>();
  if (container !== undefined) {
    const selection = new Selection(call, container, filter);
    let bytes = 0;
    while (!selection.done) {
      const { items } = await selection.next(stepItems, stepBytes, call.signal);
      for (const item of items)
        eachValue(rawDocument(item.body), path, 0, (value) => {
          const text = idTextOf(value);
          if (values.has(text)) return;
          values.set(text, value);
          bytes += value.end - value.start + 8;
        });
      if (bytes > documentBytesMax) throw new MongoError(17217, 'distinct too big, 16mb cap');
    }
  }
  return {
    fields: (writer) => {
      writer.beginArray('values');
      for (const value of values.values()) writer.raw('', value);
      writer.end();
    },
  };
}

/** Depth is that of the path and of arrays directly in arrays on it, each one component of it. */
function eachValue(value: Raw, path: Path, at: number, take: (value: Raw) => void): void {
  if (at === path.length) {
    if (value.type === BsonType.array) for (const element of elementsOf(value)) take(element);
    else take(value);
    return;
  }
  const name = path[at]!;
  if (value.type === BsonType.array) {
    if (isPosition(name)) {
      const element = childOf(value, name);
      if (element !== undefined) eachValue(element, path, at + 1, take);
    }
    for (const element of elementsOf(value)) if (element.type === BsonType.object) eachValue(element, path, at, take);
    return;
  }
  const child = childOf(value, name);
  if (child !== undefined) eachValue(child, path, at + 1, take);
}

export const distinct: Operation = {
  arguments: new Set(['distinct', 'key', 'query', 'collation', 'hint']),
  run,
};
