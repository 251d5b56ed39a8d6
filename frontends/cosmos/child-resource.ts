// What the small resources have in common: scripts of a container, users of a database and their permissions, client
// encryption keys. Each kind says who owns it, what it accepts and what it shows; create, upsert, read, list, query,
// replace and delete are the same for all (docs: the pages of each kind in the REST reference).
//
// The catalog keeps what the client set as BSON, without system properties and with its id, which a replace may change.

import { catalogReadCharge, catalogWriteCharge } from '../../core/charge.ts';
import { ElementCursor } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { DatabaseError } from '../../model/errors.ts';
import { etagOf } from '../../model/etag.ts';
import { secondsOf } from '../../model/hybrid-time.ts';
import type { ResourceOwner, ResourceRecord, ResourceType } from '../../model/resource.ts';
import { ifMatchOf, isKnown, type Call } from './call.ts';
import type { Answer, Place } from './encode.ts';
import { pageOf } from './page.ts';
import { queryDocuments } from './query-documents.ts';
import { jsonOf } from './represent.ts';
import { documentIn, nameIn } from './settings.ts';

/** Whom a child belongs to, as its address says. */
export interface Owner {
  readonly owner: ResourceOwner;
  readonly rid: string;
  /** With a slash at its end. */
  readonly self: string;
  /** Of the partitions whose session token answers carry: a container's. */
  readonly place?: Place | undefined;
}

export interface ChildResource {
  readonly type: ResourceType;
  /** Path segment of the feed: `sprocs`. */
  readonly segment: string;
  /** Name of the array in a feed's body: `StoredProcedures`. */
  readonly feed: string;
  /** For people and metrics: `stored-procedure`. */
  readonly noun: string;
  /** Resolves the owner that the address names. Throws when it does not exist. */
  readonly ownerOf: (call: Call) => Owner;
  readonly ridOf: (call: Call, owner: Owner, number: number) => string;
  /** Checks a body and gives what is kept of it; `before` is what a replace replaces. */
  readonly accept: (call: Call, body: Uint8Array, before: ResourceRecord | undefined) => Uint8Array;
  /** Writes what is shown after the common system properties. */
  readonly show?: ((call: Call, owner: Owner, record: ResourceRecord, writer: BsonWriter) => void) | undefined;
}

const systemNames: ReadonlySet<string> = new Set(['_rid', '_self', '_etag', '_ts']);

/** A body without the properties that only the server sets; `more` are those of one kind. */
export function withoutSystem(body: Uint8Array, more: readonly string[] = []): Uint8Array {
  const writer = new BsonWriter(body.length).beginDocument();
  const cursor = new ElementCursor(body);
  while (cursor.next()) {
    const name = cursor.name();
    if (!systemNames.has(name) && !more.includes(name)) writer.raw(name, cursor.raw());
  }
  return writer.end().finish();
}

/** The resource as clients see it. */
export function childDocument(call: Call, kind: ChildResource, owner: Owner, record: ResourceRecord): Uint8Array {
  const rid = kind.ridOf(call, owner, record.number);
  const writer = new BsonWriter(record.body.length + 192).beginDocument();
  const cursor = new ElementCursor(record.body);
  while (cursor.next()) writer.raw(cursor.name(), cursor.raw());
  writer.string('_rid', rid).string('_self', `${owner.self}${kind.segment}/${rid}/`);
  writer.string('_etag', etagOf(record.time)).double('_ts', secondsOf(record.time));
  kind.show?.(call, owner, record, writer);
  return writer.end().finish();
}

/** The child that an id of the address, the last one unless given, names by its id or its `_rid`. */
export function childOf(
  call: Call,
  kind: ChildResource,
  owner: Owner,
  id: string = call.request.ids.at(-1)!,
): ResourceRecord {
  const { catalog } = call.engine;
  const named = catalog.childOrNone(owner.owner, kind.type, id);
  if (named !== undefined) return named;
  const found = catalog
    .children(owner.owner, kind.type)
    .find((record) => kind.ridOf(call, owner, record.number) === id);
  if (found === undefined)
    throw new DatabaseError('ResourceNotFound', `no ${kind.noun} with that id`, { argument: kind.segment });
  return found;
}

