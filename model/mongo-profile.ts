// MongoDB's view of items by the profile of their container: what it sees of a body, what it stores for a document that
// is inserted, and for one that replaces another. The rules are in the file of each view.

import { bodyOfEntityInsert, mergeEntityMongoView, mongoViewOfEntity } from './entity-mongo-view.ts';
import { bodyOfMongoInsert, mergeMongoView, mongoViewOf } from './mongo-view.ts';
import type { Profile } from './resource.ts';

export interface MongoProfile {
  /** The document of a stored body; the same bytes where they are the document. */
  readonly documentOf: (body: Uint8Array, id: string) => Uint8Array;
  readonly bodyOfInsert: (document: Uint8Array) => Uint8Array;
  readonly bodyOfReplace: (stored: Uint8Array, id: string, document: Uint8Array) => Uint8Array;
  /** Whether a document without `_id` is given one. */
  readonly makesIds: boolean;
}

/** A collection's items are documents; those of a table are entities; all others are seen as what Cosmos makes. */
const collection: MongoProfile = {
  documentOf: (body) => body,
  bodyOfInsert: (document) => document,
  bodyOfReplace: (_stored, _id, document) => document,
  makesIds: true,
};

const table: MongoProfile = {
  documentOf: mongoViewOfEntity,
  bodyOfInsert: bodyOfEntityInsert,
  bodyOfReplace: mergeEntityMongoView,
  makesIds: false,
};

const documents: MongoProfile = {
  documentOf: mongoViewOf,
  bodyOfInsert: (document) => bodyOfMongoInsert(document).body,
  bodyOfReplace: mergeMongoView,
  makesIds: true,
};

const byProfile: Readonly<Record<Profile, MongoProfile>> = {
  collection,
  table,
  documents,
  graph: documents,
  relation: documents,
};

export function mongoProfileOf(profile: Profile): MongoProfile {
  return byProfile[profile];
}
