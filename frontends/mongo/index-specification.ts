// An index specification as clients send it: checked as MongoDB does and brought into the form in which it is listed.
// Every path is indexed without being asked, so most kinds of index only have to be remembered; the kinds that would
// answer queries of their own (text, geo), delete documents (TTL) or compare otherwise (collation) are refused.
// Source: MongoDB manual, "createIndexes", "Index Properties"; codes and words are the server's.

import { declaredIndex, type DeclaredIndex } from '../../core/declared-index.ts';
import { BsonType } from '../../model/bson/types.ts';
import { equalBytes } from '../../model/bytes.ts';
import { fieldOf, rawDocument, textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import { writePredicate } from '../../model/predicate-bson.ts';
import { Arguments, requireSimpleCollation } from './arguments.ts';
import { fieldsOf, isNumber, numberOf, truthOf, typeNameOf, type Field } from './bson-input.ts';
import { badValue, failedToParse, MongoCode, MongoError } from './errors.ts';
import { parseFilter } from './filter.ts';
import { keyText } from './key-text.ts';

const keyPartsMax = 32;

const optionNames: ReadonlySet<string> = new Set([
  'v',
  'key',
  'name',
  'ns',
  'background',
  'unique',
  'dropDups',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'hidden',
  'storageEngine',
  'collation',
  'wildcardProjection',
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  '2dsphereIndexVersion',
  'bits',
  'min',
  'max',
  'bucketSize',
  'prepareUnique',
  'clustered',
]);

/** Options of a listed index, in the order they are listed in. */
const listedBooleans = ['unique', 'sparse', 'hidden'] as const;

const plugins: ReadonlySet<string> = new Set(['hashed', '2d', '2dsphere', 'text', 'geoHaystack']);

/** The index on `_id`, which every collection has. */
export const idIndexName = '_id_';

function cannotCreate(message: string): MongoError {
  return new MongoError(MongoCode.CannotCreateIndex, message);
}

function notSupported(what: string): MongoError {
  return new MongoError(MongoCode.NotImplemented, `${what} are not supported by this server`);
}

export interface IndexSpecification {
  readonly index: DeclaredIndex;
  readonly key: Raw;
  readonly isId: boolean;
  /** Options that make an index another one than its namesake: its key pattern, `unique`, `sparse`, its condition. */
  readonly signature: Uint8Array;
  readonly hidden: boolean;
}

export function indexSpecification(document: Uint8Array): IndexSpecification {
  const args = new Arguments('createIndexes.indexes', document, undefined);
  const key = args.get('key');
  if (key === undefined) throw failedToParse("The 'key' field is a required property of an index specification");
  if (key.type !== BsonType.object)
    throw new MongoError(MongoCode.TypeMismatch, "The field 'key' must be an object, but got " + typeNameOf(key.type));
  const given = args.get('name');
  if (given === undefined) throw failedToParse("The 'name' field is a required property of an index specification");
  const name = args.string('name')!;
  const parts = checkedKey(key);
  const isId = parts.length === 1 && parts[0]!.name === '_id' && isNumber(parts[0]!.value);
  checkOptions(args, fieldsOf(key), document, isId);
  if (!isId && name === idIndexName)
    throw badValue(
      `The index name '${idIndexName}' is reserved for the _id index, which must have key pattern {_id: 1}, found key: ${keyText(key)}`,
    );
  if (name === '') throw cannotCreate('index name cannot be empty');
  if (name.includes('\0')) throw cannotCreate('index name cannot contain NUL bytes');
  const where = isId ? undefined : conditionOf(args);
  const definition = listed(args, key, isId ? idIndexName : name);
  return {
    index: declaredIndex(definition, where, false),
    key,
    isId,
    signature: signatureOf(definition, where),
    hidden: args.boolean('hidden'),
  };
}

function checkedKey(key: Raw): readonly Field[] {
  const parts = fieldsOf(key);
  if (parts.length === 0) throw cannotCreate('Index keys cannot be empty.');
  if (parts.length > keyPartsMax) throw new MongoError(13103, `too many compound keys for index: ${keyText(key)}`);
  const names = new Set<string>();
  for (const { name, value } of parts) {
    checkName(name);
    if (names.has(name)) throw cannotCreate(`Index key contains a duplicate field: '${name}'`);
    names.add(name);
    if (isNumber(value)) {
      if (numberOf(value) === 0 || Number.isNaN(numberOf(value)))
        throw cannotCreate('Values in the index key pattern cannot be 0.');
    } else if (value.type === BsonType.string) {
      const plugin = textOfRaw(value);
      if (plugin === '') throw cannotCreate('Values in the index key pattern cannot be empty strings.');
      if (!plugins.has(plugin)) throw cannotCreate(`Unknown index plugin '${plugin}'`);
      if (plugin !== 'hashed') throw notSupported(`indexes of the kind '${plugin}'`);
    } else {
      throw cannotCreate(
        `Values in v:2 index key pattern cannot be of type ${typeNameOf(value.type)}. ` +
          'Only numbers > 0, numbers < 0, and strings are allowed.',
      );
    }
  }
  if (parts.filter(({ value }) => value.type === BsonType.string).length > 1)
    throw new MongoError(31303, 'A maximum of one index field is allowed to be hashed');
  return parts;
}

function checkName(name: string): void {
  if (name === '') throw cannotCreate('Index keys cannot be an empty field.');
  const components = name.split('.');
  for (const [i, component] of components.entries()) {
    if (component === '') throw cannotCreate('Index keys cannot contain an empty field.');
    const wildcard = component === '$**' && i === components.length - 1;
    const reference = i > 0 && (component === '$ref' || component === '$id' || component === '$db');
    if (component.startsWith('$') && !wildcard && !reference)
      throw cannotCreate("Index key contains an illegal field name: field name starts with '$'.");
  }
}

function checkOptions(args: Arguments, parts: readonly Field[], document: Uint8Array, isId: boolean): void {
  for (const { name } of fieldsOf(rawDocument(document))) {
    const known = isId ? ['key', 'name', 'ns', 'v', 'collation', 'background', 'clustered', 'unique'] : undefined;
    if (isId && name === 'hidden' && args.boolean('hidden')) throw badValue("can't hide _id index");
    if (!optionNames.has(name) || (known !== undefined && !known.includes(name) && name !== 'hidden'))
      throw new MongoError(
        MongoCode.InvalidIndexSpecificationOption,
        isId && optionNames.has(name)
          ? `The field '${name}' is not valid for an _id index specification.`
          : `The field '${name}' is not valid for an index specification.`,
      );
  }
  const version = args.get('v');
  if (version !== undefined && (!isNumber(version) || ![1, 2].includes(numberOf(version))))
    throw cannotCreate(`Invalid index specification: cannot create an index with v=${keyText(version)}`);
  requireSimpleCollation(args);
  if (args.get('expireAfterSeconds') !== undefined) throw notSupported('TTL indexes');
  if (args.boolean('clustered')) throw notSupported('clustered indexes');
  const wildcard = parts.some(({ name }) => name === '$**' || name.endsWith('.$**'));
  const hashed = parts.some(({ value }) => value.type === BsonType.string);
  const unique = args.boolean('unique');
  if (unique && hashed)
    throw new MongoError(16764, 'Currently hashed indexes cannot guarantee uniqueness. Use a regular index.');
  if (unique && wildcard) throw cannotCreate("Index type 'wildcard' does not support the unique option");
  if (args.boolean('sparse') && args.get('partialFilterExpression') !== undefined)
    throw cannotCreate('cannot mix "partialFilterExpression" and "sparse" options');
}

/** Operators a condition may use, by MongoDB's list. */
function conditionOf(args: Arguments): Predicate | undefined {
  const filter = args.document('partialFilterExpression');
  if (filter === undefined) return undefined;
  const where = parseFilter(filter);
  try {
    writePredicate(new BsonWriter(256).beginDocument(), 'where', where);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw cannotCreate(`Expression not supported in partial index: ${error.message}`);
  }
  return where;
}

function listed(args: Arguments, key: Raw, name: string): Uint8Array {
  const writer = new BsonWriter(128).beginDocument().int32('v', 2).raw('key', key).string('name', name);
  if (name !== idIndexName) {
    for (const option of listedBooleans) if (args.boolean(option)) writer.boolean(option, true);
    for (const option of ['partialFilterExpression', 'wildcardProjection', 'storageEngine'] as const) {
      const value = args.object(option);
      if (value !== undefined) writer.raw(option, value);
    }
  }
  return writer.end().finish();
}

function signatureOf(definition: Uint8Array, where: Predicate | undefined): Uint8Array {
  const writer = new BsonWriter(128).beginDocument().beginArray('key');
  for (const { name, value } of fieldsOf(fieldOf(definition, 'key')!)) {
    writer.string('', name);
    if (isNumber(value)) writer.int32('', Math.sign(numberOf(value)));
    else writer.raw('', value);
  }
  writer.end();
  for (const option of ['unique', 'sparse'] as const) {
    const value = fieldOf(definition, option);
    writer.boolean(option, value !== undefined && truthOf(value));
  }
  if (where !== undefined) writePredicate(writer, 'where', where);
  return writer.end().finish();
}

/** Whether two key patterns name the same fields in the same directions. */
export function sameKey(a: Raw, b: Raw): boolean {
  const left = fieldsOf(a);
  const right = fieldsOf(b);
  return (
    left.length === right.length &&
    left.every(({ name, value }, i) => {
      const other = right[i]!;
      if (name !== other.name) return false;
      if (isNumber(value) && isNumber(other.value))
        return Math.sign(numberOf(value)) === Math.sign(numberOf(other.value));
      return value.type === other.value.type && equalBytes(value.slice(), other.value.slice());
    })
  );
}

/** The specification on which an existing index rests. */
export function existingSpecification(index: DeclaredIndex): IndexSpecification {
  const hidden = fieldOf(index.definition, 'hidden');
  return {
    index,
    key: fieldOf(index.definition, 'key')!,
    isId: false,
    signature: signatureOf(index.definition, index.where),
    hidden: hidden !== undefined && truthOf(hidden),
  };
}

/**
 * The existing index that makes the wanted one needless, or undefined when it is new. Throws where both cannot stand
 * side by side.
 */
export function findSame(
  wanted: IndexSpecification,
  existing: readonly IndexSpecification[],
): IndexSpecification | undefined {
  for (const other of existing) {
    const sameName = other.index.name === wanted.index.name;
    const sameSignature = equalBytes(other.signature, wanted.signature);
    if (sameSignature && sameName) {
      if (other.hidden === wanted.hidden) return other;
      throw new MongoError(
        MongoCode.IndexOptionsConflict,
        'An equivalent index already exists with the same name but different options. ' + bothOf(wanted, other),
      );
    }
    if (sameSignature)
      throw new MongoError(
        MongoCode.IndexOptionsConflict,
        `Index already exists with a different name: ${other.index.name}`,
      );
    if (sameName)
      throw new MongoError(
        MongoCode.IndexKeySpecsConflict,
        'An existing index has the same name as the requested index. When index names are not specified, they are ' +
          'auto generated and can cause conflicts. Please refer to our documentation. ' +
          bothOf(wanted, other),
      );
  }
  return undefined;
}

function bothOf(wanted: IndexSpecification, other: IndexSpecification): string {
  return `Requested index: ${specificationText(wanted)}, existing index: ${specificationText(other)}`;
}

function specificationText({ index }: IndexSpecification): string {
  return keyText(rawDocument(index.definition));
}
