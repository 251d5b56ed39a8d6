// Equalities that a leading `$match` with `$expr` demands of a field: `{ $eq: ['$field', '$$variable'] }`, alone or
// under `$and`. As predicates on paths an index can answer them, where the expression itself cannot be. They select
// too much, never too little: only atoms other than null are told, of which a path holds every one that equals.

import { BsonType } from '../../../model/bson/types.ts';
import { childOf, textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import type { Predicate } from '../../../model/predicate.ts';
import { elementsOf, fieldsOf } from '../bson-input.ts';
import { fieldPath } from '../field-path.ts';
import { compileExpression } from './expression.ts';
import type { Frame, Scope } from './scope.ts';

/** The predicate for the variables' values at hand, or undefined where they say nothing. */
export type EqualityHint = (frame: Frame) => Predicate | undefined;

/** Types whose values a path predicate compares as `$eq` does. */
const atoms: ReadonlySet<number> = new Set([
  BsonType.double,
  BsonType.int32,
  BsonType.int64,
  BsonType.decimal128,
  BsonType.string,
  BsonType.objectId,
  BsonType.boolean,
  BsonType.date,
]);

export function equalityHints(stage: Raw, scope: Scope): readonly EqualityHint[] {
  const match = childOf(stage, '$match');
  const expression = match?.type === BsonType.object ? childOf(match, '$expr') : undefined;
  if (expression?.type !== BsonType.object) return [];
  const both = childOf(expression, '$and');
  const parts = both?.type === BsonType.array ? elementsOf(both) : [expression];
  return parts.flatMap((part) => hintOf(part, scope) ?? []);
}

function hintOf(part: Raw, scope: Scope): EqualityHint | undefined {
  const operands = part.type === BsonType.object && fieldsOf(part).length === 1 ? childOf(part, '$eq') : undefined;
  if (operands?.type !== BsonType.array) return undefined;
  const [left, right, ...more] = elementsOf(operands);
  if (left === undefined || right === undefined || more.length > 0) return undefined;
  const field = isField(left, scope) ? left : isField(right, scope) ? right : undefined;
  const other = field === left ? right : left;
  if (field === undefined || !isVariable(other, scope)) return undefined;
  const path = fieldPath(textOfRaw(field).slice(1));
  const { evaluate } = compileExpression(other, scope);
  return (frame) => {
    const value = evaluate(frame);
    if (value === undefined || !atoms.has(value.type)) return undefined;
    return { kind: 'path', path, test: { kind: 'compare', operator: 'eq', value } };
  };
}

function isField(operand: Raw, scope: Scope): boolean {
  if (operand.type !== BsonType.string || scope.variables.has('CURRENT')) return false;
  const text = textOfRaw(operand);
  return text.startsWith('$') && !text.startsWith('$$');
}

/** A variable that is bound outside, whatever the document. */
function isVariable(operand: Raw, scope: Scope): boolean {
  if (operand.type !== BsonType.string) return atoms.has(operand.type);
  const text = textOfRaw(operand);
  if (!text.startsWith('$')) return true;
  return text.startsWith('$$') && scope.variables.has(text.slice(2).split('.', 1)[0]!);
}
