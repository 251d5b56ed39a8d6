// $unionWith: the documents of another collection behind those that come. $documents: documents out of the text.
// Source: MongoDB manual, "$unionWith", "$documents".

import { BsonType } from '../../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { elementsOf, fieldsOf, typeNameOf } from '../../bson-input.ts';
import { failedToParse, MongoCode, MongoError } from '../../errors.ts';
import { listSource } from '../../source.ts';
import { compileExpression } from '../expression.ts';
import { chainSource } from '../sliced.ts';
import type { Stage, StageContext } from '../stage.ts';
import { elements, isArray, typeName } from '../value.ts';
import { collectionSource, type CompileInner } from './lookup.ts';

export function unionWith(operand: Raw, context: StageContext, compile: CompileInner): Stage {
  const { call, database } = context;
  if (call === undefined) throw new MongoError(MongoCode.InvalidOptions, '$unionWith is not allowed here');
  let collection: string | undefined;
  let stages: readonly Raw[] = [];
  if (operand.type === BsonType.string) collection = textOfRaw(operand);
  else if (operand.type === BsonType.object) {
    for (const { name, value } of fieldsOf(operand)) {
      if (name === 'coll' && value.type === BsonType.string) collection = textOfRaw(value);
      else if (name === 'pipeline' && value.type === BsonType.array) stages = elementsOf(value);
      else throw failedToParse(`BSON field '$unionWith.${name}' is an unknown field or of the wrong type.`);
    }
  } else
    throw failedToParse(
      `the $unionWith stage specification must be an object or string, but found ${typeNameOf(operand.type)}`,
    );
  const inner = compile(stages, { ...context, surrounding: '$unionWith', level: context.level + 1 });
  if (collection === undefined && !inner.makesDocuments)
    throw failedToParse("$unionWith needs 'coll' unless its pipeline begins with $documents");
  return (source) =>
    chainSource(source, () =>
      inner.open((head) =>
        collection === undefined ? listSource([]) : collectionSource(call, database, collection, head),
      ),
    );
}

export function documentsOf(operand: Raw, { scope }: StageContext): Stage {
  const { evaluate } = compileExpression(operand, scope);
  return () => {
    const { frame } = scope.environment;
    frame.root = undefined;
    const list = evaluate(frame);
    if (!isArray(list)) throw new MongoError(5858203, `an array is expected in $documents, found: ${typeName(list)}`);
    return listSource(
      elements(list).map((document) => {
        if (document.type !== BsonType.object)
          throw new MongoError(40228, `an array of objects is expected in $documents, found: ${typeName(document)}`);
        return document.slice();
      }),
    );
  };
}
