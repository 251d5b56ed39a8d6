// $getField, $setField, $unsetField, $type, $isNumber, $bsonSize, $binarySize: objects by names that may be no paths, and what a value
// is. Source: MongoDB manual, "Object Expression Operators", "Type Expression Operators", "Data Size Operators".

import { readInt32 } from '../../../../model/bytes.ts';
import { BsonType } from '../../../../model/bson/types.ts';
import { childOf, ElementCursor, textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { firstNameOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { namedOperands, unary, type Expression, type OperatorRow, type Parse } from '../row.ts';
import {
  booleanRaw,
  int32Raw,
  isNullish,
  isNumeric,
  isObject,
  nullRaw,
  objectOfMap,
  stringRaw,
  typeName,
  type Operand,
} from '../value.ts';

/** The name given: a constant text, which may hold dots and, behind `$literal`, begin with `$`. */
function constantName(name: string, text: Raw, parse: Parse, code: number): string {
  const expression = parse.expression(text);
  const value = expression.constant ? expression.evaluate(parse.scope.environment.frame) : undefined;
  if (value?.type !== BsonType.string)
    throw new MongoError(code, `${name} requires 'field' to evaluate to a constant string, but got ${typeName(value)}`);
  return textOfRaw(value);
}

function getField(operand: Raw, parse: Parse): Expression {
  const isNamed = operand.type === BsonType.object && firstNameOf(operand)?.startsWith('$') !== true;
  const given = isNamed
    ? namedOperands('$getField', operand, ['field', 'input'], [], {
        notObject: 3041701,
        unknown: 3041701,
        missing: { field: 3041702, input: 3041703 },
      })
    : undefined;
  const name = parse.expression(given?.get('field') ?? operand);
  const inputText = given?.get('input');
  const input = inputText === undefined ? undefined : parse.expression(inputText);
  if (name.constant) constantName('$getField', given?.get('field') ?? operand, parse, 5654602);
  return {
    constant: false,
    evaluate: (frame) => {
      const field = name.evaluate(frame);
      if (field?.type !== BsonType.string)
        throw new MongoError(
          3041704,
          `$getField requires 'field' to evaluate to type String, but got ${typeName(field)}`,
        );
      const object = input === undefined ? frame.root : input.evaluate(frame);
      if (object === undefined || object.type !== BsonType.object)
        return isNullish(object) ? (object ?? undefined) : undefined;
      return childOf(object, textOfRaw(field));
    },
  };
}

function changed(name: string, object: Operand, field: string, value: Operand): Operand {
  if (isNullish(object)) return nullRaw;
  if (!isObject(object))
    throw new MongoError(4161105, `${name} requires 'input' to evaluate to type Object, but got ${typeName(object)}`);
  const fields = new Map<string, Raw>();
  const cursor = new ElementCursor(object.bytes, object.start);
  while (cursor.next()) if (!fields.has(cursor.name())) fields.set(cursor.name(), cursor.raw());
  if (value === undefined) fields.delete(field);
  else fields.set(field, value);
  return objectOfMap(fields);
}

function setField(name: string, names: readonly string[]): OperatorRow['compile'] {
  return (operand, parse) => {
    const given = namedOperands(name, operand, names, [], {
      notObject: 4161100,
      unknown: 4161101,
      missing: { field: 4161102, value: 4161103, input: 4161109 },
    });
    const field = constantName(name, given.get('field')!, parse, 4161106);
    const input = parse.expression(given.get('input')!);
    const valueText = given.get('value');
    const value = valueText === undefined ? undefined : parse.expression(valueText);
    return {
      constant: false,
      evaluate: (frame) => changed(name, input.evaluate(frame), field, value?.evaluate(frame)),
    };
  };
}

export const objectOperators: readonly OperatorRow[] = [
  { name: '$getField', compile: getField },
  { name: '$setField', compile: setField('$setField', ['field', 'input', 'value']) },
  { name: '$unsetField', compile: setField('$unsetField', ['field', 'input']) },
  unary('$type', (value) => stringRaw(typeName(value))),
  unary('$isNumber', (value) => booleanRaw(isNumeric(value))),
  unary('$bsonSize', (value) => {
    if (isNullish(value)) return nullRaw;
    if (!isObject(value)) throw new MongoError(31393, `$bsonSize requires a document input, found: ${typeName(value)}`);
    return int32Raw(value.end - value.start);
  }),
  unary('$binarySize', (value) => {
    if (isNullish(value)) return nullRaw;
    if (value.type === BsonType.string) return int32Raw(value.end - value.start - 5);
    if (value.type !== BsonType.binary)
      throw new MongoError(51276, `$binarySize requires a string or BinData argument, found: ${typeName(value)}`);
    return int32Raw(readInt32(value.bytes, value.start));
  }),
];
