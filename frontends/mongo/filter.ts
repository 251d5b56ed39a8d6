// A filter document → predicate. Errors in MongoDB's words and codes; field names appear in them, stored data
// never does. Source: MongoDB manual, "Query Predicates" (8.0). Recursion is bounded by `levelsMax`.

import { BsonType } from '../../model/bson/types.ts';
import { rawDocument, type Raw } from '../../model/bson/walk.ts';
import {
  conjunction,
  never,
  type ComparisonOperator,
  type Path,
  type Pattern,
  type Predicate,
  type Test,
} from '../../model/predicate.ts';
import { compileExpression } from './aggregate/expression.ts';
import type { Scope } from './aggregate/scope.ts';
import { isTrue } from './aggregate/value.ts';
import { elementsOf, fieldsOf, firstNameOf, truthOf, type Field } from './bson-input.ts';
import { badValue, MongoCode, MongoError } from './errors.ts';
import { pathComponentsMax } from './field-path.ts';
import { bitPositions, moduloTest, patternOfRegex, patternOptions, sizeTest, typeTest } from './filter-operands.ts';

/** Nested `$and`, `$or`, `$nor`, `$not` and `$elemMatch`: MongoDB's own bound. */
const levelsMax = 100;

/** `scope` is what `$expr` sees; where there is none, it is refused. */
export function parseFilter(filter: Uint8Array, scope?: Scope): Predicate {
  return parseDocument(rawDocument(filter), 0, scope);
}

/** A filter given as a value of a command. */
export function parseFilterValue(filter: Raw): Predicate {
  if (filter.type !== BsonType.object) throw badValue('the filter must be an object');
  return parseDocument(filter, 0, undefined);
}

function notSupported(name: string): MongoError {
  return new MongoError(MongoCode.NotImplemented, `${name} is not supported by this server`);
}

export function pathOf(dotted: string): Path {
  const path = dotted.split('.', pathComponentsMax + 1);
  if (path.length > pathComponentsMax) throw badValue('FieldPath is too long');
  return path;
}

function parseDocument(document: Raw, level: number, scope: Scope | undefined): Predicate {
  if (level > levelsMax) throw badValue(`exceeded depth limit of ${levelsMax} nested query expressions`);
  const clauses: Predicate[] = [];
  for (const { name, value } of fieldsOf(document)) {
    if (name.startsWith('$') && !isReference(name)) {
      const clause = parseTopLevel(name, value, level, scope);
      if (clause !== undefined) clauses.push(clause);
    } else {
      clauses.push(parseField(name, value, level));
    }
  }
  return conjunction(clauses);
}

function parseTopLevel(name: string, value: Raw, level: number, scope: Scope | undefined): Predicate | undefined {
  switch (name) {
    case '$and':
      return conjunction(parseList(name, value, level, scope));
    case '$or': {
      const of = parseList(name, value, level, scope);
      return of.length === 1 ? of[0]! : { kind: 'or', of };
    }
    case '$nor':
      return { kind: 'not', of: { kind: 'or', of: parseList(name, value, level, scope) } };
    case '$comment':
      return undefined;
    case '$alwaysTrue':
      return { kind: 'constant', value: true };
    case '$alwaysFalse':
      return never;
    case '$expr':
      if (scope === undefined) throw notSupported(name);
      return expressionPredicate(value, scope);
    case '$where':
    case '$text':
    case '$jsonSchema':
    case '$sampleRate':
      throw notSupported(name);
    default:
      throw badValue(
        `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, ` +
          'consider using $getField or $setField.',
      );
  }
}

function parseList(name: string, value: Raw, level: number, scope: Scope | undefined): Predicate[] {
  if (value.type !== BsonType.array) throw badValue(`${name} must be an array`);
  const entries = elementsOf(value);
  if (entries.length === 0) throw badValue('$and/$or/$nor must be a nonempty array');
  return entries.map((entry) => {
    if (entry.type !== BsonType.object) throw badValue('$or/$and/$nor entries need to be full objects');
    return parseDocument(entry, level + 1, scope);
  });
}

function expressionPredicate(value: Raw, scope: Scope): Predicate {
  const { evaluate } = compileExpression(value, scope);
  const { frame } = scope.environment;
  return {
    kind: 'computed',
    test: (document, start) => {
      frame.enter(document, start);
      return isTrue(evaluate(frame));
    },
  };
}

/** Fields of a DBRef begin with `$` and are data. */
function isReference(name: string): boolean {
  return name === '$ref' || name === '$id' || name === '$db';
}

