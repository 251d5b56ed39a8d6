// createIndexes, dropIndexes, listIndexes. Every path is indexed whether or not an index is declared: these commands
// keep the declarations in the collection's settings, where uniqueness is enforced from (`core/unique.ts`).
// Source: MongoDB manual, "createIndexes", "dropIndexes", "listIndexes".

import { declaredIndexesOf, withDeclaredIndexes, type DeclaredIndex } from '../../../core/declared-index.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { fieldOf, textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { parsePath } from '../../../model/partition-key.ts';
import { isUnpartitioned, type ContainerRecord } from '../../../model/resource.ts';
import { elementsOf } from '../bson-input.ts';
import { collectionOf, ensureCollection, namespaceOfCall, type Call, type Operation, type Reply } from '../call.ts';
import { batchSizeOf, openCursor } from '../cursor-reply.ts';
import { badValue, MongoCode, MongoError, typeMismatch } from '../errors.ts';
import {
  existingSpecification,
  findSame,
  idIndexName,
  indexSpecification,
  sameKey,
  type IndexSpecification,
} from '../index-specification.ts';
import { keyText } from '../key-text.ts';
import type { Namespace } from '../namespace.ts';
import { listSource } from '../source.ts';
import { checkExisting } from '../unique-build.ts';
import { withWriteConcern } from '../write-reply.ts';

/** Indexes of one collection, that on `_id` included: MongoDB's bound. */
export const indexesMax = 64;

/** Tries to record a declaration while others change the same collection. */
const triesMax = 20;

async function runCreate(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  const { documents } = args.documents('indexes');
  if (documents.length === 0) throw badValue('Must specify at least one index to create');
  const wanted = documents.map(indexSpecification);
  const made = collectionOf(call, namespace) === undefined;
  const container = await ensureCollection(call, namespace);
  for (const specification of wanted) checkShardKey(container, specification);
  const change = await declare(call, namespace, (existing) => missing(namespace, wanted, existing));
  const unfinished = change.after.filter(
    (index) => index.building && wanted.some((each) => each.index.name === index.name),
  );
  if (unfinished.length > 0) await finish(call, namespace, unfinished, change.added);
  return withWriteConcern(call, (writer) => {
    writer.int32('numIndexesBefore', change.before.length + 1).int32('numIndexesAfter', change.after.length + 1);
    writer.boolean('createdCollectionAutomatically', made);
    if (change.added.length === 0 && !made) writer.string('note', 'all indexes already exist');
  });
}

/** A unique index of a partitioned container holds where its partitions can tell: with the shard key in front. */
function checkShardKey(container: ContainerRecord, { index, key }: IndexSpecification): void {
  if (!index.unique || isUnpartitioned(container)) return;
  const shardKey = container.partitionKey.paths.map((path) => parsePath(path).join('.'));
  if (shardKey.every((path, i) => index.paths[i]?.join('.') === path)) return;
  throw new MongoError(
    MongoCode.CannotCreateIndex,
    `cannot create unique index over ${keyText(key)} with shard key pattern { ${shardKey.map((path) => `${path}: 1`).join(', ')} }`,
  );
}

/** The wanted indexes that are not there yet. */
function missing(
  namespace: Namespace,
  wanted: readonly IndexSpecification[],
  existing: readonly DeclaredIndex[],
): readonly DeclaredIndex[] {
  const all = existing.map(existingSpecification);
  const added: DeclaredIndex[] = [];
  for (const specification of wanted) {
    if (specification.isId || findSame(specification, all) !== undefined) continue;
    all.push(specification);
    added.push(specification.index.unique ? { ...specification.index, building: true } : specification.index);
    if (all.length + 1 > indexesMax)
      throw new MongoError(
        MongoCode.CannotCreateIndex,
        `add index fails, too many indexes for ${namespace.text} key:${keyText(specification.key)}`,
      );
  }
  return added;
}

interface Change {
  readonly before: readonly DeclaredIndex[];
  readonly after: readonly DeclaredIndex[];
  readonly added: readonly DeclaredIndex[];
}

/** Adds what `added` names to the collection's declarations. */
async function declare(
  call: Call,
  namespace: Namespace,
  added: (existing: readonly DeclaredIndex[]) => readonly DeclaredIndex[],
): Promise<Change> {
  let change: Change | undefined;
  await redeclare(call, namespace, (before) => {
    const more = added(before);
    change = { before, after: [...before, ...more], added: more };
    return more.length === 0 ? undefined : change.after;
  });
  return change!;
}

