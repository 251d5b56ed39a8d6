// Stages that give documents another shape: $project, $addFields, $set, $unset, $replaceRoot, $replaceWith.
// Source: MongoDB manual, "Aggregation Stages".

import { BsonType } from '../../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { elementsOf, typeNameOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { parseProjection } from '../../projection.ts';
import { compileAssignments } from '../assign.ts';
import { checkDepth } from '../depth.ts';
import { compileExpression } from '../expression.ts';
import { namedOperands } from '../row.ts';
import type { Scope } from '../scope.ts';
import { eachSource } from '../sliced.ts';
import type { Stage, StageRow } from '../stage.ts';
import { isObject, typeName } from '../value.ts';
import { rawDocument } from '../../../../model/bson/walk.ts';

/** What a stage makes of one document. */
export type Reshape = (document: Uint8Array) => Uint8Array;

/** As a stage: what it makes may not nest deeper than documents do. */
export function reshaping(reshape: Reshape): Stage {
  return (inner) =>
    eachSource(inner, (document) => {
      const result = reshape(document);
      checkDepth(rawDocument(result));
      return result;
    });
}

function project(operand: Raw, scope: Scope): Reshape {
  if (operand.type !== BsonType.object) throw new MongoError(15969, '$project specification must be an object');
  const projection = parseProjection(operand.slice(), { scope, stage: true });
  if (projection === undefined)
    throw new MongoError(
      51272,
      'Invalid $project :: caused by :: projection specification must have at least one field',
    );
  if (projection.needsPosition)
    throw new MongoError(31324, 'Cannot use positional projection in aggregation projection');
  return (document) => projection.project(document, -1);
}

function unset(operand: Raw, scope: Scope): Reshape {
  const given = operand.type === BsonType.array ? elementsOf(operand) : [operand];
  if (operand.type !== BsonType.array && operand.type !== BsonType.string)
    throw new MongoError(31002, '$unset specification must be a string or an array');
  if (given.length === 0)
    throw new MongoError(31119, '$unset specification must be a string or an array with at least one field');
  const writer = new BsonWriter(256).beginDocument();
  for (const name of given) {
    if (name.type !== BsonType.string)
      throw new MongoError(31120, '$unset specification must be a string or an array containing only string values');
    writer.int32(textOfRaw(name), 0);
  }
  const projection = parseProjection(writer.end().finish(), { scope, stage: true })!;
  return (document) => projection.project(document, -1);
}

function replaceRoot(operand: Raw, scope: Scope): Reshape {
  if (operand.type !== BsonType.object)
    throw new MongoError(
      40229,
      `expected an object as specification for $replaceRoot stage, got ${typeNameOf(operand.type)}`,
    );
  const given = namedOperands('$replaceRoot stage', operand, ['newRoot'], [], {
    notObject: 40229,
    unknown: 40230,
    missing: 40231,
  });
  return replacing("'newRoot' expression ", given.get('newRoot')!, scope);
}

function replacing(what: string, text: Raw, scope: Scope): Reshape {
  const { evaluate } = compileExpression(text, scope);
  const { frame } = scope.environment;
  return (document) => {
    frame.enter(document);
    const value = evaluate(frame);
    if (!isObject(value))
      throw new MongoError(
        40228,
        `${what} must evaluate to an object, but resulting value was of type: '${typeName(value)}'`,
      );
    return value.bytes === document && value.start === 0 ? document : value.slice().slice();
  };
}

/** Stages that look at one document at a time: those that an update may have. */
export const reshapes: ReadonlyMap<string, (operand: Raw, scope: Scope) => Reshape> = new Map<
  string,
  (operand: Raw, scope: Scope) => Reshape
>([
  ['$project', project],
  ['$addFields', (operand, scope) => compileAssignments('$addFields', operand, scope)],
  ['$set', (operand, scope) => compileAssignments('$set', operand, scope)],
  ['$unset', unset],
  ['$replaceRoot', replaceRoot],
  ['$replaceWith', (operand, scope) => replacing("'replacement document' ", operand, scope)],
]);

export const shapeStages: readonly StageRow[] = [...reshapes].map(([name, compile]) => ({
  name,
  compile: (operand, { scope }) => reshaping(compile(operand, scope)),
}));
