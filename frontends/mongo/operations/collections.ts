// create, drop, dropDatabase: collections come and go.

import { declaredIndexesOf } from '../../../core/declared-index.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { requireSimpleCollation, type Arguments } from '../arguments.ts';
import { truthOf } from '../bson-input.ts';
import { collectionOf, namespaceOfCall, type Call, type Operation, type Reply } from '../call.ts';
import { MongoCode, MongoError } from '../errors.ts';
import { checkDatabaseName, checkWritable } from '../namespace.ts';
import { withWriteConcern } from '../write-reply.ts';

/** Options that would change what a collection does, and are not there yet. */
const notOffered = [
  'capped',
  'changeStreamPreAndPostImages',
  'clusteredIndex',
  'encryptedFields',
  'expireAfterSeconds',
  'pipeline',
  'timeseries',
  'validator',
  'viewOn',
];

async function runCreate(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  checkWritable(namespace);
  requireSimpleCollation(args);
  checkOptions(args);
  try {
    await call.engine.execute(
      {
        kind: 'create-container',
        database: namespace.database,
        container: namespace.collection,
        profile: 'collection',
        createDatabase: true,
      },
      call.context,
    );
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'ContainerExists')
      throw new MongoError(MongoCode.NamespaceExists, `Collection ${namespace.text} already exists.`);
    throw error;
  }
  return withWriteConcern(call, () => undefined);
}

function checkOptions(args: Arguments): void {
  for (const name of notOffered) {
    const value = args.get(name);
    if (value === undefined || !truthOf(value)) continue;
    if (name === 'validator' && args.document(name)!.length === 5) continue;
    throw new MongoError(MongoCode.NotImplemented, `the option ${name} of create is not supported by this server`);
  }
}

export const create: Operation = {
  arguments: new Set([
    'create',
    'autoIndexId',
    'collation',
    'flags',
    'idIndex',
    'indexOptionDefaults',
    'max',
    'recordIdsReplicated',
    'size',
    'storageEngine',
    'temp',
    'validationAction',
    'validationLevel',
    ...notOffered,
  ]),
  run: runCreate,
};

async function runDrop(call: Call): Promise<Reply> {
  const namespace = namespaceOfCall(call);
  const found = collectionOf(call, namespace);
  if (found === undefined) return withWriteConcern(call, () => undefined);
  try {
    await call.engine.execute(
      { kind: 'delete-container', database: namespace.database, container: namespace.collection },
      call.context,
    );
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return withWriteConcern(call, (writer) =>
    writer.int32('nIndexesWas', declaredIndexesOf(found).length + 1).string('ns', namespace.text),
  );
}

/** What another call dropped first is dropped all the same. */
function isGone(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === 'ContainerNotFound' || error.code === 'DatabaseNotFound');
}

export const drop: Operation = { arguments: new Set(['drop']), run: runDrop };

async function runDropDatabase(call: Call): Promise<Reply> {
  const { database } = call.request;
  checkDatabaseName(database);
  try {
    await call.engine.execute({ kind: 'delete-database', id: database }, call.context);
  } catch (error) {
    if (isGone(error)) return withWriteConcern(call, () => undefined);
    throw error;
  }
  return withWriteConcern(call, (writer) => writer.string('dropped', database));
}

export const dropDatabase: Operation = { arguments: new Set(['dropDatabase']), run: runDropDatabase };
