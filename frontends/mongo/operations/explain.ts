// explain: how a read is answered, in the shape of MongoDB's explain. The stages are those of the access that was
// chosen, and with `executionStats` the read is run and its numbers are real; there are never rejected plans.
// Source: MongoDB manual, "explain", "Explain Results".

import { BsonType } from '../../../model/bson/types.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { Arguments } from '../arguments.ts';
import { fieldsOf } from '../bson-input.ts';
import { collectionOf, type Call, type Operation, type Reply } from '../call.ts';
import { countByIndex } from '../counting.ts';
import { failedToParse, MongoCode, MongoError } from '../errors.ts';
import { accessStage, countStage, writeStage, type Stage } from '../explained-stage.ts';
import { hintOf } from '../hint.ts';
import { namespaceOf, type Namespace } from '../namespace.ts';
import { commandScope } from '../aggregate/command.ts';
import { applyStages, pipelineOf } from '../aggregate/pipeline.ts';
import { findOf, sourceOfFind } from '../query.ts';
import { Filter, Selection, selectionSource } from '../selection.ts';
import type { Sort } from '../sort.ts';
import { drain, type Source } from '../source.ts';

interface Opened {
  readonly source: Source;
  readonly selection: Selection;
  /** The stages above the access, innermost first. */
  readonly above: (inner: Stage, isOrdered: boolean) => Stage;
}

interface Explained {
  readonly filter: Filter;
  readonly parsed: Uint8Array | undefined;
  readonly open: (container: ContainerRecord) => Opened;
  /** The command only counts. */
  readonly counts: boolean;
  /** The stages of a pipeline behind what the plan does, as they were given. */
  readonly behind: readonly Raw[];
}

/** What stands above the access in a plan that orders and cuts. */
function selectedStage(
  access: Stage,
  { sort, skip, limit }: { readonly sort: Sort | undefined; readonly skip: number; readonly limit: number },
  isOrdered: boolean,
  sortPattern: Uint8Array | undefined,
): Stage {
  let stage = access;
  if (sort?.kind === 'fields' && !isOrdered) stage = { name: 'SORT', inner: [stage], sortPattern, memLimit: true };
  if (skip > 0) stage = { name: 'SKIP', inner: [stage], amount: skip };
  if (limit > 0) stage = { name: 'LIMIT', inner: [stage], amount: limit };
  return stage;
}

function sortPatternOf(sort: Sort | undefined): Uint8Array | undefined {
  if (sort?.kind !== 'fields') return undefined;
  const writer = new BsonWriter(64).beginDocument();
  for (const { path, direction } of sort.fields) writer.int32(path.join('.'), direction);
  return writer.end().finish();
}

async function run(call: Call): Promise<Reply> {
  const { args, request } = call;
  const explained = args.required('explain');
  if (explained.type !== BsonType.object) throw failedToParse('explain command requires a nested object');
  const verbosity = args.string('verbosity') ?? 'allPlansExecution';
  if (!['queryPlanner', 'executionStats', 'allPlansExecution'].includes(verbosity))
    throw failedToParse("verbosity string must be one of {'queryPlanner', 'executionStats', 'allPlansExecution'}");
  const command = fieldsOf(explained)[0];
  if (command === undefined) throw failedToParse('explain command requires a nested object');
  const inner = new Arguments(command.name, explained.slice(), undefined);
  const namespace = namespaceOf(command.name, request.database, command.value);
  const plan = planOf(call, namespace, command.name, inner);
  const container = collectionOf(call, namespace);
  const answer = await answerOf(call, container, plan, verbosity !== 'queryPlanner');
  return {
    fields: (writer) => {
      writer.string('explainVersion', '1');
      // A pipeline that goes on behind its plan is shown as its stages, of which the plan is the first.
      if (plan.behind.length > 0) writer.beginArray('stages').beginObject('').beginObject('$cursor');
      writer.beginObject('queryPlanner').string('namespace', namespace.text);
      if (plan.parsed !== undefined) writer.document('parsedQuery', plan.parsed);
      writer.boolean('indexFilterSet', false).boolean('maxIndexedOrSolutionsReached', false);
      writeStage(writer, 'winningPlan', answer.stage, false);
      writer.beginArray('rejectedPlans').end().end();
      if (answer.statistics !== undefined)
        writeStatistics(writer, answer.stage, answer.statistics, verbosity === 'allPlansExecution');
      if (plan.behind.length > 0) {
        writer.end().end();
        for (const stage of plan.behind) writer.raw('', stage);
        writer.end();
      }
      writer.document('command', explained.slice());
      writer.beginObject('serverInfo').int32('port', call.shared.port());
      writer.string('version', call.shared.deployment.version).end();
    },
  };
}

