// The computed properties in a container's definition: checked when it is written, read when a query may name them.

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf, type Raw } from '../../model/bson/walk.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { valueOf } from '../../model/value.ts';
import { invalidInput } from './search-policies.ts';
import { parseComputed, type ComputedProperties, type ComputedProperty } from './sql/computed.ts';

const field = 'computedProperties';

/** Properties a container may have, as in the service, and characters of each one's query. */
const propertiesMax = 20;
const queryLengthMax = 4096;

const reserved = new Set(['id', '_rid', '_self', '_etag', '_ts', '_attachments']);

const known = new WeakMap<ContainerRecord, ComputedProperties>();
const none: ComputedProperties = { text: '', byName: new Map() };

/** Those of a container; undefined when it has none. */
export function computedPropertiesOf(container: ContainerRecord): ComputedProperties | undefined {
  let found = known.get(container);
  if (found === undefined) known.set(container, (found = readComputed(fieldOf(container.settings, field))));
  return found.byName.size === 0 ? undefined : found;
}

/** Throws BadRequest when a definition's list is not one. */
export function readComputed(raw: Raw | undefined): ComputedProperties {
  if (raw === undefined || raw.type === BsonType.null) return none;
  if (raw.type !== BsonType.array) throw invalidInput(`${field} must be an array`, field);
  const byName = new Map<string, ComputedProperty>();
  const texts: string[] = [];
  const cursor = new ElementCursor(raw.bytes, raw.start);
  while (cursor.next()) {
    if (cursor.type !== BsonType.object) throw invalidInput(`${field} must hold objects`, field);
    const entry = cursor.raw().slice();
    const name = valueOf(fieldOf(entry, 'name'));
    const query = valueOf(fieldOf(entry, 'query'));
    if (typeof name !== 'string' || name === '' || reserved.has(name))
      throw badRequest('a computed property needs a name that is not one of a system property', `${field}.name`);
    if (byName.has(name)) throw badRequest('two computed properties have one name', `${field}.name`);
    if (typeof query !== 'string' || query.length > queryLengthMax)
      throw badRequest(`a computed property needs a query of at most ${queryLengthMax} characters`, `${field}.query`);
    if (byName.size === propertiesMax)
      throw badRequest(`a container has at most ${propertiesMax} computed properties`, field);
    byName.set(name, parsed(query));
    texts.push(name, query);
  }
  return { text: JSON.stringify(texts), byName };
}

function parsed(query: string): ComputedProperty {
  try {
    return parseComputed(query);
  } catch (cause) {
    // What is not offered yet is as little use in a definition as what is wrong.
    const reason = cause instanceof DatabaseError ? cause.message : '';
    throw new DatabaseError('BadRequest', reason, { argument: `${field}.query`, cause });
  }
}
