// Results compared with their BSON types and the order of their fields.

import { deserialize, EJSON, serialize, type Document } from 'bson';
import type { Collection } from 'mongodb';

/** Canonical Extended JSON of a document as it is stored: 1, 1.0 and 1L differ, and so do field orders. */
export function exact(document: Document): string {
  const stored = deserialize(serialize(document), { promoteValues: false, promoteLongs: false });
  return EJSON.stringify(stored, { relaxed: false });
}

/** What a pipeline gives, exactly. */
export async function results(collection: Collection<Document>, pipeline: Document[]): Promise<string[]> {
  const documents = await collection.aggregate(pipeline, { promoteValues: false, promoteLongs: false }).toArray();
  return documents.map((document) => EJSON.stringify(document, { relaxed: false }));
}
