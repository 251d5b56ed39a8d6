// POST /Tables. The database that holds the tables is made with the first of them.

import { BsonType } from '../../../model/bson/types.ts';
import { bsonOfJson } from '../../../model/bson/json-read.ts';
import { fieldOf, textOfRaw } from '../../../model/bson/walk.ts';
import { DatabaseError } from '../../../model/errors.ts';
import type { Answer } from '../answer.ts';
import { tablesDatabase, type Call } from '../call.ts';
import { tableAddress } from '../entity-address.ts';
import { refusal } from '../errors.ts';
import { checkJsonBody, contentTypeOf, levelOf } from '../format.ts';
import { preferenceOf } from '../preference.ts';
import { jsonOfTable } from '../table-json.ts';
import { checkNewName } from '../table-name.ts';
import { tableNamed } from '../find-table.ts';
import { inTurn, tableNameField } from '../tables.ts';

/** Items are spread by it, and lie in its order and that of their ids. */
const partitionKey = { paths: ['/PartitionKey'], kind: 'Hash', version: 2 } as const;

export async function createTable(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  checkJsonBody(request);
  const level = levelOf(request);
  const preference = preferenceOf(request);
  const name = nameIn(request.body);
  checkNewName(name, request.flavour);
  await inTurn(engine, () => {
    if (tableNamed(engine.catalog, name) !== undefined)
      throw new DatabaseError('ContainerExists', 'a table of that name exists', { argument: tableNameField });
    return engine.execute(
      {
        kind: 'create-container',
        database: tablesDatabase,
        container: name,
        profile: 'table',
        partitionKey,
        createDatabase: true,
      },
      context,
    );
  });
  const headers = ['Location', `${request.serviceRoot}/${tableAddress(name)}`];
  if (preference !== undefined) headers.push('Preference-Applied', preference);
  if (preference === 'return-no-content') {
    headers.push('DataServiceId', headers[1]!);
    return { status: 204, headers, body: undefined };
  }
  headers.push('Content-Type', contentTypeOf(level));
  return { status: 201, headers, body: jsonOfTable(name, request, level) };
}

function nameIn(body: Uint8Array): string {
  const name = fieldOf(bsonOfJson(body), tableNameField);
  if (name === undefined || name.type === BsonType.null) throw refusal('PropertiesNeedValue', tableNameField);
  if (name.type !== BsonType.string) throw refusal('InvalidInput', tableNameField);
  return textOfRaw(name);
}
