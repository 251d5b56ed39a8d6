// A text of the expression language → a closure: field paths, variables, literals, objects, arrays, operators.
// Compiled once per command; what is constant is computed then. The depth of a text is that of its BSON, which the
// decoder has bounded. Source: MongoDB manual, "Expressions".

import { BsonType } from '../../../model/bson/types.ts';
import { findField, textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import { elementsOf, fieldsOf, firstNameOf } from '../bson-input.ts';
import { MongoCode, MongoError } from '../errors.ts';
import { operatorOf } from './operators.ts';
import { follow, pathNames } from './path.ts';
import { literal, over, type Evaluate, type Expression, type Parse } from './row.ts';
import type { Scope } from './scope.ts';
import { arrayRaw, objectRaw } from './value.ts';

export function compileExpression(text: Raw, scope: Scope): Expression {
  switch (text.type) {
    case BsonType.string: {
      const string = textOfRaw(text);
      return string.startsWith('$') ? compilePath(string, scope) : literal(text);
    }
    case BsonType.object:
      return compileObject(text, scope);
    case BsonType.array: {
      const parts = elementsOf(text).map((element) => compileExpression(element, scope));
      const evaluations = parts.map((part) => part.evaluate);
      return over(parts, (frame) => arrayRaw(evaluations.map((evaluate) => evaluate(frame))), parseIn(scope));
    }
    default:
      return literal(text);
  }
}

export function parseIn(scope: Scope): Parse {
  return { scope, expression: (text, inner) => compileExpression(text, inner ?? scope) };
}

function compilePath(text: string, scope: Scope): Expression {
  if (!text.startsWith('$$')) return variablePath('CURRENT', pathNames(text.slice(1)), scope);
  const dotted = text.slice(2);
  if (dotted === '') throw new MongoError(MongoCode.FailedToParse, 'empty variable names are not allowed');
  const point = dotted.indexOf('.');
  const name = point < 0 ? dotted : dotted.slice(0, point);
  return variablePath(name, point < 0 ? [] : pathNames(dotted.slice(point + 1)), scope);
}

function variablePath(name: string, names: readonly Uint8Array[], scope: Scope): Expression {
  const slot = scope.variables.get(name);
  if (slot !== undefined) {
    if (names.length === 0) return { evaluate: (frame) => frame.slots[slot], constant: false };
    return { evaluate: (frame) => follow(frame.slots[slot], names), constant: false };
  }
  switch (name) {
    case 'ROOT':
    case 'CURRENT': {
      if (names.length === 0) return { evaluate: (frame) => frame.root, constant: false };
      const [only] = names;
      if (names.length === 1)
        return {
          evaluate: ({ root }) => (root === undefined ? undefined : findField(root.bytes, root.start, only!)),
          constant: false,
        };
      return { evaluate: (frame) => follow(frame.root, names), constant: false };
    }
    case 'NOW': {
      const { now } = scope.environment.frame;
      return literal(names.length === 0 ? now : undefined);
    }
    case 'REMOVE':
      return literal(undefined);
    case 'CLUSTER_TIME':
    case 'SEARCH_META':
    case 'USER_ROLES':
      throw new MongoError(MongoCode.NotImplemented, `the variable $$${name} is not supported by this server`);
    default:
      throw new MongoError(17276, `Use of undefined variable: ${name}`);
  }
}

function compileObject(text: Raw, scope: Scope): Expression {
  const fields = fieldsOf(text);
  const first = firstNameOf(text);
  if (first?.startsWith('$') === true) {
    if (fields.length !== 1)
      throw new MongoError(15983, 'An object representing an expression must have exactly one field');
    return compileOperator(first, fields[0]!.value, scope);
  }
  const names = fields.map(({ name }) => checkedName(name));
  if (new Set(names).size < names.length)
    throw new MongoError(16406, 'duplicate field name specified in object literal');
  const parts = fields.map(({ value }) => compileExpression(value, scope));
  const evaluations: readonly Evaluate[] = parts.map((part) => part.evaluate);
  return over(
    parts,
    (frame) =>
      objectRaw(
        names,
        evaluations.map((evaluate) => evaluate(frame)),
      ),
    parseIn(scope),
  );
}

/** A field's name in an object that an expression makes. */
export function checkedName(name: string): string {
  if (name === '') throw new MongoError(40352, 'FieldPath cannot be constructed with empty string');
  if (name.startsWith('$'))
    throw new MongoError(16410, "FieldPath field names may not start with '$'. Consider using $getField or $setField.");
  if (name.includes('.'))
    throw new MongoError(16412, "FieldPath field names may not contain '.'. Consider using $getField or $setField.");
  return name;
}

export function compileOperator(name: string, operand: Raw, scope: Scope): Expression {
  const row = operatorOf(name);
  if (row === undefined) throw new MongoError(MongoCode.InvalidPipelineOperator, `Unrecognized expression '${name}'`);
  return row.compile(operand, parseIn(scope));
}