/** Replaces the declarations of a collection; `undefined` leaves them. Runs again when another change came between. */
async function redeclare(
  call: Call,
  namespace: Namespace,
  change: (existing: readonly DeclaredIndex[]) => readonly DeclaredIndex[] | undefined,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const container = collectionOf(call, namespace);
    if (container === undefined) throw namespaceMissing(namespace);
    const after = change(declaredIndexesOf(container));
    if (after === undefined) return;
    try {
      await call.engine.execute(
        {
          kind: 'replace-container',
          database: container.database,
          container: container.id,
          settings: withDeclaredIndexes(container.settings, after),
          ifMatch: container.time,
        },
        call.context,
      );
      return;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== 'PreconditionFailed' || tries >= triesMax) throw error;
    }
  }
}

/** Looks whether what was there before obeys the new unique indexes; otherwise takes back what the command declared. */
async function finish(
  call: Call,
  namespace: Namespace,
  unfinished: readonly DeclaredIndex[],
  added: readonly DeclaredIndex[],
): Promise<void> {
  const names = new Set(unfinished.map(({ name }) => name));
  try {
    await checkExisting(call, collectionOf(call, namespace)!, names);
  } catch (error) {
    const takenBack = new Set([...names, ...added.map(({ name }) => name)]);
    await redeclare(call, namespace, (existing) => existing.filter(({ name }) => !takenBack.has(name)));
    throw error;
  }
  await redeclare(call, namespace, (existing) =>
    existing.map((index) => (names.has(index.name) ? { ...index, building: false } : index)),
  );
}

export const createIndexes: Operation = {
  arguments: new Set(['createIndexes', 'commitQuorum', 'ignoreUnknownIndexOptions', 'indexes', 'v']),
  run: runCreate,
};

async function runDrop(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  const index = args.required('index');
  let before = 0;
  let all = false;
  await redeclare(call, namespace, (existing) => {
    before = existing.length + 1;
    all = index.type === BsonType.string && textOfRaw(index) === '*';
    if (all) return existing.length === 0 ? undefined : [];
    const dropped = new Set(droppedBy(index, existing));
    return existing.filter((each) => !dropped.has(each));
  });
  return withWriteConcern(call, (writer) => {
    writer.int32('nIndexesWas', before);
    if (all) writer.string('msg', 'non-_id indexes dropped for collection');
  });
}

function droppedBy(index: Raw, existing: readonly DeclaredIndex[]): readonly DeclaredIndex[] {
  switch (index.type) {
    case BsonType.string:
      return [named(textOfRaw(index), existing)];
    case BsonType.array:
      return elementsOf(index).map((each) => {
        if (each.type !== BsonType.string) throw typeMismatch('dropIndexes takes names in an array');
        return named(textOfRaw(each), existing);
      });
    case BsonType.object: {
      if (keyText(index) === '{ _id: 1 }') throw idIsKept();
      const found = existing.filter(({ definition }) => sameKey(fieldOf(definition, 'key')!, index));
      if (found.length === 0)
        throw new MongoError(MongoCode.IndexNotFound, `can't find index with key: ${keyText(index)}`);
      if (found.length > 1)
        throw new MongoError(
          MongoCode.AmbiguousIndexKeyPattern,
          `${found.length} indexes found for key: ${keyText(index)}, identify by name instead.`,
        );
      return found;
    }
    default:
      throw typeMismatch("BSON field 'dropIndexes.index' is the wrong type, expected types '[string, object, array]'");
  }
}

function named(name: string, existing: readonly DeclaredIndex[]): DeclaredIndex {
  if (name === idIndexName) throw idIsKept();
  const found = existing.find((each) => each.name === name);
  if (found === undefined) throw new MongoError(MongoCode.IndexNotFound, `index not found with name [${name}]`);
  return found;
}

function idIsKept(): MongoError {
  return new MongoError(MongoCode.InvalidOptions, 'cannot drop _id index');
}

function namespaceMissing(namespace: Namespace): MongoError {
  return new MongoError(MongoCode.NamespaceNotFound, `ns not found ${namespace.text}`);
}

export const dropIndexes: Operation = { arguments: new Set(['dropIndexes', 'deleteIndexes', 'index']), run: runDrop };

export const listIndexes: Operation = {
  arguments: new Set(['listIndexes', 'cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo']),
  run: (call) => {
    const namespace = namespaceOfCall(call);
    const container = collectionOf(call, namespace);
    if (container === undefined)
      throw new MongoError(MongoCode.NamespaceNotFound, `ns does not exist: ${namespace.text}`);
    const source = listSource([idIndex, ...declaredIndexesOf(container).map(({ definition }) => definition)]);
    return openCursor(call, namespace.text, source, { batchSize: batchSizeOf(call) });
  },
};

const idIndex = new BsonWriter(64)
  .beginDocument()
  .int32('v', 2)
  .beginObject('key')
  .int32('_id', 1)
  .end()
  .string('name', idIndexName)
  .end()
  .finish();
