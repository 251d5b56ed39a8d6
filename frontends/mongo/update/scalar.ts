// Operators that set, remove or compute one value: $set, $setOnInsert, $unset, $inc, $mul, $min, $max,
// $currentDate, $bit. Source: MongoDB manual, "Field Update Operators" and "Bitwise Update Operator".

import { BsonType } from '../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import { compareStored, fieldsOf, isNumber, typeNameOf } from '../bson-input.ts';
import { badValue, typeMismatch } from '../errors.ts';
import { add, bitwise, multiply, rawOf, zeroLike, type BitOperation } from './arithmetic.ts';
import { alwaysCreates, neverCreates, type Modifier } from './modifier.ts';

export function setModifier(value: Raw): Modifier {
  return { operator: '$set', creates: alwaysCreates, apply: () => value };
}

export function setOnInsertModifier(value: Raw): Modifier {
  return {
    operator: '$setOnInsert',
    creates: ({ context }) => context.inserting,
    apply: (current, place) => (place.context.inserting ? value : current),
  };
}

export const unsetModifier: Modifier = { operator: '$unset', creates: neverCreates, apply: () => undefined };

function numericOperand(path: string, verb: string, value: Raw): void {
  if (!isNumber(value))
    throw typeMismatch(`Cannot ${verb} with non-numeric argument: {${path}: ${typeNameOf(value.type)}}`);
}

function numericCurrent(operator: string, path: string, current: Raw): void {
  if (!isNumber(current))
    throw typeMismatch(
      `Cannot apply ${operator} to a value of non-numeric type. The document has the field '${path}' of non-numeric type ${typeNameOf(current.type)}`,
    );
}

export function incModifier(path: string, amount: Raw): Modifier {
  numericOperand(path, 'increment', amount);
  return {
    operator: '$inc',
    creates: alwaysCreates,
    apply: (current, place) => {
      if (current === undefined) return amount;
      numericCurrent('$inc', place.path, current);
      return add(current, amount);
    },
  };
}

export function mulModifier(path: string, factor: Raw): Modifier {
  numericOperand(path, 'multiply', factor);
  return {
    operator: '$mul',
    creates: alwaysCreates,
    apply: (current, place) => {
      if (current === undefined) return zeroLike(factor);
      numericCurrent('$mul', place.path, current);
      return multiply(current, factor);
    },
  };
}

/** `$min` (direction -1) and `$max` (direction 1): the value replaces one that is farther the other way. */
export function boundModifier(operator: '$min' | '$max', value: Raw): Modifier {
  const direction = operator === '$max' ? 1 : -1;
  return {
    operator,
    creates: alwaysCreates,
    apply: (current) => (current === undefined || compareStored(value, current) * direction > 0 ? value : current),
  };
}

export function currentDateModifier(value: Raw): Modifier {
  const timestamp = asksForTimestamp(value);
  return {
    operator: '$currentDate',
    creates: alwaysCreates,
    apply: (_current, { context }) =>
      rawOf((writer) =>
        timestamp
          ? writer.timestamp('', context.timestamp.seconds, context.timestamp.increment)
          : writer.date('', context.nowMs),
      ),
  };
}

function asksForTimestamp(value: Raw): boolean {
  if (value.type === BsonType.boolean) return false;
  if (value.type !== BsonType.object)
    throw badValue(
      `${typeNameOf(value.type)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
    );
  let type = '';
  for (const { name, value: option } of fieldsOf(value)) {
    if (name !== '$type') throw badValue(`Unrecognized $currentDate option: ${name}`);
    if (option.type === BsonType.string) type = textOfRaw(option);
  }
  if (type !== 'date' && type !== 'timestamp')
    throw badValue(
      "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
    );
  return type === 'timestamp';
}

function isInteger(value: Raw): boolean {
  return value.type === BsonType.int32 || value.type === BsonType.int64;
}

export function bitModifier(operand: Raw): Modifier {
  if (operand.type !== BsonType.object)
    throw badValue(
      `The $bit modifier is not compatible with a ${typeNameOf(operand.type)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    );
  const operations = fieldsOf(operand);
  if (operations.length === 0)
    throw badValue('You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}');
  for (const { name, value } of operations) {
    if (name !== 'and' && name !== 'or' && name !== 'xor')
      throw badValue(
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator`,
      );
    if (!isInteger(value))
      throw badValue(
        `The $bit modifier field must be an Integer(32/64 bit); a '${typeNameOf(value.type)}' is not supported here`,
      );
  }
  return {
    operator: '$bit',
    creates: alwaysCreates,
    apply: (current, place) => {
      if (current !== undefined && !isInteger(current))
        throw badValue(
          `Cannot apply $bit to a value of non-integral type. The document has the field ${place.path} of non-integer type ${typeNameOf(current.type)}`,
        );
      let value = current ?? rawOf((writer) => writer.int32('', 0));
      for (const operation of operations) value = bitwise(operation.name as BitOperation, value, operation.value);
      return value;
    },
  };
}
