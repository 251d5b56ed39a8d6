// The everyday part of the aggregation pipeline, as chains of sources: what drivers themselves send
// (countDocuments) and the stages that are a find in other words. Every other stage is refused by its name.
// Source: MongoDB manual, "Aggregation Stages".

import { BsonType } from '../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { elementsOf, fieldsOf, firstNameOf, integerOf, isNumber, type Field } from './bson-input.ts';
import { failedToParse, MongoCode, MongoError } from './errors.ts';
import { parseProjection } from './projection.ts';
import { Filter } from './selection.ts';
import { parseSort } from './sort.ts';
import { collectSource, filterSource, limitSource, mapSource, skipSource, sortSource, type Source } from './source.ts';

/** A stage puts itself behind what comes before it. */
export type Stage = (inner: Source) => Source;

export interface Pipeline {
  /** The `$match` at its head, which selects the items that are read. */
  readonly head: Filter;
  readonly stages: readonly Stage[];
}

/** Stages of one pipeline: MongoDB's own bound. */
const stagesMax = 1000;

/** Stages this server knows by name and does not offer yet. */
const notOffered: ReadonlySet<string> = new Set([
  '$addFields',
  '$bucket',
  '$bucketAuto',
  '$changeStream',
  '$changeStreamSplitLargeEvent',
  '$collStats',
  '$currentOp',
  '$densify',
  '$documents',
  '$facet',
  '$fill',
  '$geoNear',
  '$graphLookup',
  '$indexStats',
  '$listLocalSessions',
  '$listSampledQueries',
  '$listSearchIndexes',
  '$listSessions',
  '$lookup',
  '$merge',
  '$out',
  '$planCacheStats',
  '$querySettings',
  '$queryStats',
  '$redact',
  '$replaceRoot',
  '$replaceWith',
  '$sample',
  '$search',
  '$searchMeta',
  '$set',
  '$setWindowFields',
  '$shardedDataDistribution',
  '$sortByCount',
  '$unionWith',
  '$unset',
  '$unwind',
  '$vectorSearch',
]);

const stageMakers: ReadonlyMap<string, (operand: Raw) => Stage> = new Map<string, (operand: Raw) => Stage>([
  ['$match', matchStage],
  ['$skip', skipStage],
  ['$limit', limitStage],
  ['$project', projectStage],
  ['$sort', sortStage],
  ['$count', countStage],
  ['$group', groupStage],
]);

export function parsePipeline(stages: readonly Raw[]): Pipeline {
  if (stages.length > stagesMax) throw failedToParse(`Pipeline length must be no longer than ${stagesMax} stages`);
  const specifications = stages.map(specificationOf);
  const first = specifications[0];
  const matchesFirst = first?.name === '$match';
  return {
    head: new Filter(matchesFirst ? matchOperand(first.value) : undefined),
    stages: specifications.slice(matchesFirst ? 1 : 0).map(({ name, value }) => makerOf(name)(value)),
  };
}

function specificationOf(stage: Raw): Field {
  if (stage.type !== BsonType.object) throw typeError("Each element of the 'pipeline' array must be an object");
  const fields = fieldsOf(stage);
  if (fields.length !== 1)
    throw new MongoError(40323, 'A pipeline stage specification object must contain exactly one field.');
  makerOf(fields[0]!.name);
  return fields[0]!;
}

function makerOf(name: string): (operand: Raw) => Stage {
  const maker = stageMakers.get(name);
  if (maker !== undefined) return maker;
  if (notOffered.has(name))
    throw new MongoError(MongoCode.CommandNotSupported, `the stage ${name} is not supported by this server`);
  throw new MongoError(40324, `Unrecognized pipeline stage name: '${name}'`);
}

function typeError(message: string): MongoError {
  return new MongoError(MongoCode.TypeMismatch, message);
}

function matchOperand(operand: Raw): Uint8Array {
  if (operand.type !== BsonType.object)
    throw new MongoError(15959, 'the match filter must be an expression in an object');
  return operand.slice();
}

function matchStage(operand: Raw): Stage {
  const { matches } = new Filter(matchOperand(operand));
  return (inner) => filterSource(inner, matches);
}

