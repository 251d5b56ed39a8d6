// A table under audit as core has it, without a door: many more crashes in the same time than over HTTP.

import type { Engine } from '../../core/engine.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { Context, ItemWrite } from '../../model/operation.ts';
import type { Predicate } from '../../model/predicate.ts';
import { valueOf } from '../../model/value.ts';
import { operationsMax, type Outcome, type RowWrite, type TableClient } from './table-writers.ts';
import type { RowState } from './unit.ts';

const context: Context = { account: 1 };
const table = { database: 'tables', container: 'audit' };

export async function createTable(engine: Engine): Promise<void> {
  const partitionKey = { paths: ['/PartitionKey'], kind: 'Hash', version: 2 } as const;
  await engine.execute(
    { kind: 'create-container', ...table, profile: 'table', partitionKey, createDatabase: true },
    context,
  );
}

function bodyOf(partition: string, row: string, state: RowState, text: string): Uint8Array {
  return new BsonWriter()
    .beginDocument()
    .string('PartitionKey', partition)
    .string('RowKey', row)
    .int32('Turn', state.turn)
    .int32('Size', state.size)
    .int32('Made', state.made)
    .string('Text', text)
    .end()
    .finish();
}

function field(body: Uint8Array, name: string): unknown {
  return valueOf(fieldOf(body, name));
}

function stateOf(body: Uint8Array): RowState {
  return {
    turn: field(body, 'Turn') as number,
    size: field(body, 'Size') as number,
    made: field(body, 'Made') as number,
  };
}

function ofPartition(partition: string): Predicate {
  const value = fieldOf(new BsonWriter().beginDocument().string('', partition).end().finish(), '')!;
  return { kind: 'path', path: ['PartitionKey'], test: { kind: 'compare', operator: 'eq', value } };
}

function itemWriteOf(partition: string, write: RowWrite): ItemWrite {
  const { row } = write;
  const place = { id: row, partitionKey: [partition] };
  switch (write.kind) {
    case 'insert':
    case 'upsert': {
      const kind = write.kind === 'insert' ? 'create-item' : 'upsert-item';
      return { kind, body: bodyOf(partition, row, write.state, write.text), view: 'exact', ...place };
    }
    case 'merge': {
      const { turn, size } = write;
      return {
        kind: 'edit-item',
        ...place,
        edit: (current) => {
          if (current === undefined) throw new DatabaseError('ItemNotFound', 'there is nothing to merge into');
          const { made } = stateOf(current.body);
          return bodyOf(partition, row, { turn, size, made }, field(current.body, 'Text') as string);
        },
      };
    }
    case 'delete':
      return { kind: 'delete-item', ...place };
  }
}

/** What a writer makes of a failure: the machine lost power, or the write was refused. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof DatabaseError)) throw error;
  return error.code === 'ItemExists' || error.code === 'ItemNotFound' ? 'refused' : 'lost';
}

export function engineTable(engine: Engine): TableClient {
  return {
    write: async (partition, write) => {
      try {
        await engine.execute({ kind: 'write-item', ...table, write: itemWriteOf(partition, write) }, context);
        return 'done';
      } catch (error) {
        return outcomeOf(error);
      }
    },
    transact: async (partition, list) => {
      const writes = list.map((write) => itemWriteOf(partition, write));
      try {
        const outcome = await engine.execute(
          { kind: 'batch-items', ...table, partitionKey: [partition], writes },
          context,
        );
        return outcome.kind === 'committed' ? 'done' : outcomeOf(outcome.error);
      } catch (error) {
        return outcomeOf(error);
      }
    },
    read: async (partition) => {
      try {
        const page = await engine.execute(
          {
            kind: 'read-by-key',
            ...table,
            predicate: ofPartition(partition),
            // More than four writers can have in a partition.
            itemsMax: 10 * operationsMax,
            bytesMax: 4 * 2 ** 20,
          },
          context,
        );
        if (page.next !== undefined) throw new Error(`partition ${partition} does not fit into one page`);
        return new Map(page.items.map(({ id, body }) => [id, stateOf(body)]));
      } catch (error) {
        if (error instanceof DatabaseError && outcomeOf(error) === 'lost') return undefined;
        throw error;
      }
    },
  };
}