function answerOf(call: Call, kind: ChildResource, owner: Owner, record: ResourceRecord, status: number): Answer {
  return {
    status,
    body: jsonOf(childDocument(call, kind, owner, record)),
    etag: record.time,
    charge: status === 200 && call.request.row.reads ? catalogReadCharge : catalogWriteCharge,
    place: owner.place,
  };
}

export async function createChild(call: Call, kind: ChildResource): Promise<Answer> {
  const owner = kind.ownerOf(call);
  const given = documentIn(call.request);
  const id = nameIn(given);
  const record = await call.engine.execute(
    {
      kind: 'create-resource',
      owner: owner.owner,
      type: kind.type,
      id,
      body: kind.accept(call, given, undefined),
    },
    call.context,
  );
  return answerOf(call, kind, owner, record, 201);
}

/** Creates, or replaces what has that id. Whoever deletes it in between makes this a 404, as if it had come first. */
export async function upsertChild(call: Call, kind: ChildResource): Promise<Answer> {
  const owner = kind.ownerOf(call);
  const before = call.engine.catalog.childOrNone(owner.owner, kind.type, nameIn(documentIn(call.request)));
  if (before !== undefined) return replaceRecord(call, kind, owner, before);
  try {
    return await createChild(call, kind);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== 'ResourceExists') throw error;
    return upsertChild(call, kind);
  }
}

export function readChild(call: Call, kind: ChildResource): Answer {
  const owner = kind.ownerOf(call);
  const record = childOf(call, kind, owner);
  if (isKnown(call.request, record.time))
    return { status: 304, etag: record.time, charge: catalogReadCharge, place: owner.place };
  return answerOf(call, kind, owner, record, 200);
}

export function listChildren(call: Call, kind: ChildResource): Answer {
  const owner = kind.ownerOf(call);
  const records = call.engine.catalog.children(owner.owner, kind.type);
  const documentOf = (record: ResourceRecord): Uint8Array => childDocument(call, kind, owner, record);
  return {
    ...pageOf(call.request, owner.rid, kind.feed, records, documentOf, catalogReadCharge),
    place: owner.place,
  };
}

export async function queryChildren(call: Call, kind: ChildResource): Promise<Answer> {
  const owner = kind.ownerOf(call);
  const records = call.engine.catalog.children(owner.owner, kind.type);
  const documents = records.map((record) => childDocument(call, kind, owner, record));
  return { ...(await queryDocuments(call, owner.rid, kind.feed, documents)), place: owner.place };
}

export function replaceChild(call: Call, kind: ChildResource): Promise<Answer> {
  const owner = kind.ownerOf(call);
  return replaceRecord(call, kind, owner, childOf(call, kind, owner));
}

async function replaceRecord(call: Call, kind: ChildResource, owner: Owner, before: ResourceRecord): Promise<Answer> {
  const given = documentIn(call.request);
  const renamed = nameIn(given);
  const record = await call.engine.execute(
    {
      kind: 'replace-resource',
      owner: owner.owner,
      type: kind.type,
      id: before.id,
      renamed,
      body: kind.accept(call, given, before),
      ifMatch: ifMatchOf(call.request),
    },
    call.context,
  );
  return answerOf(call, kind, owner, record, 200);
}

export async function deleteChild(call: Call, kind: ChildResource): Promise<Answer> {
  const owner = kind.ownerOf(call);
  const { id } = childOf(call, kind, owner);
  await call.engine.execute(
    { kind: 'delete-resource', owner: owner.owner, type: kind.type, id, ifMatch: ifMatchOf(call.request) },
    call.context,
  );
  return { status: 204, charge: catalogWriteCharge, place: owner.place };
}
