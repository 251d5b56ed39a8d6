// The arguments of one command or statement: its fields by name, read with MongoDB's coercions and refused in its
// words. A field that the command does not know is an error, so that no option is silently ignored.
// Source: MongoDB's command definitions; an optional field of value null counts as absent.

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { elementsOf, integerOf, isNumber, numberOf, truthOf, typeNameOf } from './bson-input.ts';
import type { DocumentSequence } from './decode.ts';
import { badValue, MongoCode, MongoError, typeMismatch } from './errors.ts';

/** Fields that any command may carry. */
const generic: ReadonlySet<string> = new Set([
  '$db',
  '$clusterTime',
  '$readPreference',
  '$audit',
  '$client',
  '$queryOptions',
  '$tenant',
  'apiDeprecationErrors',
  'apiStrict',
  'apiVersion',
  'autocommit',
  'comment',
  'help',
  'lsid',
  'maxTimeMS',
  'readConcern',
  'serialization_context',
  'startTransaction',
  'stmtId',
  'stmtIds',
  'txnNumber',
  'writeConcern',
]);

const noSequences: readonly DocumentSequence[] = [];
const int32Max = 2 ** 31 - 1;

export class Arguments {
  /** Prefix of field names in errors: the command's name, or that of a statement in it. */
  readonly #owner: string;
  readonly #fields = new Map<string, Raw>();
  readonly #sequences: readonly DocumentSequence[];

  /** `known`: names beside the generic ones; absent when every name is taken. The first of duplicate names wins. */
  constructor(
    owner: string,
    body: Uint8Array,
    known: ReadonlySet<string> | undefined,
    sequences: readonly DocumentSequence[] = noSequences,
  ) {
    this.#owner = owner;
    this.#sequences = sequences;
    const cursor = new ElementCursor(body);
    while (cursor.next()) {
      const name = cursor.name();
      if (known !== undefined && !known.has(name) && !generic.has(name)) throw unknownField(owner, name);
      if (cursor.type !== BsonType.null && cursor.type !== BsonType.undefined && !this.#fields.has(name))
        this.#fields.set(name, cursor.raw());
    }
    if (known !== undefined) for (const { name } of sequences) if (!known.has(name)) throw unknownField(owner, name);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  get(name: string): Raw | undefined {
    return this.#fields.get(name);
  }

  required(name: string): Raw {
    const value = this.#fields.get(name);
    if (value === undefined) throw missing(this.#owner, name);
    return value;
  }

  #wrongType(name: string, value: Raw, expected: string): MongoError {
    return typeMismatch(
      `BSON field '${this.#owner}.${name}' is the wrong type '${typeNameOf(value.type)}', expected ${expected}`,
    );
  }

  string(name: string): string | undefined {
    const value = this.#fields.get(name);
    if (value === undefined) return undefined;
    if (value.type !== BsonType.string) throw this.#wrongType(name, value, "type 'string'");
    return textOfRaw(value);
  }

  boolean(name: string, fallback = false): boolean {
    const value = this.#fields.get(name);
    if (value === undefined) return fallback;
    if (value.type !== BsonType.boolean && !isNumber(value))
      throw this.#wrongType(name, value, "types '[bool, long, int, decimal, double]'");
    return truthOf(value);
  }

  /** A whole number of 0 or more; what is beyond 32 bits stands at their end. */
  count(name: string): number | undefined {
    const value = this.#fields.get(name);
    if (value === undefined) return undefined;
    if (!isNumber(value)) throw this.#wrongType(name, value, "types '[long, int, decimal, double]'");
    const number = Math.trunc(numberOf(value));
    if (Number.isNaN(number)) throw badValue(`BSON field '${name}' is not a number`);
    if (number < 0) throw new MongoError(51024, `BSON field '${name}' value must be >= 0, actual value '${number}'`);
    return Math.min(number, int32Max);
  }

  /** A 64-bit integer, exactly. */
  long(name: string): bigint | undefined {
    const value = this.#fields.get(name);
    if (value === undefined) return undefined;
    const integer = integerOf(value);
    if (integer === undefined) throw this.#wrongType(name, value, "type 'long'");
    return integer;
  }

  object(name: string): Raw | undefined {
    const value = this.#fields.get(name);
    if (value !== undefined && value.type !== BsonType.object) throw this.#wrongType(name, value, "type 'object'");
    return value;
  }

  /** The bytes of an object argument. */
  document(name: string): Uint8Array | undefined {
    return this.object(name)?.slice();
  }

  array(name: string): readonly Raw[] | undefined {
    const value = this.#fields.get(name);
    if (value === undefined) return undefined;
    if (value.type !== BsonType.array) throw this.#wrongType(name, value, "type 'array'");
    return elementsOf(value);
  }

  /** Documents given as a sequence of the message or as an array of the body. */
  documents(name: string): { readonly documents: readonly Uint8Array[]; readonly sequence: boolean } {
    for (const sequence of this.#sequences)
      if (sequence.name === name) return { documents: sequence.documents, sequence: true };
    const elements = this.array(name);
    if (elements === undefined) throw missing(this.#owner, name);
    const documents = elements.map((element, i) => {
      if (element.type !== BsonType.object) throw this.#wrongType(`${name}.${i}`, element, "type 'object'");
      return element.slice();
    });
    return { documents, sequence: false };
  }
}

function unknownField(owner: string, name: string): MongoError {
  return new MongoError(40415, `BSON field '${owner}.${name}' is an unknown field.`);
}

function missing(owner: string, name: string): MongoError {
  return new MongoError(40414, `BSON field '${owner}.${name}' is missing but a required field`);
}

/** Refuses a collation that is not plain comparison of bytes: another would change results. */
export function requireSimpleCollation(args: Arguments): void {
  const collation = args.object('collation');
  if (collation === undefined) return;
  const fields = new Arguments('collation', collation.slice(), undefined);
  const locale = fields.string('locale');
  if (locale === undefined)
    throw new MongoError(40414, "BSON field 'collation.locale' is missing but a required field");
  if (locale !== 'simple')
    throw new MongoError(MongoCode.NotImplemented, 'collations other than simple are not supported by this server');
}
