// A table for tests of several doors.

import { TableClient } from '@azure/data-tables';
import type { Engine } from '../../core/engine.ts';
import { ElementCursor } from '../../model/bson/walk.ts';
import { edmPropertiesOfJson, type EdmProperty } from '../model/edm-oracle.ts';

/** The database that holds every table. */
export const tablesDatabase = 'tables';

export interface EntityTable {
  readonly name: string;
  readonly client: TableClient;
  /** Writes a whole entity. */
  insert(partitionKey: string, rowKey: string, properties: readonly EdmProperty[]): Promise<void>;
  /** The stored fields: type and bytes of each value, by name. */
  stored(partitionKey: string, rowKey: string): Promise<ReadonlyMap<string, string>>;
  /** What the Table door sends, with the keys, by name: not what the client makes of numbers. */
  read(partitionKey: string, rowKey: string): Promise<ReadonlyMap<string, string>>;
}

/** A table made by the vendor's client; `engine` shows what lies behind it. */
export async function createTable(
  connectionString: string,
  engine: Engine,
  account: number,
  name: string,
): Promise<EntityTable> {
  const client = TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  await client.createTable();
  const context = { account };
  return {
    name,
    client,
    stored: async (partitionKey, rowKey) => {
      const fields = new Map<string, string>();
      const { item } = await engine.execute(
        { kind: 'read-item', database: tablesDatabase, container: name, id: rowKey, partitionKey: [partitionKey] },
        context,
      );
      const cursor = new ElementCursor(item.body);
      while (cursor.next())
        fields.set(cursor.name(), `${cursor.type} ${Buffer.from(cursor.raw().slice()).toString('hex')}`);
      return fields;
    },
    insert: async (partitionKey, rowKey, properties) => {
      const typed = properties.map(({ name: property, type, value }) => [property, { type: type.slice(4), value }]);
      await client.createEntity({ partitionKey, rowKey, ...(Object.fromEntries(typed) as object) });
    },
    read: async (partitionKey, rowKey) => {
      let json = '';
      await client.getEntity(partitionKey, rowKey, { onResponse: ({ bodyAsText }) => void (json = bodyAsText!) });
      const shown = new Map<string, string>();
      for (const { name: property, type, value } of edmPropertiesOfJson(json))
        if (property === 'PartitionKey' || property === 'RowKey') shown.set(property, value);
        else if (property !== 'Timestamp') shown.set(property, `${type} ${value}`);
      return shown;
    },
  };
}
