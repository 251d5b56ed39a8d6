// Stored access policies of a table: what a shared access signature leaves to be said, and revoked, later. They are kept
// in the settings of the table's container, in the order given. Source: "Set Table ACL", "Define a stored access policy".

import { tablePoliciesField } from '../../core/door-settings.ts';
import { jsonOfBson } from '../../model/bson/json-write.ts';
import { rawOfJson } from '../../model/bson/json-read.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import type { ContainerRecord } from '../../model/resource.ts';

/** Policies of one table. */
export const policiesMax = 5;

/** Characters of an identifier. */
export const identifierCharactersMax = 64;

/** What is said is kept as it was said; what is not is for the signature to say. */
export interface AccessPolicy {
  readonly id: string;
  readonly start?: string | undefined;
  readonly expiry?: string | undefined;
  readonly permission?: string | undefined;
}

const read = new WeakMap<ContainerRecord, readonly AccessPolicy[]>();

export function policiesOf(container: ContainerRecord): readonly AccessPolicy[] {
  let policies = read.get(container);
  if (policies === undefined) {
    policies = policiesIn(container.settings);
    read.set(container, policies);
  }
  return policies;
}

function policiesIn(settings: Uint8Array): readonly AccessPolicy[] {
  const raw = fieldOf(settings, tablePoliciesField);
  if (raw?.type !== BsonType.array) return [];
  const document = new BsonWriter().beginDocument().raw('policies', raw).end().finish();
  const { policies } = JSON.parse(jsonOfBson(document).toString('utf8')) as { policies: readonly AccessPolicy[] };
  return policies.filter(({ id }) => typeof id === 'string');
}

/** The settings with other policies, and all else as it was. */
export function withPolicies(settings: Uint8Array, policies: readonly AccessPolicy[]): Uint8Array {
  return withField(settings, tablePoliciesField, JSON.stringify(policies));
}

/** A document with one field set to a JSON value. */
export function withField(document: Uint8Array, field: string, json: string): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  const cursor = new ElementCursor(document);
  while (cursor.next()) if (cursor.name() !== field) writer.raw(cursor.name(), cursor.raw());
  return writer.raw(field, rawOfJson(json)).end().finish();
}
