// explain: how a read is answered, in the shape of MongoDB's explain, with items examined and returned. There are
// two ways: look-ups of `_id` (IDHACK) and a look at every item (COLLSCAN).

import { BsonType } from '../../../model/bson/types.ts';
import type { BsonWriter } from '../../../model/bson/write.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { Arguments } from '../arguments.ts';
import { fieldsOf } from '../bson-input.ts';
import { collectionOf, type Call, type Operation, type Reply } from '../call.ts';
import { failedToParse, MongoCode, MongoError } from '../errors.ts';
import { namespaceOf, type Namespace } from '../namespace.ts';
import { commandScope } from '../aggregate/command.ts';
import { applyStages, pipelineOf } from '../aggregate/pipeline.ts';
import { findOf, sourceOfFind } from '../query.ts';
import { accessOf, Filter, Selection, selectionSource } from '../selection.ts';
import { drain, type Source } from '../source.ts';

interface Explained {
  readonly filter: Filter;
  readonly open: (container: ContainerRecord) => { readonly source: Source; readonly selection: Selection };
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
  const plan = planOf(call, command.name, inner);
  const container = collectionOf(call, namespace);
  const statistics = verbosity === 'queryPlanner' ? undefined : await execute(call, container, plan);
  return { fields: (writer) => writePlan(writer, call, namespace, container, plan.filter, statistics) };
}

function planOf(call: Call, name: string, args: Arguments): Explained {
  const scan = (filter: Filter): Explained => ({
    filter,
    open: (container) => {
      const selection = new Selection(call, container, filter);
      return { source: selectionSource(selection), selection };
    },
  });
  const scope = commandScope(call, args);
  switch (name) {
    case 'find': {
      const find = findOf(call, args);
      return { filter: find.filter, open: (container) => sourceOfFind(call, container, find) };
    }
    case 'count':
    case 'distinct':
    case 'findAndModify':
    case 'findandmodify':
      return scan(new Filter(args.document('query'), scope));
    case 'update':
    case 'delete': {
      const statement = args.documents(name === 'update' ? 'updates' : 'deletes').documents[0];
      if (statement === undefined) throw failedToParse('explained write batches must be of size 1');
      return scan(new Filter(new Arguments(name, statement, undefined).document('q'), scope));
    }
    case 'aggregate': {
      const { head, stages } = pipelineOf(args.required('pipeline'), {
        call,
        database: call.request.database,
        scope,
        surrounding: 'top',
        level: 0,
      });
      return {
        filter: head.filter,
        open: (container) => {
          const { source, selection } = sourceOfFind(call, container, { ...head, projection: undefined });
          return { source: applyStages(source, stages), selection };
        },
      };
    }
    default:
      throw new MongoError(MongoCode.CommandNotFound, `Explain failed due to unknown command: ${name}`);
  }
}

interface Statistics {
  readonly returned: number;
  readonly examined: number;
  readonly milliseconds: number;
}

async function execute(call: Call, container: ContainerRecord | undefined, plan: Explained): Promise<Statistics> {
  if (container === undefined) return { returned: 0, examined: 0, milliseconds: 0 };
  const startMs = performance.now();
  const { source, selection } = plan.open(container);
  let returned = 0;
  await drain(source, (documents) => (returned += documents.length), call.signal);
  return { returned, examined: selection.examined, milliseconds: Math.round(performance.now() - startMs) };
}

function writePlan(
  writer: BsonWriter,
  { shared }: Call,
  namespace: Namespace,
  container: ContainerRecord | undefined,
  filter: Filter,
  statistics: Statistics | undefined,
): void {
  const byId = container !== undefined && accessOf(container, filter.predicate).kind === 'ids';
  const stage = container === undefined ? 'EOF' : byId ? 'IDHACK' : 'COLLSCAN';
  writer.string('explainVersion', '1').beginObject('queryPlanner').string('namespace', namespace.text);
  writer.boolean('indexFilterSet', false).beginObject('winningPlan').string('stage', stage).end();
  writer.beginArray('rejectedPlans').end().end();
  if (statistics !== undefined) {
    const { returned, examined, milliseconds } = statistics;
    writer
      .beginObject('executionStats')
      .boolean('executionSuccess', true)
      .int32('nReturned', returned)
      .int32('executionTimeMillis', milliseconds)
      .int32('totalKeysExamined', byId ? examined : 0)
      .int32('totalDocsExamined', examined)
      .beginObject('executionStages')
      .string('stage', stage)
      .int32('nReturned', returned)
      .int32('docsExamined', examined)
      .end()
      .end();
  }
  writer.beginObject('serverInfo').int32('port', shared.port()).string('version', shared.deployment.version).end();
}

export const explain: Operation = { arguments: new Set(['explain', 'verbosity']), run };
