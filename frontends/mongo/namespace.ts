// Names of databases and collections, checked in MongoDB's words. `db.coll` is the container `coll` of the
// database `db`. Source: MongoDB manual, "Naming Restrictions".

import { BsonType } from '../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { utf8 } from '../../model/bytes.ts';
import { typeNameOf } from './bson-input.ts';
import { MongoCode, MongoError } from './errors.ts';

export interface Namespace {
  readonly database: string;
  readonly collection: string;
  /** `db.coll` */
  readonly text: string;
}

const databaseBytesMax = 63;
const namespaceBytesMax = 255;

export function isDatabaseName(name: string): boolean {
  return name !== '' && !/[/\\. "$*<>:|?\0]/.test(name) && utf8(name).length <= databaseBytesMax;
}

export function isCollectionName(name: string): boolean {
  return name !== '' && !name.startsWith('.') && !name.includes('\0');
}

/** Throws InvalidNamespace for what cannot be the name of a database. */
export function checkDatabaseName(name: string): void {
  if (!isDatabaseName(name)) throw invalid(`Invalid database name: '${name}'`);
}

/** The namespace that a command names in its first field. */
export function namespaceOf(command: string, database: string, collection: Raw): Namespace {
  if (collection.type !== BsonType.string)
    throw invalid(`Failed to parse: collection name has invalid type ${typeNameOf(collection.type)}`, command);
  return checkedNamespace(database, textOfRaw(collection));
}

export function checkedNamespace(database: string, collection: string): Namespace {
  checkDatabaseName(database);
  const text = `${database}.${collection}`;
  if (!isCollectionName(collection)) throw invalid(`Invalid namespace specified '${text}'`);
  return { database, collection, text };
}

/** Throws for collections that may be read but not made or written. */
export function checkWritable({ collection, text }: Namespace): void {
  if (collection.includes('$') || collection.endsWith('.')) throw invalid(`Invalid collection name: ${collection}`);
  if (collection.startsWith('system.')) throw invalid(`Invalid system namespace: ${text}`);
  if (utf8(text).length > namespaceBytesMax)
    throw invalid(`Fully qualified namespace is too long. Namespace: ${text} Max: ${namespaceBytesMax}`);
}

function invalid(message: string, command?: string): MongoError {
  return new MongoError(MongoCode.InvalidNamespace, command === undefined ? message : `${message} in ${command}`);
}