function wholeNumber(operand: Raw, code: number, words: string, min: bigint): number {
  const number = isNumber(operand) ? integerOf(operand) : undefined;
  if (number === undefined || number < min) throw new MongoError(code, words);
  return Number(number);
}

function skipStage(operand: Raw): Stage {
  const count = wholeNumber(operand, 5107200, 'invalid argument to $skip stage: Expected a non-negative number', 0n);
  return (inner) => skipSource(inner, count);
}

function limitStage(operand: Raw): Stage {
  const count = wholeNumber(operand, 15958, 'the limit must be positive', 1n);
  return (inner) => limitSource(inner, count);
}

function projectStage(operand: Raw): Stage {
  if (operand.type !== BsonType.object) throw new MongoError(15969, '$project specification must be an object');
  const projection = parseProjection(operand.slice());
  if (projection === undefined)
    throw new MongoError(
      51272,
      'Invalid $project :: caused by :: projection specification must have at least one field',
    );
  if (projection.needsPosition)
    throw new MongoError(31324, 'Cannot use positional projection in aggregation projection');
  return (inner) => mapSource(inner, (document) => projection.project(document, -1));
}

function sortStage(operand: Raw): Stage {
  if (operand.type !== BsonType.object) throw new MongoError(15973, 'the $sort key specification must be an object');
  const sort = parseSort(operand.slice());
  if (sort === undefined || sort.kind === 'natural')
    throw new MongoError(15976, '$sort stage must have at least one sort key');
  return (inner) => sortSource(inner, sort, undefined);
}

/** How many documents come; `write` makes the one answer. Without any there is none. */
function counting(inner: Source, write: (writer: BsonWriter, count: number) => void): Source {
  return collectSource(inner, async (all) => {
    let count = 0;
    await all((documents) => {
      count += documents.length;
    });
    if (count === 0) return [];
    const writer = new BsonWriter(64).beginDocument();
    write(writer, count);
    return [writer.end().finish()];
  });
}

function countStage(operand: Raw): Stage {
  if (operand.type !== BsonType.string) throw new MongoError(40156, 'the count field must be a non-empty string');
  const name = textOfRaw(operand);
  if (name === '') throw new MongoError(40156, 'the count field must be a non-empty string');
  if (name.startsWith('$')) throw new MongoError(40158, 'the count field cannot be a $-prefixed path');
  if (name.includes('.')) throw new MongoError(40160, "the count field cannot contain '.'");
  return (inner) => counting(inner, (writer, count) => writer.int32(name, count));
}

/** A `$group` over one constant `_id` whose accumulators are all `{ $sum: 1 }`: what countDocuments sends. */
function groupStage(operand: Raw): Stage {
  if (operand.type !== BsonType.object) throw new MongoError(15947, "a group's fields must be specified in an object");
  const fields = fieldsOf(operand);
  const id = fields.find(({ name }) => name === '_id')?.value;
  if (id === undefined) throw new MongoError(15955, 'a group specification must include an _id');
  const isConstant =
    id.type !== BsonType.object &&
    id.type !== BsonType.array &&
    !(id.type === BsonType.string && textOfRaw(id).startsWith('$'));
  const sums = fields.filter(({ name }) => name !== '_id');
  if (!isConstant || !sums.every(({ value }) => sumsOnes(value)))
    throw new MongoError(
      MongoCode.CommandNotSupported,
      '$group is supported by this server only with a constant _id and { $sum: 1 }',
    );
  return (inner) =>
    counting(inner, (writer, count) => {
      writer.raw('_id', id);
      for (const { name } of sums) writer.int32(name, count);
    });
}

function sumsOnes(value: Raw): boolean {
  if (firstNameOf(value) !== '$sum') return false;
  const fields = fieldsOf(value);
  return fields.length === 1 && isNumber(fields[0]!.value) && integerOf(fields[0]!.value) === 1n;
}

export function pipelineOf(operand: Raw): Pipeline {
  if (operand.type !== BsonType.array) throw typeError("'pipeline' option must be specified as an array");
  return parsePipeline(elementsOf(operand));
}

export function applyStages(source: Source, stages: readonly Stage[]): Source {
  return stages.reduce((inner, stage) => stage(inner), source);
}
