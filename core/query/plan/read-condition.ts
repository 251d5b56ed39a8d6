// Expression → condition. One case a kind that the index can help with; every other expression is `unknown`.

import { anyElement, type PathStep } from '../../../indexer/policy.ts';
import type { Call, ComparisonOperator, Expression, Relation } from '../../../model/query.ts';
import { pathOf } from '../../../model/query.ts';
import type { Semantics, ValueKind } from '../semantics.ts';
import {
  unknownCondition,
  type AccessPath,
  type Condition,
  type ConstantNumber,
  type TestNumber,
} from './condition.ts';

/** What a binding stands for: the item, a place in it, or something no path leads to (absent). */
export type Bindings = ReadonlyMap<string, 'item' | AccessPath>;

export interface ConditionReader {
  readonly semantics: Semantics;
  /** The number of an expression that does not vary within an execution; undefined for every other. */
  readonly constant: (expression: Expression) => ConstantNumber | undefined;
  /** The path and the number of a test that values of one path can be put to; undefined for every other. */
  readonly test: (
    expression: Expression,
    bindings: Bindings,
  ) => { readonly path: AccessPath; readonly check: TestNumber } | undefined;
}

/** Levels of a test that are read; deeper conditions are left to the test itself. */
const conditionDepthMax = 48;

const mirrored: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  equal: 'equal',
  notEqual: 'notEqual',
  less: 'greater',
  lessOrEqual: 'greaterOrEqual',
  greater: 'less',
  greaterOrEqual: 'lessOrEqual',
};

const typeTests: Readonly<Record<string, readonly ValueKind[]>> = {
  IS_ARRAY: ['array'],
  IS_BOOL: ['boolean'],
  IS_NULL: ['null'],
  IS_NUMBER: ['number'],
  IS_OBJECT: ['object'],
  IS_STRING: ['string'],
  IS_PRIMITIVE: ['string', 'boolean', 'number', 'null'],
};

/** Tests that hold only for some values of a kind. */
const partialTypeTests: Readonly<Record<string, readonly ValueKind[]>> = {
  IS_FINITE_NUMBER: ['number'],
  IS_INTEGER: ['number'],
  IS_DATETIME: ['string'],
};

/** Tests of a string, true or false for strings alone. */
const stringTests = new Set([
  'CONTAINS',
  'ENDSWITH',
  'REGEXMATCH',
  'CONTAINSALLCI',
  'CONTAINSALLCS',
  'CONTAINSANYCI',
  'CONTAINSANYCS',
]);

function rowOf<Row>(table: Readonly<Record<string, Row>>, name: string): Row | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The path an expression reads, or undefined when it computes anything or no index can know the path. */
export function accessPathOf(expression: Expression, bindings: Bindings, semantics: Semantics): AccessPath | undefined {
  const path = pathOf(expression);
  const start = path && bindings.get(path.binding);
  if (path === undefined || start === undefined) return undefined;
  let root: AccessPath['root'] = start === 'item' ? 'stored' : start.root;
  let reach: AccessPath['reach'] = start === 'item' ? 'single' : start.reach;
  const steps: PathStep[] = start === 'item' ? [] : [...start.steps];
  if (path.steps.length === 0) return start === 'item' ? undefined : start;
  if (root !== 'stored') return undefined;
  for (const [i, step] of path.steps.entries()) {
    if (start === 'item' && i === 0) {
      const system = semantics.systemProperties.find((property) => property.name === step);
      if (system !== undefined) {
        if (system.index === undefined || path.steps.length > 1) return undefined;
        root = system.index;
      }
    }
    if (typeof step === 'number') {
      steps.push(anyElement);
      reach = 'position';
    } else steps.push(step);
  }
  return { root, steps, reach, elements: start === 'item' ? [] : start.elements };
}

export function readCondition(
  reader: ConditionReader,
  expression: Expression,
  bindings: Bindings,
  depth = 0,
): Condition {
  return withCheck(reader, readKnown(reader, expression, bindings, depth), expression, bindings);
}

/** The condition with a test of values where it has none better. */
function withCheck(reader: ConditionReader, known: Condition, expression: Expression, bindings: Bindings): Condition {
  switch (known.kind) {
    case 'unknown': {
      const test = reader.test(expression, bindings);
      return test === undefined ? known : { kind: 'test', ...test };
    }
    case 'string':
    case 'like':
    case 'text':
      return { ...known, check: reader.test(expression, bindings)?.check };
    case 'type':
      return known.exact ? known : { ...known, check: reader.test(expression, bindings)?.check };
    default:
      return known;
  }
}

/** Operands that need a test and are of one path become one test: its terms are then looked at once. */
function readOperands(
  reader: ConditionReader,
  { kind, operands }: Extract<Expression, { readonly kind: 'and' | 'or' }>,
  bindings: Bindings,
  depth: number,
): readonly Condition[] {
  const known = operands.map((operand) => readKnown(reader, operand, bindings, depth));
  const isTested = (i: number): boolean => known[i]!.kind === 'unknown' || known[i]!.kind === 'string';
  const tested = operands.filter((_, i) => isTested(i));
  const together = tested.length < 2 ? undefined : reader.test({ kind, operands: tested }, bindings);
  if (together === undefined) return operands.map((operand, i) => withCheck(reader, known[i]!, operand, bindings));
  const others = operands.flatMap((operand, i) =>
    isTested(i) ? [] : [withCheck(reader, known[i]!, operand, bindings)],
  );
  return [...others, { kind: 'test', ...together }];
}

