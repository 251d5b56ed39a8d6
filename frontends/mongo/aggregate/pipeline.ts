// A pipeline: its leading $match, $sort, $skip and $limit as one selection, which the index can answer, and the
// stages behind it as a chain of sources. Why a chain and not the algebra of core: docs/decisions/0004.
// Source: MongoDB manual, "Aggregation Pipeline", "Aggregation Stages", "Aggregation Pipeline Optimization".

import { BsonType } from '../../../model/bson/types.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import { conjunction } from '../../../model/predicate.ts';
import { elementsOf, fieldsOf, type Field } from '../bson-input.ts';
import { failedToParse, MongoCode, MongoError } from '../errors.ts';
import { Filter } from '../selection.ts';
import type { Sort } from '../sort.ts';
import { limitSource, listSource, skipSource, type Source } from '../source.ts';
import { bucketAutoStages } from './stages/bucket-auto.ts';
import { facet } from './stages/facet.ts';
import { graphLookupStages } from './stages/graph-lookup.ts';
import { groupStages } from './stages/group.ts';
import { lookup } from './stages/lookup.ts';
import { redactStages } from './stages/redact.ts';
import { limitCount, matchFilter, selectionStages, skipCount, sortOf, sortStage } from './stages/selection.ts';
import { shapeStages } from './stages/shape.ts';
import { documentsOf, unionWith } from './stages/union.ts';
import { unwindStages } from './stages/unwind.ts';
import { eachSource } from './sliced.ts';
import { tallyOf, type Tally } from './tally.ts';
import { pipelineLevelsMax, type Stage, type StageContext, type StageRow } from './stage.ts';

/** Stages of one pipeline: MongoDB's own bound. */
const stagesMax = 1000;

/** Stages this server knows by name and does not offer. */
const notOffered: ReadonlySet<string> = new Set([
  '$changeStream',
  '$changeStreamSplitLargeEvent',
  '$collStats',
  '$currentOp',
  '$densify',
  '$fill',
  '$geoNear',
  '$indexStats',
  '$listLocalSessions',
  '$listSampledQueries',
  '$listSearchIndexes',
  '$listSessions',
  '$merge',
  '$out',
  '$planCacheStats',
  '$querySettings',
  '$queryStats',
  '$search',
  '$searchMeta',
  '$setWindowFields',
  '$shardedDataDistribution',
  '$vectorSearch',
]);

const rows: readonly StageRow[] = [
  ...selectionStages,
  ...shapeStages,
  ...unwindStages,
  ...groupStages,
  ...bucketAutoStages,
  ...redactStages,
  ...graphLookupStages,
  {
    name: '$facet',
    compile: (operand, context) => facet(operand, context, (stages, inner) => chainOf(compilePipeline(stages, inner))),
    refusedIn: new Set(['$facet']),
  },
  { name: '$lookup', compile: (operand, context) => lookup(operand, context, compilePipeline) },
  { name: '$unionWith', compile: (operand, context) => unionWith(operand, context, compilePipeline) },
  { name: '$documents', compile: documentsOf, refusedIn: new Set(['$facet']), place: 'first' },
];

const byName: ReadonlyMap<string, StageRow> = new Map(rows.map((row) => [row.name, row]));

export const stageNames: readonly string[] = [...byName.keys()].sort();

/** Whether MongoDB has a stage of that name, offered here or not. */
export function isStageName(name: string): boolean {
  return byName.has(name) || notOffered.has(name);
}

/** What the documents of a pipeline are selected by, before its other stages see them. */
export interface Head {
  readonly filter: Filter;
  readonly sort: Sort | undefined;
  readonly skip: number;
  /** 0 is no limit. */
  readonly limit: number;
}

export interface CompiledPipeline {
  readonly head: Head;
  readonly stages: readonly Stage[];
  /** The stages as they were given. */
  readonly texts: readonly Raw[];
  /** What the first of the stages needs to know, where that is no document. */
  readonly tally: Tally | undefined;
  /** Whether it begins with `$documents`, and so reads no collection. */
  readonly makesDocuments: boolean;
  /** All of it over what `read` gives for the head's filter. */
  readonly open: (read: (filter: Filter) => Source) => Source;
}

export function pipelineOf(operand: Raw, context: StageContext): CompiledPipeline {
  if (operand.type !== BsonType.array)
    throw new MongoError(MongoCode.TypeMismatch, "'pipeline' option must be specified as an array");
  return compilePipeline(elementsOf(operand), context);
}

