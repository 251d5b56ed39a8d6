// An update as it is asked for by update and findAndModify, and how it is done: to the first document or all that
// the filter selects, or by inserting one when there is none.

import { idOf } from '../../core/identify.ts';
import { DatabaseError } from '../../model/errors.ts';
import { depthMax } from '../../model/bson/types.ts';
import { validateBson } from '../../model/bson/validate.ts';
import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import { checkKeysKept } from '../../model/entity-mongo-view.ts';
import { mongoProfileOf } from '../../model/mongo-profile.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Scope } from './aggregate/scope.ts';
import type { Call } from './call.ts';
import { editMany, editOne, type Change, type Edited } from './edit.ts';
import type { NaturalHint } from './hint.ts';
import { failedToParse, mongoErrorOf, type MongoError } from './errors.ts';
import type { Namespace } from './namespace.ts';
import { ensureCollection, writableCollectionOf } from './call.ts';
import { Filter } from './selection.ts';
import type { Sort } from './sort.ts';
import { parseUpdate, type Update } from './update.ts';
import { upsertDocument } from './upsert.ts';
import { duplicateId } from './write-reply.ts';

export interface UpdateRequest {
  readonly filter: Filter;
  readonly update: Update;
  readonly sort: Sort | undefined;
  readonly upsert: boolean;
}

/** Reads filter, update and array filters; `scope` is what expressions in them see. */
export function updateRequest(
  scope: Scope,
  filter: Uint8Array,
  update: Raw,
  arrayFilters: readonly Raw[],
  sort: Sort | undefined,
  upsert: boolean,
  natural: NaturalHint | undefined,
): UpdateRequest {
  const parsed = parseUpdate(update, arrayFilters, scope);
  if (parsed.kind === 'replacement') validateReplacement(update);
  return { filter: new Filter(filter, natural, scope), update: parsed, sort, upsert };
}

/** A command may nest deeper than an item. */
function validateReplacement(update: Raw): void {
  try {
    validateBson(update.bytes, update.start, update.end, depthMax);
  } catch (error) {
    throw mongoErrorOf(error);
  }
}

function changeOf({ shared }: Call, container: ContainerRecord, { filter, update }: UpdateRequest): Change {
  // A replacement may leave the keys of an entity out; anything else that does would remove them.
  const mayOmitKeys = container.profile !== 'table' || update.kind === 'replacement';
  return (document) => {
    const after = update.edit(document, {
      position: update.needsPosition ? filter.position(document) : -1,
      nowMs: shared.time.nowMs,
      timestamp: shared.time.next(),
      inserting: false,
    });
    if (!mayOmitKeys) checkKeysKept(document, after);
    return after;
  };
}

/** Inserted by an upsert, or edited. */
export type Updated =
  | { readonly kind: 'edited'; readonly edited: Edited }
  | { readonly kind: 'inserted'; readonly id: Raw; readonly document: Uint8Array }
  | { readonly kind: 'none' };

/** Tries of an upsert that finds nothing and then a document with its `_id`. */
const triesMax = 100;

export async function updateFirst(call: Call, namespace: Namespace, request: UpdateRequest): Promise<Updated> {
  for (let tries = 0; ; tries++) {
    const container = writableCollectionOf(call, namespace);
    const edited =
      container && (await editOne(call, container, request.filter, request.sort, changeOf(call, container, request)));
    if (edited !== undefined) return { kind: 'edited', edited };
    if (!request.upsert) return { kind: 'none' };
    const made = await insertMissing(call, namespace, request);
    if (made.kind === 'inserted') return made;
    // The document came into being after the search; if the filter selects it, it is updated instead.
    const selected = request.filter.matches(made.document);
    if (!selected || tries >= triesMax) throw made.error;
  }
}

export interface UpdatedMany {
  readonly matched: number;
  readonly modified: number;
  readonly upserted: Raw | undefined;
}

export async function updateAll(call: Call, namespace: Namespace, request: UpdateRequest): Promise<UpdatedMany> {
  if (request.update.kind === 'replacement')
    throw failedToParse('multi update is not supported for replacement-style update');
  for (let tries = 0; ; tries++) {
    const container = writableCollectionOf(call, namespace);
    const counts =
      container === undefined
        ? { matched: 0, modified: 0 }
        : await editMany(call, container, request.filter, changeOf(call, container, request));
    if (counts.matched > 0 || !request.upsert) return { ...counts, upserted: undefined };
    const made = await insertMissing(call, namespace, request);
    if (made.kind === 'inserted') return { matched: 1, modified: 0, upserted: made.id };
    if (!request.filter.matches(made.document) || tries >= triesMax) throw made.error;
  }
}

type Insertion =
  | { readonly kind: 'inserted'; readonly id: Raw; readonly document: Uint8Array }
  | { readonly kind: 'taken'; readonly document: Uint8Array; readonly error: MongoError };

async function insertMissing(call: Call, namespace: Namespace, request: UpdateRequest): Promise<Insertion> {
  const { shared } = call;
  const container = await ensureCollection(call, namespace);
  const { makesIds, documentOf, bodyOfInsert } = mongoProfileOf(container.profile);
  const made = upsertDocument(
    request.filter.predicate,
    request.update,
    { nowMs: shared.time.nowMs, timestamp: shared.time.next() },
    makesIds ? shared.ids.nextRaw : () => undefined,
  );
  const body = bodyOfInsert(made);
  const document = makesIds ? made : documentOf(body, idOf(container, body));
  const id = fieldOf(document, '_id')!;
  try {
    const { item } = await call.engine.execute(
      {
        kind: 'write-item',
        database: container.database,
        container: container.id,
        write: { kind: 'create-item', body, view: 'exact' },
      },
      call.context,
    );
    shared.time.observe(item.time);
    return { kind: 'inserted', id, document };
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'ItemExists')
      return { kind: 'taken', document, error: duplicateId(namespace, id) };
    throw error;
  }
}