/** An object whose first field is an operator, and not a DBRef. */
export function isOperatorDocument(value: Raw): boolean {
  const first = firstNameOf(value);
  return first !== undefined && first.startsWith('$') && !isReference(first);
}

function parseField(name: string, value: Raw, level: number): Predicate {
  const path = pathOf(name);
  if (isOperatorDocument(value)) return conjunction(parseOperators(name, path, fieldsOf(value), level));
  if (value.type === BsonType.regex) return at(path, { kind: 'matches', pattern: patternOfRegex(value) });
  return at(path, equality(value));
}

function at(path: Path, test: Test): Predicate {
  return { kind: 'path', path, test };
}

function not(of: Predicate): Predicate {
  return { kind: 'not', of };
}

function equality(value: Raw): Test {
  return comparison('eq', value);
}

function comparison(operator: ComparisonOperator, value: Raw): Test {
  if (value.type === BsonType.undefined) throw badValue('cannot compare to undefined');
  return { kind: 'compare', operator, value };
}

/** The operators of one field, each a clause. */
function parseOperators(name: string, path: Path, operators: readonly Field[], level: number): Predicate[] {
  const clauses: Predicate[] = [];
  for (const { name: operator, value } of operators) {
    switch (operator) {
      case '$not':
        clauses.push(not(parseNot(name, path, value, level + 1)));
        break;
      case '$options':
        if (!operators.some((other) => other.name === '$regex')) throw badValue('$options needs a $regex');
        break;
      case '$ne':
        if (value.type === BsonType.regex) throw badValue("Can't have regex as arg to $ne.");
        clauses.push(not(at(path, equality(value))));
        break;
      case '$nin':
        clauses.push(not(at(path, membership(operator, value))));
        break;
      case '$exists': {
        const exists = at(path, { kind: 'exists' });
        clauses.push(truthOf(value) ? exists : not(exists));
        break;
      }
      case '$all':
        clauses.push(...parseAll(path, value, level));
        break;
      case '$regex':
        clauses.push(at(path, { kind: 'matches', pattern: patternOptions(operators) }));
        break;
      default:
        clauses.push(at(path, parseTest(name, operator, value, level)));
    }
  }
  return clauses;
}

function parseNot(name: string, path: Path, value: Raw, level: number): Predicate {
  if (level > levelsMax) throw badValue(`exceeded depth limit of ${levelsMax} nested query expressions`);
  if (value.type === BsonType.regex) return at(path, { kind: 'matches', pattern: patternOfRegex(value) });
  if (value.type !== BsonType.object) throw badValue('$not needs a regex or a document');
  const operators = fieldsOf(value);
  if (operators.length === 0) throw badValue('$not cannot be empty');
  return conjunction(parseOperators(name, path, operators, level));
}

/** Operators that are one test of one value, wherever they stand. */
function parseTest(name: string, operator: string, value: Raw, level: number): Test {
  switch (operator) {
    case '$eq':
      return equality(value);
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      if (value.type === BsonType.regex) throw badValue(`Can't have RegEx as arg to predicate over field '${name}'.`);
      return comparison(operator.slice(1) as ComparisonOperator, value);
    case '$in':
      return membership(operator, value);
    case '$type':
      return typeTest(name, value);
    case '$size':
      return sizeTest(value);
    case '$mod':
      return moduloTest(value);
    case '$elemMatch':
      return parseElementMatch(name, value, level + 1);
    case '$bitsAllSet':
      return { kind: 'bits', bits: 'allSet', positions: bitPositions(operator, name, value) };
    case '$bitsAllClear':
      return { kind: 'bits', bits: 'allClear', positions: bitPositions(operator, name, value) };
    case '$bitsAnySet':
      return { kind: 'bits', bits: 'anySet', positions: bitPositions(operator, name, value) };
    case '$bitsAnyClear':
      return { kind: 'bits', bits: 'anyClear', positions: bitPositions(operator, name, value) };
    case '$near':
    case '$nearSphere':
    case '$geoWithin':
    case '$geoIntersects':
    case '$within':
    case '$geoNear':
      throw notSupported(operator);
    default:
      throw badValue(`unknown operator: ${operator}`);
  }
}

function membership(operator: string, value: Raw): Test {
  if (value.type !== BsonType.array) throw badValue(`${operator} needs an array`);
  const values: Raw[] = [];
  const patterns: Pattern[] = [];
  for (const element of elementsOf(value)) {
    if (element.type === BsonType.regex) patterns.push(patternOfRegex(element));
    else if (isOperatorDocument(element)) throw badValue(`cannot nest $ under ${operator}`);
    else if (element.type === BsonType.undefined) throw badValue('cannot compare to undefined');
    else values.push(element);
  }
  return { kind: 'in', values, patterns };
}