export function compilePipeline(texts: readonly Raw[], context: StageContext): CompiledPipeline {
  if (texts.length > stagesMax) throw failedToParse(`Pipeline length must be no longer than ${stagesMax} stages`);
  if (context.level > pipelineLevelsMax)
    throw new MongoError(
      MongoCode.ExceededMemoryLimit,
      `Maximum number of nested sub-pipelines exceeded. Limit is ${pipelineLevelsMax}`,
    );
  const fields = texts.map(fieldOfStage);
  for (const [i, { name }] of fields.entries()) checkPlace(rowOf(name), i, context);
  const { head, length } = headOf(fields, context);
  const stages = stagesOf(fields.slice(length), context);
  const makesDocuments = fields[0]?.name === '$documents';
  const next = fields[length];
  return {
    head,
    stages,
    texts: texts.slice(length),
    tally: next === undefined || makesDocuments ? undefined : tallyOf(next, context.scope),
    makesDocuments,
    open: (read) => applyStages(headSource(head, makesDocuments ? listSource([]) : read(head.filter)), stages),
  };
}

/** A pipeline whose documents come from another stage. */
function chainOf({ head, stages }: CompiledPipeline): Stage {
  const { matches } = head.filter;
  return (inner) => {
    const selected = head.filter.isEmpty ? inner : matchingSource(inner, matches);
    return applyStages(headSource(head, selected), stages);
  };
}

function matchingSource(inner: Source, matches: (document: Uint8Array) => boolean): Source {
  return eachSource(inner, (document) => (matches(document) ? document : undefined));
}

/** What follows the filter of a head. */
function headSource({ sort, skip, limit }: Head, selected: Source): Source {
  let source = selected;
  if (sort !== undefined) source = sortStage(sort, limit === 0 ? undefined : skip + limit)(source);
  if (skip > 0) source = skipSource(source, skip);
  if (limit > 0) source = limitSource(source, limit);
  return source;
}

export function applyStages(source: Source, stages: readonly Stage[]): Source {
  return stages.reduce((inner, stage) => stage(inner), source);
}

function fieldOfStage(stage: Raw): Field {
  if (stage.type !== BsonType.object)
    throw new MongoError(MongoCode.TypeMismatch, "Each element of the 'pipeline' array must be an object");
  const fields = fieldsOf(stage);
  if (fields.length !== 1)
    throw new MongoError(40323, 'A pipeline stage specification object must contain exactly one field.');
  return fields[0]!;
}

function rowOf(name: string): StageRow {
  const row = byName.get(name);
  if (row !== undefined) return row;
  if (notOffered.has(name))
    throw new MongoError(MongoCode.CommandNotSupported, `the stage ${name} is not supported by this server`);
  throw new MongoError(40324, `Unrecognized pipeline stage name: '${name}'`);
}

function checkPlace({ name, place, refusedIn }: StageRow, position: number, { surrounding }: StageContext): void {
  if (refusedIn?.has(surrounding) === true)
    throw new MongoError(40600, `${name} is not allowed to be used within a ${surrounding} stage`);
  if (place === 'first' && position > 0)
    throw new MongoError(40602, `${name} is only valid as the first stage in a pipeline`);
}

/** The leading stages that select: filters before and after one sort, then a skip, then a limit. */
function headOf(fields: readonly Field[], { scope }: StageContext): { readonly head: Head; readonly length: number } {
  const filters: Filter[] = [];
  let sort: Sort | undefined;
  let skip = 0;
  let limit = 0;
  let length = 0;
  for (const { name, value } of fields) {
    const ordered = skip > 0 || limit > 0;
    if (name === '$match' && !ordered) filters.push(matchFilter(value, scope));
    else if (name === '$sort' && sort === undefined && !ordered) sort = sortOf(value);
    else if (name === '$skip' && !ordered) skip = skipCount(value);
    else if (name === '$limit' && limit === 0) limit = limitCount(value);
    else break;
    length++;
  }
  const filter =
    filters.length === 1 ? filters[0]! : new Filter(conjunction(filters.map(({ predicate }) => predicate)));
  return { head: { filter, sort, skip, limit }, length };
}

function stagesOf(fields: readonly Field[], context: StageContext): readonly Stage[] {
  return fields.map(({ name, value }, i) => {
    if (name !== '$sort') return rowOf(name).compile(value, context);
    // A sort that a limit follows keeps no more documents than that.
    return sortStage(sortOf(value), keptOf(fields, i + 1));
  });
}

/** How many documents of a sort the skip and limit behind it leave. */
function keptOf(fields: readonly Field[], from: number): number | undefined {
  let skipped = 0;
  for (const { name, value } of fields.slice(from)) {
    if (name === '$limit') return skipped + limitCount(value);
    if (name !== '$skip') return undefined;
    skipped += skipCount(value);
  }
  return undefined;
}
