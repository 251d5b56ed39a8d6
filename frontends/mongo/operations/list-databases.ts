// listDatabases: databases with a size, perhaps filtered.

import { BsonWriter } from '../../../model/bson/write.ts';
import type { Call, Operation, Reply } from '../call.ts';
import { sizesOf } from '../counting.ts';
import { isDatabaseName } from '../namespace.ts';
import { Filter } from '../selection.ts';

interface Database {
  readonly name: string;
  readonly bytes: number;
  readonly empty: boolean;
}

function run(call: Call): Reply {
  const { args } = call;
  const nameOnly = args.boolean('nameOnly');
  const { matches } = new Filter(args.document('filter'));
  const listed: Uint8Array[] = [];
  let total = 0;
  for (const database of databasesOf(call)) {
    const document = documentOf(database, false);
    if (!matches(document)) continue;
    total += database.bytes;
    listed.push(nameOnly ? documentOf(database, true) : document);
  }
  return {
    fields: (writer) => {
      writer.beginArray('databases');
      for (const document of listed) writer.document('', document);
      writer.end();
      if (!nameOnly) writer.int64('totalSize', BigInt(total)).int64('totalSizeMb', BigInt(Math.floor(total / 2 ** 20)));
    },
  };
}

/** A name that this protocol cannot say is not listed (data-model.md, "Identity"). */
function databasesOf(call: Call): Database[] {
  const { catalog } = call.engine;
  return catalog
    .databases()
    .filter(({ id }) => isDatabaseName(id))
    .map(({ id }) => {
      const containers = catalog.containers(id);
      const bytes = containers.reduce((sum, container) => sum + sizesOf(call, container).bytes, 0);
      return { name: id, bytes, empty: containers.length === 0 };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function documentOf({ name, bytes, empty }: Database, nameOnly: boolean): Uint8Array {
  const writer = new BsonWriter(96).beginDocument().string('name', name);
  if (!nameOnly) writer.int64('sizeOnDisk', BigInt(bytes)).boolean('empty', empty);
  return writer.end().finish();
}

export const listDatabases: Operation = {
  arguments: new Set(['listDatabases', 'nameOnly', 'filter', 'authorizedDatabases']),
  run,
};
