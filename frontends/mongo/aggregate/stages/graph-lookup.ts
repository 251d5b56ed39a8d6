// $graphLookup: documents of a collection reached from a start, level by level, each once. A level is one look-up of
// all its values. Source: MongoDB manual, "$graphLookup".

import { BsonType } from '../../../../model/bson/types.ts';
import { fieldOf, nameOf, rawDocument, textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { conjunction } from '../../../../model/predicate.ts';
import { elementsOf, fieldsOf, integerOf, isNumber, typeNameOf } from '../../bson-input.ts';
import { MongoCode, MongoError } from '../../errors.ts';
import { fieldPath } from '../../field-path.ts';
import { Filter } from '../../selection.ts';
import { compileAssigner } from '../assign-value.ts';
import { compileExpression } from '../expression.ts';
import { groupBytesMax } from '../fold.ts';
import { follow } from '../path.ts';
import { drainEach, once } from '../sliced.ts';
import type { Stage, StageContext, StageRow } from '../stage.ts';
import { int64Raw, keyOf, type Operand } from '../value.ts';
import { batched, collectionSource, equality, listOf } from './lookup.ts';

/** Values looked up at once. */
const valuesMax = 500;

interface Walk {
  readonly start: (document: Uint8Array) => Operand;
  readonly from: string;
  readonly connectFrom: readonly Uint8Array[];
  readonly connectTo: readonly string[];
  readonly depthMax: number;
  readonly depthField: string | undefined;
  readonly restriction: Filter | undefined;
}

const names: ReadonlySet<string> = new Set([
  'from',
  'startWith',
  'connectFromField',
  'connectToField',
  'as',
  'maxDepth',
  'depthField',
  'restrictSearchWithMatch',
]);

function parse(operand: Raw, { scope }: StageContext): Walk & { readonly as: string } {
  if (operand.type !== BsonType.object)
    throw new MongoError(MongoCode.FailedToParse, 'the $graphLookup stage specification must be an object');
  const given = new Map<string, Raw>();
  for (const { name, value } of fieldsOf(operand)) {
    if (!names.has(name)) throw new MongoError(40104, `Unknown argument to $graphLookup: ${name}`);
    given.set(name, value);
  }
  const text = (name: string): string | undefined => {
    const value = given.get(name);
    if (value === undefined) return undefined;
    if (value.type !== BsonType.string)
      throw new MongoError(40103, `expected string as argument for ${name}, found: ${typeNameOf(value.type)}`);
    return textOfRaw(value);
  };
  const [from, connectFrom, connectTo, as] = ['from', 'connectFromField', 'connectToField', 'as'].map(text);
  const startText = given.get('startWith');
  if (
    from === undefined ||
    connectFrom === undefined ||
    connectTo === undefined ||
    as === undefined ||
    startText === undefined
  )
    throw new MongoError(
      40105,
      "$graphLookup requires 'from', 'as', 'startWith', 'connectFromField', and 'connectToField' to be specified.",
    );
  const depth = given.get('maxDepth');
  let depthMax = Infinity;
  if (depth !== undefined) {
    if (!isNumber(depth))
      throw new MongoError(40100, `maxDepth must be numeric, found type: ${typeNameOf(depth.type)}`);
    const number = integerOf(depth);
    if (number === undefined) throw new MongoError(40102, 'maxDepth could not be represented as a long long');
    if (number < 0n) throw new MongoError(40101, 'maxDepth requires a nonnegative argument');
    depthMax = Number(number);
  }
  const match = given.get('restrictSearchWithMatch');
  if (match !== undefined && match.type !== BsonType.object)
    throw new MongoError(40185, 'restrictSearchWithMatch must be an object');
  const depthField = text('depthField');
  if (depthField !== undefined) fieldPath(depthField);
  const { evaluate } = compileExpression(startText, scope);
  const { frame } = scope.environment;
  return {
    from,
    as,
    connectFrom: fieldPath(connectFrom).map(nameOf),
    connectTo: fieldPath(connectTo),
    depthMax,
    depthField,
    restriction: match === undefined ? undefined : new Filter(match.slice(), undefined, scope),
    start: (document) => {
      frame.enter(document);
      return evaluate(frame);
    },
  };
}

function graphLookup(operand: Raw, context: StageContext): Stage {
  const walk = parse(operand, context);
  const { call, database } = context;
  if (call === undefined) throw new MongoError(MongoCode.InvalidOptions, '$graphLookup is not allowed here');
  const put = compileAssigner(walk.as);
  const putDepth = walk.depthField === undefined ? undefined : depthAssigner(walk.depthField);
  return (inner) =>
    batched(inner, 1, async ([document], signal) => {
      const found: Uint8Array[] = [];
      const visited = new Set<string>();
      const asked = new Set<string>();
      let bytes = 0;
      let level = valuesOf(walk.start(document!), asked);
      for (let depth = 0; level.length > 0 && depth <= walk.depthMax; depth++) {
        const next: Raw[] = [];
        for (let i = 0; i < level.length; i += valuesMax) {
          const reached = equality(walk.connectTo, level.slice(i, i + valuesMax));
          const predicate =
            walk.restriction === undefined ? reached : conjunction([reached, walk.restriction.predicate]);
          await once(collectionSource(call, database, walk.from, new Filter(predicate)), (opened) =>
            drainEach(
              opened,
              (each) => {
                const key = keyOf(fieldOf(each, '_id'));
                if (visited.has(key)) return;
                visited.add(key);
                bytes += each.length + key.length + 100;
                if (bytes > groupBytesMax)
                  throw new MongoError(40099, '$graphLookup reached maximum memory consumption');
                found.push(putDepth === undefined ? each : putDepth(each, depth));
                next.push(...valuesOf(follow(rawDocument(each), walk.connectFrom), asked));
              },
              signal,
            ),
          );
        }
        level = next;
      }
      return [put(document!, listOf(found))];
    });
}

/** Values not looked for before: each element of an array, else the value itself; a missing one leads nowhere. */
function valuesOf(value: Operand, asked: Set<string>): Raw[] {
  if (value === undefined) return [];
  return (value.type === BsonType.array ? elementsOf(value) : [value]).filter((each) => {
    const key = keyOf(each);
    if (asked.has(key)) return false;
    asked.add(key);
    return true;
  });
}

function depthAssigner(field: string): (document: Uint8Array, depth: number) => Uint8Array {
  const put = compileAssigner(field);
  return (document, depth) => put(document, int64Raw(BigInt(depth)));
}

export const graphLookupStages: readonly StageRow[] = [{ name: '$graphLookup', compile: graphLookup }];