function planOf(call: Call, namespace: Namespace, name: string, args: Arguments): Explained {
  const scope = commandScope(call, args);
  const scan = (parsed: Uint8Array | undefined, counts = false): Explained => {
    const filter = new Filter(parsed, hintOf(call, namespace, args), scope);
    return {
      filter,
      parsed,
      counts,
      behind: [],
      open: (container) => {
        const selection = new Selection(call, container, filter);
        return { source: selectionSource(selection), selection, above: (inner) => inner };
      },
    };
  };
  switch (name) {
    case 'find': {
      const find = findOf(call, namespace, args);
      const { filter, sort, skip, limit, projection } = find;
      return {
        filter,
        parsed: args.document('filter'),
        counts: false,
        behind: [],
        open: (container) => ({
          ...sourceOfFind(call, container, find),
          above: (inner, isOrdered) => {
            const stage = selectedStage(inner, { sort, skip, limit }, isOrdered, args.document('sort'));
            return projection === undefined ? stage : { name: 'PROJECTION_DEFAULT', inner: [stage] };
          },
        }),
      };
    }
    case 'count':
      return scan(args.document('query'), true);
    case 'distinct':
    case 'findAndModify':
    case 'findandmodify':
      return scan(args.document('query'));
    case 'update':
    case 'delete': {
      const statement = args.documents(name === 'update' ? 'updates' : 'deletes').documents[0];
      if (statement === undefined) throw failedToParse('explained write batches must be of size 1');
      return scan(new Arguments(name, statement, undefined).document('q'));
    }
    case 'aggregate': {
      const { head, stages, texts, tally } = pipelineOf(args.required('pipeline'), {
        call,
        database: call.request.database,
        scope,
        surrounding: 'top',
        level: 0,
      });
      return {
        filter: head.filter,
        parsed: undefined,
        counts: tally?.kind === 'count' && head.skip === 0 && head.limit === 0,
        behind: texts,
        open: (container) => {
          const { source, selection } = sourceOfFind(call, container, { ...head, projection: undefined });
          return {
            source: applyStages(source, stages),
            selection,
            above: (inner, isOrdered) => selectedStage(inner, head, isOrdered, sortPatternOf(head.sort)),
          };
        },
      };
    }
    default:
      throw new MongoError(MongoCode.CommandNotFound, `Explain failed due to unknown command: ${name}`);
  }
}

interface Statistics {
  readonly returned: number;
  readonly keys: number;
  readonly documents: number;
  readonly milliseconds: number;
}

interface Answer {
  readonly stage: Stage;
  readonly statistics: Statistics | undefined;
}

const nothing: Statistics = { returned: 0, keys: 0, documents: 0, milliseconds: 0 };

async function answerOf(
  call: Call,
  container: ContainerRecord | undefined,
  plan: Explained,
  runs: boolean,
): Promise<Answer> {
  if (container === undefined) return { stage: { name: 'EOF', inner: [] }, statistics: runs ? nothing : undefined };
  const startMs = performance.now();
  const counted = plan.counts ? await countByIndex(call, container, plan.filter) : undefined;
  const { source, selection, above } = plan.open(container);
  try {
    const isOrdered = await selection.open();
    const access = accessStage(container, selection);
    const milliseconds = (): number => Math.round(performance.now() - startMs);
    if (counted !== undefined)
      return {
        stage: countStage(access, plan.filter.isEmpty, counted),
        statistics: runs
          ? { ...nothing, keys: plan.filter.isEmpty ? 0 : counted, milliseconds: milliseconds() }
          : undefined,
      };
    if (!runs) return { stage: counting(above(access, isOrdered), plan.counts, undefined), statistics: undefined };
    let returned = 0;
    await drain(source, (documents) => (returned += documents.length), call.signal);
    const { examined } = selection;
    const byIndex = selection.access.kind === 'ids' || selection.searchAccess?.kind !== 'scan';
    return {
      stage: counting(above(withNumbers(access, examined), isOrdered), plan.counts, returned),
      statistics: {
        returned: plan.counts ? 0 : returned,
        keys: byIndex ? examined : 0,
        documents: examined,
        milliseconds: milliseconds(),
      },
    };
  } finally {
    source.close();
  }
}

function counting(stage: Stage, counts: boolean, counted: number | undefined): Stage {
  return counts ? { name: 'COUNT', inner: [stage], counted } : stage;
}

/** The access with what it looked at. */
function withNumbers(stage: Stage, examined: number): Stage {
  const inner = stage.inner.map((each) => withNumbers(each, examined));
  const readsDocuments = stage.name === 'FETCH' || stage.name === 'COLLSCAN' || stage.name === 'IDHACK';
  return {
    ...stage,
    inner,
    documents: readsDocuments ? examined : undefined,
    keys: stage.name === 'IXSCAN' || stage.name === 'IDHACK' ? examined : undefined,
  };
}

function writeStatistics(
  writer: BsonWriter,
  stage: Stage,
  { returned, keys, documents, milliseconds }: Statistics,
  all: boolean,
): void {
  writer.beginObject('executionStats').boolean('executionSuccess', true).int32('nReturned', returned);
  writer.int32('executionTimeMillis', milliseconds);
  writer.int32('totalKeysExamined', keys).int32('totalDocsExamined', documents);
  writeStage(writer, 'executionStages', { ...stage, returned }, true);
  if (all) writer.beginArray('allPlansExecution').end();
  writer.end();
}

export const explain: Operation = { arguments: new Set(['explain', 'verbosity']), run };
