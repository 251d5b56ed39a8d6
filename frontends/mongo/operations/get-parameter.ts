// getParameter: named settings, or all of them.

import type { BsonWriter } from '../../../model/bson/write.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { ElementCursor, fieldOf, textOfRaw } from '../../../model/bson/walk.ts';
import { truthOf } from '../bson-input.ts';
import type { Call, Operation } from '../call.ts';
import { MongoCode, MongoError } from '../errors.ts';
import { scramMechanism } from '../scram.ts';

type Parameter = (writer: BsonWriter, call: Call) => void;

const parameters: ReadonlyMap<string, Parameter> = new Map<string, Parameter>([
  [
    'authenticationMechanisms',
    (writer) => writer.beginArray('authenticationMechanisms').string('', scramMechanism).end(),
  ],
  ['enableTestCommands', (writer, { shared }) => writer.boolean('enableTestCommands', shared.deployment.testCommands)],
  [
    'featureCompatibilityVersion',
    (writer) => writer.beginObject('featureCompatibilityVersion').string('version', '8.0').end(),
  ],
  ['logLevel', (writer) => writer.int32('logLevel', 0)],
  ['quiet', (writer) => writer.boolean('quiet', false)],
  ['requireApiVersion', (writer) => writer.boolean('requireApiVersion', false)],
  ['transactionLifetimeLimitSeconds', (writer) => writer.int32('transactionLifetimeLimitSeconds', 60)],
]);

function run(call: Call): ReturnType<Operation['run']> {
  const { request } = call;
  const first = fieldOf(request.body, 'getParameter')!;
  const all =
    (first.type === BsonType.string && textOfRaw(first) === '*') ||
    (first.type === BsonType.object && isTrue(fieldOf(first.slice(), 'allParameters')));
  const wanted: Parameter[] = [];
  if (all) wanted.push(...parameters.values());
  else {
    const cursor = new ElementCursor(request.body);
    while (cursor.next()) {
      const parameter = parameters.get(cursor.name());
      if (parameter !== undefined) wanted.push(parameter);
    }
  }
  if (wanted.length === 0) throw new MongoError(MongoCode.InvalidOptions, 'no option found to get');
  return {
    fields: (writer) => {
      for (const parameter of wanted) parameter(writer, call);
    },
  };
}

function isTrue(value: ReturnType<typeof fieldOf>): boolean {
  return value !== undefined && truthOf(value);
}

export const getParameter: Operation = { run };