/** What the kind of the expression alone says. */
function readKnown(reader: ConditionReader, expression: Expression, bindings: Bindings, depth: number): Condition {
  if (depth > conditionDepthMax) return unknownCondition;
  const read = (part: Expression): Condition => readCondition(reader, part, bindings, depth + 1);
  const pathIn = (part: Expression | undefined): AccessPath | undefined =>
    part && accessPathOf(part, bindings, reader.semantics);
  const constant = reader.constant(expression);
  if (constant !== undefined) return { kind: 'constant', constant };
  switch (expression.kind) {
    case 'and':
    case 'or':
      return { kind: expression.kind, operands: readOperands(reader, expression, bindings, depth + 1) };
    case 'unary':
      return expression.operator === 'not' ? { kind: 'not', operand: read(expression.operand) } : unknownCondition;
    case 'comparison': {
      const right = reader.constant(expression.right);
      if (right !== undefined) return readComparison(expression.left, expression.operator, right, bindings, reader);
      const left = reader.constant(expression.left);
      if (left === undefined) return unknownCondition;
      return readComparison(expression.right, mirrored[expression.operator], left, bindings, reader);
    }
    case 'between': {
      const path = pathIn(expression.operand);
      const low = reader.constant(expression.low);
      const high = reader.constant(expression.high);
      if (path === undefined || low === undefined || high === undefined) return unknownCondition;
      return { kind: 'between', path, low, high };
    }
    case 'in': {
      const path = pathIn(expression.operand);
      if (path === undefined) return unknownCondition;
      const list: ConstantNumber[] = [];
      for (const element of expression.list) {
        const number = reader.constant(element);
        if (number === undefined) return unknownCondition;
        list.push(number);
      }
      return { kind: 'in', path, list };
    }
    case 'like': {
      const path = pathIn(expression.operand);
      const pattern = reader.constant(expression.pattern);
      if (path === undefined || expression.escape !== undefined) return unknownCondition;
      return pattern === undefined ? { kind: 'string', path } : { kind: 'like', path, pattern };
    }
    case 'call':
      return readCall(reader, expression, pathIn(expression.arguments[0]));
    case 'exists':
      return readExists(reader, expression.query, bindings, depth) ?? unknownCondition;
    case 'variable':
    case 'field':
    case 'index': {
      const path = pathIn(expression);
      return path === undefined ? unknownCondition : { kind: 'truth', path };
    }
    default:
      return unknownCondition;
  }
}

function readComparison(
  left: Expression,
  operator: ComparisonOperator,
  constant: ConstantNumber,
  bindings: Bindings,
  { semantics }: ConditionReader,
): Condition {
  if (left.kind === 'call' && left.name === 'ARRAY_LENGTH') {
    const [array] = left.arguments;
    const path = array && accessPathOf(array, bindings, semantics);
    return path === undefined ? unknownCondition : { kind: 'length', path, operator, constant };
  }
  const path = accessPathOf(left, bindings, semantics);
  return path === undefined ? unknownCondition : { kind: 'compare', path, operator, constant };
}

function readCall(reader: ConditionReader, call: Call, path: AccessPath | undefined): Condition {
  if (path === undefined) return unknownCondition;
  if (call.name === 'IS_DEFINED') return { kind: 'defined', path };
  const kinds = rowOf(typeTests, call.name);
  if (kinds !== undefined) return { kind: 'type', path, kinds, exact: true };
  const partialKinds = rowOf(partialTypeTests, call.name);
  if (partialKinds !== undefined) return { kind: 'type', path, kinds: partialKinds, exact: false };
  if (stringTests.has(call.name)) return { kind: 'string', path };
  const [, second, third] = call.arguments;
  const constant = second && reader.constant(second);
  const option = third && reader.constant(third);
  const knowsAll = constant !== undefined && (third === undefined) === (option === undefined);
  switch (call.name) {
    case 'STARTSWITH':
    case 'STRINGEQUALS': {
      if (!knowsAll) return { kind: 'string', path };
      const match = call.name === 'STARTSWITH' ? 'prefix' : 'whole';
      return { kind: 'text', path, match, text: constant, ignoreCase: option };
    }
    case 'ARRAY_CONTAINS':
      if (!knowsAll) return unknownCondition;
      return { kind: 'contains', path, element: constant, partial: option };
    default:
      return unknownCondition;
  }
}

/** EXISTS over one array of the row around it, with conditions on its elements. */
function readExists(
  reader: ConditionReader,
  query: Relation,
  bindings: Bindings,
  depth: number,
): Condition | undefined {
  if (query.kind !== 'project') return undefined;
  const filter = query.input.kind === 'filter' ? query.input : undefined;
  const unnest = filter === undefined ? query.input : filter.input;
  if (unnest.kind !== 'unnest' || unnest.input.kind !== 'unit' || unnest.outer) return undefined;
  const path = accessPathOf(unnest.array, bindings, reader.semantics);
  if (path?.root !== 'stored') return undefined;
  const inner = new Map(bindings).set(unnest.binding, elementPath(path, unnest.binding));
  if (unnest.position !== undefined) inner.delete(unnest.position);
  const test = filter === undefined ? undefined : readCondition(reader, filter.test, inner, depth + 1);
  // A result that is undefined is none: only a literal or the element itself is surely something.
  const { value } = query;
  const isDefined =
    (value.kind === 'literal' && value.value !== undefined) ||
    (value.kind === 'variable' && value.name === unnest.binding);
  return { kind: 'some', path, element: unnest.binding, test, exact: isDefined };
}

/** The path of the elements of an array, named by a binding. */
export function elementPath(array: AccessPath, binding: string): AccessPath {
  return {
    root: array.root,
    steps: [...array.steps, anyElement],
    reach: array.reach === 'position' ? 'position' : 'some',
    elements: [...array.elements, binding],
  };
}
