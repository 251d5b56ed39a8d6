// Operators on a whole array: $push with $each, $position, $sort and $slice; $addToSet; $pop; $pull; $pullAll.
// Elements that stay keep their bytes. Source: MongoDB manual, "Array Update Operators".

import { compileMembership } from '../../../core/query/predicate/compare.ts';
import { compileDocumentTest } from '../../../core/query/predicate/compile.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { childOf, type Raw } from '../../../model/bson/walk.ts';
import {
  compareStored,
  elementsOf,
  fieldsOf,
  firstNameOf,
  integerOf,
  isNumber,
  numberOf,
  typeNameOf,
} from '../bson-input.ts';
import { badValue, failedToParse, typeMismatch } from '../errors.ts';
import { isValueForm, parseFieldCondition, parseFilterValue } from '../filter.ts';
import { rawOf } from './arithmetic.ts';
import { alwaysCreates, neverCreates, type Modifier } from './modifier.ts';

export function arrayOf(elements: readonly Raw[]): Raw {
  return rawOf((writer) => {
    writer.beginArray('');
    for (const element of elements) writer.raw('', element);
    writer.end();
  }, 1024);
}

interface PushClauses {
  readonly each: readonly Raw[];
  readonly position: number | undefined;
  readonly slice: number | undefined;
  readonly order: ((a: Raw, b: Raw) => number) | undefined;
}

export function pushModifier(operand: Raw): Modifier {
  const clauses = pushClauses(operand);
  return {
    operator: '$push',
    creates: alwaysCreates,
    apply: (current, place) => {
      if (current !== undefined && current.type !== BsonType.array)
        throw badValue(
          `The field '${place.path}' must be an array but is of type ${typeNameOf(current.type)} in the document`,
        );
      let elements = current === undefined ? [] : elementsOf(current);
      const { each, position, slice, order } = clauses;
      if (position === undefined) elements = elements.concat(each);
      else
        elements = elements
          .slice(0, at(position, elements.length))
          .concat(each, elements.slice(at(position, elements.length)));
      if (order !== undefined) elements.sort(order);
      if (slice !== undefined) elements = slice >= 0 ? elements.slice(0, slice) : elements.slice(slice);
      return arrayOf(elements);
    },
  };
}

/** A position counted from the front, or from the end when negative, within the array. */
function at(position: number, length: number): number {
  return position >= 0 ? Math.min(position, length) : Math.max(0, length + position);
}

function pushClauses(operand: Raw): PushClauses {
  const first = firstNameOf(operand);
  if (first === undefined || !fieldsOf(operand).some((field) => field.name === '$each'))
    return { each: [operand], position: undefined, slice: undefined, order: undefined };
  let each: readonly Raw[] = [];
  let position: number | undefined;
  let slice: number | undefined;
  let order: ((a: Raw, b: Raw) => number) | undefined;
  for (const { name, value } of fieldsOf(operand)) {
    switch (name) {
      case '$each':
        if (value.type !== BsonType.array)
          throw badValue(
            `The argument to $each in $push must be an array but it was of type: ${typeNameOf(value.type)}`,
          );
        each = elementsOf(value);
        break;
      case '$position':
        position = clauseInteger(name, value);
        break;
      case '$slice':
        slice = clauseInteger(name, value);
        break;
      case '$sort':
        order = elementOrder(value);
        break;
      default:
        throw badValue(`Unrecognized clause in $push: ${name}`);
    }
  }
  return { each, position, slice, order };
}

function clauseInteger(name: string, value: Raw): number {
  const integer = integerOf(value);
  if (integer === undefined)
    throw badValue(`The value for ${name} must be an integer value but was given type: ${typeNameOf(value.type)}`);
  return Number(integer);
}

const invalidSort = 'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields';

/** Order of elements as wholes, or by fields of theirs; an absent field counts as null. The sort is stable. */
function elementOrder(spec: Raw): (a: Raw, b: Raw) => number {
  if (isNumber(spec)) {
    const direction = directionOf(spec);
    return (a, b) => compareStored(a, b) * direction;
  }
  if (spec.type !== BsonType.object) throw badValue(invalidSort);
  const keys = fieldsOf(spec).map(({ name, value }) => {
    if (name === '' || name.startsWith('.') || name.endsWith('.') || name.includes('..'))
      throw badValue('The $sort field is a dotted field but has an empty part');
    return { path: name.split('.'), direction: directionOf(value) };
  });
  if (keys.length === 0) throw badValue('The $sort pattern is empty when it should be a set of fields.');
  return (a, b) => {
    for (const { path, direction } of keys) {
      const result = compareStored(reach(a, path), reach(b, path)) * direction;
      if (result !== 0) return result;
    }
    return 0;
  };
}

