// What queries must know of a container's definition: its computed properties, checked when it is written, and the
// distances of its vectors. Read once for each version of the definition.

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf, type Raw } from '../../model/bson/walk.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { valueOf } from '../../model/value.ts';
import { embeddingsOf, invalidInput } from './search-policies.ts';
import { isPlanar } from './geospatial-config.ts';
import { parseComputed, type ComputedProperty } from './sql/computed.ts';
import type { ContainerSchema } from './sql/schema.ts';
import { vectorPathText } from './sql/vector-distance.ts';

const field = 'computedProperties';

/** Properties a container may have, as in the service, and characters of each one's query. */
const propertiesMax = 20;
const queryLengthMax = 4096;

const reserved = new Set(['id', '_rid', '_self', '_etag', '_ts', '_attachments']);

const schemas = new WeakMap<ContainerRecord, ContainerSchema>();

export function schemaOf(container: ContainerRecord): ContainerSchema {
  let schema = schemas.get(container);
  if (schema === undefined) schemas.set(container, (schema = readSchema(container.settings)));
  return schema;
}

function readSchema(settings: Uint8Array): ContainerSchema {
  const computed = readComputed(fieldOf(settings, field));
  const distances = new Map<string, string>();
  for (const { steps, distance } of embeddingsOf(settings)) distances.set(vectorPathText(steps), distance);
  const planar = isPlanar(settings);
  const texts = [[...computed].map(([name, { text }]) => [name, text]), [...distances], planar];
  const isPlain = computed.size + distances.size === 0 && !planar;
  return { text: isPlain ? '' : JSON.stringify(texts), computed, distances, planar };
}

/** Throws BadRequest when a definition's list of computed properties is not one. */
export function readComputed(raw: Raw | undefined): Map<string, ComputedProperty> {
  if (raw === undefined || raw.type === BsonType.null) return new Map();
  if (raw.type !== BsonType.array) throw invalidInput(`${field} must be an array`, field);
  const byName = new Map<string, ComputedProperty>();
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
  }
  return byName;
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
