// distinct: the different values of a field in the documents that a query selects. Elements of an array at the
// path's end count one by one; MongoDB holds equal numbers of all types for one value. The terms of the index answer
// where they can; otherwise the documents are read.

import { eachValue } from '../../../core/path-values.ts';
import { rawDocument, type Raw } from '../../../model/bson/walk.ts';
import { idTextOf } from '../../../model/identity.ts';
import type { Path } from '../../../model/predicate.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { requireSimpleCollation } from '../arguments.ts';
import { commandScope } from '../aggregate/command.ts';
import { collectionOf, namespaceOfCall, type Call, type Operation, type Reply } from '../call.ts';
import { documentBytesMax } from '../decode.ts';
import { MongoError } from '../errors.ts';
import { pathOf } from '../filter.ts';
import { hintOf } from '../hint.ts';
import { distinctByIndex } from '../counting.ts';
import { Filter, Selection } from '../selection.ts';

const stepItems = 10_000;
const stepBytes = 4 * 1024 * 1024;

async function run(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  requireSimpleCollation(args);
  const key = args.string('key');
  if (key === undefined) throw new MongoError(40414, "BSON field 'distinct.key' is missing but a required field");
  const path = pathOf(key);
  const filter = new Filter(args.document('query'), hintOf(call, namespace, args), commandScope(call, args));
  const container = collectionOf(call, namespace);
  const values =
    container === undefined
      ? []
      : ((await distinctByIndex(call, container, filter, path)) ?? (await valuesOf(call, container, filter, path)));
  return {
    fields: (writer) => {
      writer.beginArray('values');
      for (const value of values) writer.raw('', value);
      writer.end();
    },
  };
}

async function valuesOf(call: Call, container: ContainerRecord, filter: Filter, path: Path): Promise<readonly Raw[]> {
  const values = new Map<string, Raw>();
  const selection = new Selection(call, container, filter);
  let bytes = 0;
  try {
    while (!selection.done) {
      const { items } = await selection.next(stepItems, stepBytes, call.signal);
      for (const item of items)
        eachValue(rawDocument(item.body), path, (value) => {
          const text = idTextOf(value);
          if (values.has(text)) return;
          values.set(text, value);
          bytes += value.end - value.start + 8;
        });
      if (bytes > documentBytesMax) throw new MongoError(17217, 'distinct too big, 16mb cap');
    }
    return [...values.values()];
  } finally {
    selection.close();
  }
}

export const distinct: Operation = {
  arguments: new Set(['distinct', 'key', 'query', 'collation', 'hint']),
  run,
};