function directionOf(value: Raw): number {
  const direction = isNumber(value) ? numberOf(value) : 0;
  if (direction !== 1 && direction !== -1) throw badValue(invalidSort);
  return direction;
}

const nullValue = rawOf((writer) => writer.null(''));

function reach(element: Raw, path: readonly string[]): Raw {
  let value: Raw | undefined = element;
  for (const name of path) {
    value = value?.type === BsonType.object ? childOf(value, name) : undefined;
  }
  return value ?? nullValue;
}

export function addToSetModifier(operand: Raw): Modifier {
  const values = distinct(addToSetValues(operand));
  return {
    operator: '$addToSet',
    creates: alwaysCreates,
    apply: (current, place) => {
      if (current === undefined) return arrayOf(values);
      if (current.type !== BsonType.array)
        throw badValue(
          `Cannot apply $addToSet to non-array field. Field named '${place.path}' has non-array type ${typeNameOf(current.type)}`,
        );
      const elements = elementsOf(current);
      const held = compileMembership(elements);
      const more = values.filter((value) => !held(value.bytes, value.type, value.start));
      return more.length === 0 ? current : arrayOf(elements.concat(more));
    },
  };
}

function addToSetValues(operand: Raw): readonly Raw[] {
  if (firstNameOf(operand) !== '$each') return [operand];
  const fields = fieldsOf(operand);
  if (fields.length > 1) throw badValue('Found unexpected fields after $each in $addToSet');
  const each = fields[0]!.value;
  if (each.type !== BsonType.array)
    throw typeMismatch(
      `The argument to $each in $addToSet must be an array but it was of type ${typeNameOf(each.type)}`,
    );
  return elementsOf(each);
}

/** The first of each group of equal values, in the order given. */
function distinct(values: readonly Raw[]): readonly Raw[] {
  if (values.length < 2) return values;
  const order = values.map((_, i) => i).sort((a, b) => compareStored(values[a]!, values[b]!) || a - b);
  const kept = new Set<number>();
  order.forEach((i, rank) => {
    if (rank === 0 || compareStored(values[order[rank - 1]!]!, values[i]!) !== 0) kept.add(i);
  });
  return values.filter((_, i) => kept.has(i));
}

export function popModifier(operand: Raw): Modifier {
  const direction = isNumber(operand) ? numberOf(operand) : NaN;
  if (Number.isNaN(direction)) throw failedToParse('Expected a number in $pop');
  if (direction !== 1 && direction !== -1) throw failedToParse('$pop expects 1 or -1');
  return {
    operator: '$pop',
    creates: neverCreates,
    apply: (current, place) => {
      if (current === undefined) return undefined;
      if (current.type !== BsonType.array)
        throw typeMismatch(`Path '${place.path}' contains an element of non-array type '${typeNameOf(current.type)}'`);
      const elements = elementsOf(current);
      if (elements.length === 0) return current;
      return arrayOf(direction === 1 ? elements.slice(0, -1) : elements.slice(1));
    },
  };
}

function removing(operator: string, removed: (element: Raw) => boolean): Modifier {
  return {
    operator,
    creates: neverCreates,
    apply: (current) => {
      if (current === undefined) return undefined;
      if (current.type !== BsonType.array) throw badValue(`Cannot apply ${operator} to a non-array value`);
      const elements = elementsOf(current);
      const kept = elements.filter((element) => !removed(element));
      return kept.length === elements.length ? current : arrayOf(kept);
    },
  };
}

/** `$pull`: operators and patterns test an element as a field, an object tests its fields, else equality. */
export function pullModifier(operand: Raw): Modifier {
  if (operand.type === BsonType.regex || isValueForm(operand)) {
    const test = compileDocumentTest(parseFieldCondition(operand));
    return removing('$pull', (element) => {
      const wrapped = new BsonWriter(64).beginDocument().raw('', element).end().finish();
      return test(wrapped, 0);
    });
  }
  if (operand.type === BsonType.object) {
    const test = compileDocumentTest(parseFilterValue(operand));
    return removing('$pull', (element) => element.type === BsonType.object && test(element.bytes, element.start));
  }
  return removing('$pull', (element) => compareStored(element, operand) === 0);
}

export function pullAllModifier(operand: Raw): Modifier {
  if (operand.type !== BsonType.array)
    throw badValue(`$pullAll requires an array argument but was given a ${typeNameOf(operand.type)}`);
  const listed = compileMembership(elementsOf(operand));
  return removing('$pullAll', (element) => listed(element.bytes, element.type, element.start));
}