/** `$all`: every entry found, an entry being a value, a pattern, or (then all of them) an `$elemMatch`. */
function parseAll(path: Path, value: Raw, level: number): Predicate[] {
  if (value.type !== BsonType.array) throw badValue('$all needs an array');
  const entries = elementsOf(value);
  if (entries.length === 0) return [never];
  const elementMatches = firstNameOf(entries[0]!) === '$elemMatch';
  return entries.map((entry) => {
    if (elementMatches) {
      const operand = firstNameOf(entry) === '$elemMatch' ? fieldsOf(entry) : [];
      if (operand.length !== 1) throw badValue('$all/$elemMatch has to be consistent');
      return at(path, parseElementMatch(path.join('.'), operand[0]!.value, level + 1));
    }
    if (isOperatorDocument(entry)) throw badValue('no $ expressions in $all');
    if (entry.type === BsonType.regex) return at(path, { kind: 'matches', pattern: patternOfRegex(entry) });
    return at(path, equality(entry));
  });
}

/** `$elemMatch` of operators tests elements as values, any other document tests them as documents. */
function parseElementMatch(name: string, value: Raw, level: number): Test {
  if (level > levelsMax) throw badValue(`exceeded depth limit of ${levelsMax} nested query expressions`);
  if (value.type !== BsonType.object) throw badValue('$elemMatch needs an Object');
  if (!isValueForm(value)) return { kind: 'elementMatches', predicate: parseDocument(value, level, undefined) };
  return { kind: 'elementPasses', test: allOf(parseElementTests(name, fieldsOf(value), level)) };
}

const documentOperators: ReadonlySet<string> = new Set(['$and', '$or', '$nor', '$where', '$expr', '$comment']);

/** Whether a condition on elements is written as operators on the element's value. */
export function isValueForm(value: Raw): boolean {
  return isOperatorDocument(value) && !documentOperators.has(firstNameOf(value)!);
}

/** A condition on one element itself, given as operators. */
export function parseElementCondition(value: Raw): Test {
  return allOf(parseElementTests('', fieldsOf(value), 0));
}

/** A condition on the field of empty name: how `$pull` tests an element wrapped in a document. */
export function parseFieldCondition(value: Raw): Predicate {
  return parseField('', value, 0);
}

function allOf(tests: readonly Test[]): Test {
  return tests.length === 1 ? tests[0]! : { kind: 'allOf', tests };
}

function parseElementTests(name: string, operators: readonly Field[], level: number): Test[] {
  const tests: Test[] = [];
  for (const { name: operator, value } of operators) {
    switch (operator) {
      case '$not': {
        if (level > levelsMax) throw badValue(`exceeded depth limit of ${levelsMax} nested query expressions`);
        tests.push({ kind: 'notTest', test: elementNot(name, value, level + 1) });
        break;
      }
      case '$options':
        if (!operators.some((other) => other.name === '$regex')) throw badValue('$options needs a $regex');
        break;
      case '$ne':
        if (value.type === BsonType.regex) throw badValue("Can't have regex as arg to $ne.");
        tests.push({ kind: 'notTest', test: equality(value) });
        break;
      case '$nin':
        tests.push({ kind: 'notTest', test: membership(operator, value) });
        break;
      case '$exists':
        tests.push(truthOf(value) ? { kind: 'exists' } : { kind: 'notTest', test: { kind: 'exists' } });
        break;
      case '$regex':
        tests.push({ kind: 'matches', pattern: patternOptions(operators) });
        break;
      case '$all': {
        // An element is one value: it holds all of them only when it equals each, or is an array tested whole.
        for (const clause of parseAll([name], value, level))
          tests.push(clause.kind === 'path' ? clause.test : { kind: 'in', values: [], patterns: [] });
        break;
      }
      default:
        tests.push(parseTest(name, operator, value, level));
    }
  }
  return tests;
}

function elementNot(name: string, value: Raw, level: number): Test {
  if (value.type === BsonType.regex) return { kind: 'matches', pattern: patternOfRegex(value) };
  if (value.type !== BsonType.object) throw badValue('$not needs a regex or a document');
  const operators = fieldsOf(value);
  if (operators.length === 0) throw badValue('$not cannot be empty');
  return allOf(parseElementTests(name, operators, level));
}
