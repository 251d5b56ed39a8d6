// Indexes that a door's user declared on a container. Every path is indexed without them; what a declaration changes
// is which keys must be unique, and what the door shows again. They stand in the container's settings as
// `{declaredIndexes: [{definition: {…}, where?: {…}, building?: true}]}`: the definition as its door shows it, the
// condition of a partial index in core's own form (`model/predicate-bson.ts`).

import { BsonType } from '../model/bson/types.ts';
import { ElementCursor, fieldOf, rawDocument, textOfRaw, type Raw } from '../model/bson/walk.ts';
import { BsonWriter } from '../model/bson/write.ts';
import type { Path, Predicate } from '../model/predicate.ts';
import { readPredicate, writePredicate } from '../model/predicate-bson.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { valueOf } from '../model/value.ts';

/** Name of the field of settings. */
export const declaredIndexesField = 'declaredIndexes';

export interface DeclaredIndex {
  readonly name: string;
  /** The document that lists it: `key`, `name`, options. */
  readonly definition: Uint8Array;
  /** Paths of its key, outermost first. */
  readonly paths: readonly Path[];
  readonly directions: readonly (1 | -1)[];
  readonly unique: boolean;
  readonly sparse: boolean;
  /** Condition of a partial index. */
  readonly where: Predicate | undefined;
  /** Its uniqueness holds for writes; whether it does for what was there before is being looked at. */
  readonly building: boolean;
}

const known = new WeakMap<ContainerRecord, readonly DeclaredIndex[]>();

export function declaredIndexesOf(container: ContainerRecord): readonly DeclaredIndex[] {
  let indexes = known.get(container);
  if (indexes === undefined) known.set(container, (indexes = readIndexes(container.settings)));
  return indexes;
}

function readIndexes(settings: Uint8Array): readonly DeclaredIndex[] {
  const list = fieldOf(settings, declaredIndexesField);
  if (list?.type !== BsonType.array) return [];
  const indexes: DeclaredIndex[] = [];
  const cursor = new ElementCursor(list.bytes, list.start);
  while (cursor.next()) {
    const entry = cursor.raw().slice();
    const where = fieldOf(entry, 'where');
    indexes.push(
      declaredIndex(
        fieldOf(entry, 'definition')!.slice(),
        where && readPredicate(where),
        valueOf(fieldOf(entry, 'building')) === true,
      ),
    );
  }
  return indexes;
}

/** What a definition says. */
export function declaredIndex(definition: Uint8Array, where: Predicate | undefined, building: boolean): DeclaredIndex {
  const paths: Path[] = [];
  const directions: (1 | -1)[] = [];
  const keys = new ElementCursor(fieldOf(definition, 'key')!.slice());
  while (keys.next()) {
    paths.push(keys.name().split('.'));
    const direction = valueOf(keys.raw());
    directions.push(typeof direction === 'number' && direction < 0 ? -1 : 1);
  }
  return {
    name: textOfRaw(fieldOf(definition, 'name')!),
    definition,
    paths,
    directions,
    unique: isTrue(fieldOf(definition, 'unique')),
    sparse: isTrue(fieldOf(definition, 'sparse')),
    where,
    building,
  };
}

function isTrue(raw: Raw | undefined): boolean {
  const value = valueOf(raw);
  return value === true || (typeof value === 'number' && value !== 0);
}

/** Settings with other declared indexes. */
export function withDeclaredIndexes(settings: Uint8Array, indexes: readonly DeclaredIndex[]): Uint8Array {
  const writer = new BsonWriter(settings.length + 256).beginDocument();
  const cursor = new ElementCursor(settings);
  while (cursor.next()) {
    const name = cursor.name();
    if (name !== declaredIndexesField) writer.raw(name, cursor.raw());
  }
  if (indexes.length > 0) {
    writer.beginArray(declaredIndexesField);
    for (const { definition, where, building } of indexes) {
      writer.beginObject('').raw('definition', rawDocument(definition));
      if (where !== undefined) writePredicate(writer, 'where', where);
      if (building) writer.boolean('building', true);
      writer.end();
    }
    writer.end();
  }
  return writer.end().finish();
}
