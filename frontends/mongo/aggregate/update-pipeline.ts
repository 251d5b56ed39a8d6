// A pipeline as an update: the stages that make one document out of one, one after the other.
// Source: MongoDB manual, "Updates with Aggregation Pipeline".

import { BsonType } from '../../../model/bson/types.ts';
import { rawDocument, type Raw } from '../../../model/bson/walk.ts';
import { fieldsOf } from '../bson-input.ts';
import { MongoCode, MongoError } from '../errors.ts';
import { checkDepth } from './depth.ts';
import type { Scope } from './scope.ts';
import { isStageName } from './pipeline.ts';
import { reshapes, type Reshape } from './stages/shape.ts';

/** Stages of one update. */
const stagesMax = 1000;

export function compileUpdatePipeline(stages: readonly Raw[], scope: Scope): Reshape {
  if (stages.length > stagesMax)
    throw new MongoError(MongoCode.FailedToParse, `Pipeline length must be no longer than ${stagesMax} stages`);
  const steps = stages.map((stage) => {
    if (stage.type !== BsonType.object)
      throw new MongoError(MongoCode.TypeMismatch, "Each element of the 'pipeline' array must be an object");
    const fields = fieldsOf(stage);
    if (fields.length !== 1)
      throw new MongoError(40323, 'A pipeline stage specification object must contain exactly one field.');
    const { name, value } = fields[0]!;
    const compile = reshapes.get(name);
    if (compile !== undefined) return compile(value, scope);
    if (isStageName(name))
      throw new MongoError(MongoCode.InvalidOptions, `${name} is not allowed to be used within an update`);
    throw new MongoError(40324, `Unrecognized pipeline stage name: '${name}'`);
  });
  return (document) => {
    let current = document;
    for (const step of steps) {
      current = step(current);
      checkDepth(rawDocument(current));
    }
    return current;
  };
}
