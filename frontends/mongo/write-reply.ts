// What a write command answers: counts, and for each statement that failed an entry of `writeErrors`. An error
// that leaves unknown what happened, or says that no write works now, fails the whole command instead: drivers
// retry that. Source: MongoDB driver specifications "CRUD", "Retryable Writes", "Read/Write Concern".

import { DatabaseError, type ErrorCode } from '../../model/errors.ts';
import { BsonType } from '../../model/bson/types.ts';
import type { BsonWriter } from '../../model/bson/write.ts';
import { textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { Arguments } from './arguments.ts';
import { isNumber, numberOf } from './bson-input.ts';
import type { Call, Reply } from './call.ts';
import { duplicateKey, failedToParse, MongoCode, MongoError, mongoErrorOf } from './errors.ts';
import { idIndexName } from './index-specification.ts';
import type { Namespace } from './namespace.ts';

export interface WriteFailure {
  readonly index: number;
  readonly error: MongoError;
}

const ofCommand: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NotLeader',
  'OutcomeUnknown',
  'StorageFull',
  'Unavailable',
  'Cancelled',
  'Internal',
]);

/** The error of one statement; throws what concerns the whole command. */
export function statementError(error: unknown): MongoError {
  if (error instanceof MongoError) return error;
  if (error instanceof DatabaseError && !ofCommand.has(error.code)) return mongoErrorOf(error);
  throw error;
}

/** The error of an insertion: a taken identity is told as the key that is taken. */
export function insertError(error: unknown, namespace: Namespace, id: Raw): MongoError {
  return error instanceof DatabaseError && error.code === 'ItemExists'
    ? duplicateId(namespace, id)
    : statementError(error);
}

/** The error of a document whose `_id` is taken. */
export function duplicateId(namespace: Namespace, id: Raw): MongoError {
  return duplicateKey({
    container: namespace.text,
    name: idIndexName,
    entries: [{ path: '_id', direction: 1, value: id }],
  });
}

export function writeFailures(writer: BsonWriter, failures: readonly WriteFailure[]): void {
  if (failures.length === 0) return;
  writer.beginArray('writeErrors');
  for (const { index, error } of failures) {
    writer.beginObject('').int32('index', index).int32('code', error.code);
    if (error.details !== undefined) writer.span(error.details, 4, error.details.length - 1);
    writer.string('errmsg', error.message).end();
  }
  writer.end();
}

/** Statements of one command. */
export const batchItemsMax = 100_000;

export function checkBatch(count: number): void {
  if (count < 1 || count > batchItemsMax)
    throw new MongoError(
      MongoCode.InvalidLength,
      `Write batch sizes must be between 1 and ${batchItemsMax}. Got ${count} operations.`,
    );
}

/** A reply with what its write concern could not be given. One node is one member: it holds w 0, 1 and majority. */
export function withWriteConcern({ args }: Call, fields: Reply['fields']): Reply {
  const unmet = unmetConcern(args);
  if (unmet === undefined) return { fields };
  return {
    fields: (writer) => {
      fields(writer);
      writer
        .beginObject('writeConcernError')
        .int32('code', unmet.code)
        .string('codeName', unmet === noSuchMode ? 'UnknownReplWriteConcern' : 'CannotSatisfyWriteConcern')
        .string('errmsg', unmet.message)
        .end();
    },
  };
}

const tooFewNodes = new MongoError(MongoCode.CannotSatisfyWriteConcern, 'Not enough data-bearing nodes');
const noSuchMode = new MongoError(
  MongoCode.UnknownReplWriteConcern,
  'No write concern mode with that name found in replica set configuration',
);

const nodesMax = 50;

function unmetConcern(args: Arguments): MongoError | undefined {
  const concern = args.object('writeConcern');
  if (concern === undefined) return undefined;
  const w = new Arguments('writeConcern', concern.slice(), undefined).get('w');
  if (w === undefined) return undefined;
  if (w.type === BsonType.string) return textOfRaw(w) === 'majority' ? undefined : noSuchMode;
  if (w.type === BsonType.object) return noSuchMode;
  if (!isNumber(w)) throw failedToParse('w has to be a number, string, or object; found a value of another type');
  const nodes = numberOf(w);
  if (!(nodes >= 0 && nodes <= nodesMax))
    throw failedToParse(`w has to be a non-negative number and not greater than ${nodesMax}`);
  return nodes > 1 ? tooFewNodes : undefined;
}
