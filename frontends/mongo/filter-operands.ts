// Operands of single filter operators: patterns, types, sizes, divisors, bit masks. Each is checked in MongoDB's
// words; the number of positions in a mask is bounded by the size of the command that carries it.

import { readInt32, textOf } from '../../model/bytes.ts';
import { BsonType } from '../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../model/bson/walk.ts';
import type { Pattern, Test } from '../../model/predicate.ts';
import { elementsOf, integerOf, isNumber, numberOf, typesByName, type Field } from './bson-input.ts';
import { badValue, failedToParse, MongoError, typeMismatch } from './errors.ts';

const patternOption = /^[imsxu]*$/;

function checkedPattern(source: string, options: string): Pattern {
  if (source.includes('\0') || options.includes('\0'))
    throw badValue('Regular expression cannot contain an embedded null byte');
  if (!patternOption.test(options)) throw new MongoError(51108, 'invalid flag in regex options');
  return { source, options };
}

/** A stored-form regular expression: two C strings. */
export function patternOfRegex(value: Raw): Pattern {
  let middle = value.start;
  while (value.bytes[middle] !== 0) middle++;
  return checkedPattern(textOf(value.bytes, value.start, middle), textOf(value.bytes, middle + 1, value.end - 1));
}

/** `$regex` with its `$options`, wherever among the operators they stand. */
export function patternOptions(operators: readonly Field[]): Pattern {
  const regex = operators.find((operator) => operator.name === '$regex')!.value;
  const options = operators.find((operator) => operator.name === '$options')?.value;
  if (options !== undefined && options.type !== BsonType.string) throw badValue('$options has to be a string');
  const given = options === undefined ? '' : textOfRaw(options);
  if (regex.type === BsonType.regex) {
    const pattern = patternOfRegex(regex);
    if (options === undefined) return pattern;
    if (pattern.options !== '') throw new MongoError(51075, 'options set in both $regex and $options');
    return checkedPattern(pattern.source, given);
  }
  if (regex.type !== BsonType.string) throw badValue('$regex has to be a string');
  return checkedPattern(textOfRaw(regex), given);
}

const numberTypes = [BsonType.double, BsonType.int32, BsonType.int64, BsonType.decimal128];
const knownTypes: ReadonlySet<number> = new Set(typesByName.values());

export function typeTest(name: string, value: Raw): Test {
  const given = value.type === BsonType.array ? elementsOf(value) : [value];
  if (given.length === 0) throw failedToParse(`${name} must match at least one type`);
  const types = new Set<number>();
  for (const each of given) for (const type of typesOf(each)) types.add(type);
  return { kind: 'type', types: [...types] };
}

function typesOf(value: Raw): readonly number[] {
  if (value.type === BsonType.string) {
    const alias = textOfRaw(value);
    if (alias === 'number') return numberTypes;
    const type = typesByName.get(alias);
    if (type === undefined) throw badValue(`Unknown type name alias: ${alias}`);
    return [type];
  }
  if (!isNumber(value)) throw typeMismatch('type must be represented as a number or a string');
  const code = integerOf(value);
  const type = code === -1n ? BsonType.minKey : Number(code ?? 0n);
  if (code === 255n || !knownTypes.has(type)) throw badValue(`Invalid numerical type code: ${numberOf(value)}`);
  return [type];
}

export function sizeTest(value: Raw): Test {
  if (!isNumber(value)) throw failedToParse('Failed to parse $size. Expected a number');
  const count = integerOf(value);
  if (count === undefined) throw failedToParse('Failed to parse $size. Expected an integer');
  if (count < 0n) throw failedToParse('Failed to parse $size. Expected a non-negative number');
  return { kind: 'size', count: Number(count) };
}

export function moduloTest(value: Raw): Test {
  if (value.type !== BsonType.array) throw badValue('malformed mod, needs to be an array');
  const operands = elementsOf(value);
  const [divisor, remainder] = operands;
  if (divisor === undefined || remainder === undefined) throw badValue('malformed mod, not enough elements');
  if (operands.length > 2) throw badValue('malformed mod, too many elements');
  const by = truncated('divisor', divisor);
  if (by === 0n) throw badValue('divisor cannot be 0');
  return { kind: 'modulo', divisor: by, remainder: truncated('remainder', remainder) };
}

function truncated(what: string, value: Raw): bigint {
  if (!isNumber(value)) throw badValue(`malformed mod, ${what} not a number`);
  const exact = integerOf(value);
  if (exact !== undefined) return exact;
  const number = numberOf(value);
  if (!Number.isFinite(number)) throw invalid(what, 'Unable to coerce NaN/Inf to integral type');
  if (Math.abs(number) >= 2 ** 63) throw invalid(what, 'Out of bounds coercing to integral value');
  return BigInt(Math.trunc(number));
}

function invalid(what: string, cause: string): MongoError {
  return badValue(`malformed mod, ${what} value is invalid :: caused by :: ${cause}`);
}

/** Positions of the bits a mask names: a non-negative integer, a binary, or a list of positions. */
export function bitPositions(operator: string, name: string, value: Raw): number[] {
  if (value.type === BsonType.binary) {
    const count = readInt32(value.bytes, value.start) * 8;
    const positions: number[] = [];
    for (let position = 0; position < count; position++)
      if ((value.bytes[value.start + 5 + (position >> 3)]! & (1 << (position & 7))) !== 0) positions.push(position);
    return positions;
  }
  if (value.type === BsonType.array) {
    return elementsOf(value).map((element) => {
      const position = integerOf(element);
      if (position === undefined) throw failedToParse(`Failed to parse bit position. Expected an integer in: ${name}`);
      if (position < 0n || position > 0x7fffffffn)
        throw failedToParse(`Failed to parse bit position. Expected a non-negative number in: ${name}`);
      return Number(position);
    });
  }
  if (isNumber(value)) {
    const mask = integerOf(value);
    if (mask === undefined) throw failedToParse(`Expected an integer: ${name}`);
    if (mask < 0n) throw failedToParse(`Expected a non-negative number in: ${name}`);
    const positions: number[] = [];
    for (let position = 0; position < 64; position++) if ((mask >> BigInt(position)) & 1n) positions.push(position);
    return positions;
  }
  throw badValue(`${operator} takes an Array, a number, or a BinData for field ${name}`);
}
