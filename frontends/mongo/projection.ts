// A projection document → documents with some of their fields, on bytes. Either it names what stays (inclusion) or
// what goes (exclusion); `_id` may differ; `$slice`, `$elemMatch` and the positional `$` cut arrays; expressions compute
// fields, which stand behind those that are kept. The stage `$project` knows no cutting operators: their names are
// expressions there. Source: MongoDB manual, "Project Fields to Return from Query", "$project".

import { compileDocumentTest, compileTest } from '../../core/query/predicate/compile.ts';
import { BsonType } from '../../model/bson/types.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { ElementCursor, rawDocument, type Raw } from '../../model/bson/walk.ts';
import { compileExpression } from './aggregate/expression.ts';
import type { Evaluate } from './aggregate/row.ts';
import type { Frame, Scope } from './aggregate/scope.ts';
import { elementsOf, fieldsOf, firstNameOf, integerOf, isNumber, truthOf } from './bson-input.ts';
import { badValue, MongoCode, MongoError } from './errors.ts';
import { fieldPath } from './field-path.ts';
import { isValueForm, parseElementCondition, parseFilterValue } from './filter.ts';

export interface Projection {
  /** Whether a positional `$` needs the position that the query matched. */
  readonly needsPosition: boolean;
  /** `position` as `compilePosition` gives it; -1 when not needed. */
  readonly project: (document: Uint8Array, position: number) => Uint8Array;
}

export interface ProjectionOptions {
  readonly scope: Scope;
  /** As the stage `$project` reads it. */
  readonly stage: boolean;
}

type Leaf =
  | { readonly kind: 'computed'; readonly evaluate: Evaluate }
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'slice'; readonly skip: number | undefined; readonly limit: number }
  | { readonly kind: 'first'; readonly matches: (element: Raw) => boolean }
  | { readonly kind: 'positional' };

interface Branch {
  readonly kind: 'branch';
  readonly children: Map<string, Leaf | Branch>;
  /** Whether a computed field is in it, at any depth. */
  computes: boolean;
}

function emptyBranch(): Branch {
  return { kind: 'branch', children: new Map(), computes: false };
}

const keep: Leaf = { kind: 'keep' };
const drop: Leaf = { kind: 'drop' };

/** Nested projection documents, as a bound on recursion; paths are bounded on their own. */
const levelsMax = 100;

/** What is known of a projection while its fields are read. */
class Specification {
  readonly options: ProjectionOptions | undefined;
  readonly root: Branch = emptyBranch();
  inclusive: boolean | undefined;
  idKept: boolean | undefined;
  positional = false;
  elementMatch = false;

  constructor(options: ProjectionOptions | undefined) {
    this.options = options;
  }

  /** Notes whether a field other than `_id` is included or excluded. Throws when both occur. */
  decide(inclusive: boolean, path: string): void {
    if (this.inclusive !== undefined && this.inclusive !== inclusive)
      throw inclusive
        ? new MongoError(31253, `Cannot do inclusion on field ${path} in exclusion projection`)
        : new MongoError(31254, `Cannot do exclusion on field ${path} in inclusion projection`);
    this.inclusive = inclusive;
  }

  put(dotted: string, leaf: Leaf): void {
    const path = fieldPath(dotted);
    let branch = this.root;
    const computes = leaf.kind === 'computed';
    branch.computes ||= computes;
    for (let i = 0; i < path.length - 1; i++) {
      const name = path[i]!;
      let child = branch.children.get(name);
      if (child === undefined) branch.children.set(name, (child = emptyBranch()));
      if (child.kind !== 'branch')
        throw new MongoError(31249, `Path collision at ${dotted} remaining portion ${path.slice(i + 1).join('.')}`);
      branch = child;
      branch.computes ||= computes;
    }
    const name = path[path.length - 1]!;
    if (branch.children.has(name)) throw new MongoError(31250, `Path collision at ${dotted}`);
    branch.children.set(name, leaf);
  }
}

/** Undefined for an empty document: everything stays. Without `options` computed fields are refused. */
export function parseProjection(spec: Uint8Array, options?: ProjectionOptions): Projection | undefined {
  const specification = new Specification(options);
  const fields = fieldsOf(rawDocument(spec));
  if (fields.length === 0) return undefined;
  for (const { name, value } of fields) parseField(specification, name, value, 0);
  const { root, positional, elementMatch } = specification;
  if (positional && elementMatch) throw new MongoError(31256, 'Cannot specify positional operator and $elemMatch.');
  if (positional && specification.inclusive === false)
    throw new MongoError(31395, 'positional projection cannot be used with exclusion');
  const inclusive = specification.inclusive ?? (elementMatch || specification.idKept === true);
  if (!root.children.has('_id') && specification.idKept === undefined && inclusive) root.children.set('_id', keep);
  const frame = options?.scope.environment.frame;
  return {
    needsPosition: positional,
    project: (document, position) => {
      if (root.computes) frame!.enter(document);
      const writer = new BsonWriter(document.length).beginDocument();
      projectFields(root, document, 0, writer, { inclusive, position, frame });
      return writer.end().finish();
    },
  };
}

function parseField(specification: Specification, dotted: string, value: Raw, level: number): void {
  if (level > levelsMax) throw badValue('the projection is nested too deeply');
  if (value.type === BsonType.object) {
    parseObject(specification, dotted, value, level);
    return;
  }
  if (!isNumber(value) && value.type !== BsonType.boolean) {
    computed(specification, dotted, value);
    return;
  }
  const included = truthOf(value);
  if (dotted === '_id') {
    if (specification.idKept !== undefined) throw new MongoError(31250, 'Path collision at _id');
    specification.idKept = included;
    specification.put('_id', included ? keep : drop);
    return;
  }
  if (dotted.endsWith('.$')) {
    parsePositional(specification, dotted, included);
    return;
  }
  if (dotted.split('.').includes('$'))
    throw new MongoError(
      31394,
      "As of 4.4, it's illegal to specify positional operator in the middle of a path. Positional projection may only be used at the end, for example: a.b.$.",
    );
  specification.decide(included, dotted);
  specification.put(dotted, included ? keep : drop);
}

function computed(specification: Specification, dotted: string, value: Raw): void {
  const { options } = specification;
  if (options === undefined)
    throw new MongoError(MongoCode.NotImplemented, 'computed fields in projections are not supported here');
  if (specification.inclusive === false)
    throw new MongoError(31252, 'Cannot use expression other than $meta in exclusion projection');
  if (dotted !== '_id') specification.inclusive = true;
  else if (specification.idKept !== undefined) throw new MongoError(31250, 'Path collision at _id');
  else specification.idKept = true;
  specification.put(dotted, { kind: 'computed', evaluate: compileExpression(value, options.scope).evaluate });
}

function parsePositional(specification: Specification, dotted: string, included: boolean): void {
  if (!included) throw new MongoError(31395, 'positional projection cannot be used with exclusion');
  if (specification.positional)
    throw new MongoError(31276, 'Cannot specify more than one positional projection per query.');
  specification.positional = true;
  specification.decide(true, dotted);
  specification.put(dotted.slice(0, -2), { kind: 'positional' });
}

function parseObject(specification: Specification, dotted: string, value: Raw, level: number): void {
  const operator = firstNameOf(value);
  if (operator === undefined)
    throw new MongoError(51270, 'An empty sub-projection is not a valid value. Found empty object at path');
  const fields = fieldsOf(value);
  if (!operator.startsWith('$')) {
    for (const field of fields) {
      if (field.name.startsWith('$'))
        throw new MongoError(
          16410,
          "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
        );
      parseField(specification, `${dotted}.${field.name}`, field.value, level + 1);
    }
    return;
  }
  const operand = fields[0]!.value;
  if (specification.options?.stage === true) {
    computed(specification, dotted, value);
  } else if (operator === '$slice' && fields.length === 1 && cutsArray(operand)) {
    specification.put(dotted, parseSlice(operand));
  } else if (operator === '$elemMatch' && fields.length === 1) {
    if (dotted.includes('.')) throw new MongoError(31275, 'Cannot use $elemMatch projection on a nested field.');
    if (operand.type !== BsonType.object) throw new MongoError(31274, 'elemMatch: Invalid argument, object required');
    specification.elementMatch = true;
    specification.put(dotted, { kind: 'first', matches: elementCondition(operand) });
  } else if (operator === '$meta') {
    throw new MongoError(MongoCode.NotImplemented, '$meta in projections is not supported by this server');
  } else {
    computed(specification, dotted, value);
  }
}

/** Whether a `$slice` cuts the field it stands at, and is not the expression of that name. */
function cutsArray(operand: Raw): boolean {
  if (operand.type !== BsonType.array) return true;
  const first = elementsOf(operand)[0];
  return (
    first === undefined ||
    isNumber(first) ||
    (first.type !== BsonType.string && first.type !== BsonType.object && first.type !== BsonType.array)
  );
}

function elementCondition(operand: Raw): (element: Raw) => boolean {
  if (isValueForm(operand)) {
    const test = compileTest(parseElementCondition(operand));
    return (element) => test(element.bytes, element.type, element.start);
  }
  const test = compileDocumentTest(parseFilterValue(operand));
  return (element) =>
    (element.type === BsonType.object || element.type === BsonType.array) && test(element.bytes, element.start);
}

function parseSlice(operand: Raw): Leaf {
  if (isNumber(operand)) return { kind: 'slice', skip: undefined, limit: sliceInteger(operand) };
  const parts = operand.type === BsonType.array ? elementsOf(operand) : [];
  if (parts.length !== 2)
    throw new MongoError(28667, 'Invalid $slice syntax: a number or an array of skip and limit is required');
  const limit = sliceInteger(parts[1]!);
  if (limit <= 0) throw new MongoError(28724, 'The limit of a $slice projection must be positive');
  return { kind: 'slice', skip: sliceInteger(parts[0]!), limit };
}

function sliceInteger(value: Raw): number {
  const integer = integerOf(value);
  if (integer === undefined) throw new MongoError(28667, 'Invalid $slice syntax: integers are required');
  return Number(integer);
}

/** What a projection is applied with. */
interface Application {
  readonly inclusive: boolean;
  readonly position: number;
  readonly frame: Frame | undefined;
}

function projectFields(
  branch: Branch,
  bytes: Uint8Array,
  start: number,
  writer: BsonWriter,
  application: Application,
): void {
  const cursor = new ElementCursor(bytes, start);
  const made = branch.computes ? new Set<string>() : undefined;
  let at = start + 4;
  while (cursor.next()) {
    const name = cursor.name();
    const child = branch.children.get(name);
    if (child === undefined) {
      if (!application.inclusive) writer.span(bytes, at, cursor.valueEnd);
    } else if (child.kind === 'keep') {
      writer.span(bytes, at, cursor.valueEnd);
    } else if (child.kind === 'branch') {
      if (projectBranch(child, name, cursor.raw(), writer, application)) made?.add(name);
    } else if (child.kind !== 'drop' && child.kind !== 'computed') {
      projectArray(child, name, cursor.raw(), writer, application);
    }
    at = cursor.valueEnd;
  }
  if (made === undefined) return;
  for (const [name, child] of branch.children) if (!made.has(name)) compute(child, name, writer, application);
}

/** Writes a computed field that the document has no place for. */
function compute(node: Leaf | Branch, name: string, writer: BsonWriter, application: Application): void {
  if (node.kind === 'computed') {
    const value = node.evaluate(application.frame!);
    if (value !== undefined) writer.raw(name, value);
  } else if (node.kind === 'branch' && node.computes) {
    writer.beginObject(name);
    for (const [inner, child] of node.children) compute(child, inner, writer, application);
    writer.end();
  }
}

/** Writes what stays of one value; false when nothing was written for it. */
function projectBranch(node: Branch, name: string, value: Raw, writer: BsonWriter, application: Application): boolean {
  if (value.type === BsonType.object) {
    writer.beginObject(name);
    projectFields(node, value.bytes, value.start, writer, application);
    writer.end();
  } else if (value.type === BsonType.array) {
    writer.beginArray(name);
    for (const element of elementsOf(value)) projectBranch(node, '', element, writer, application);
    writer.end();
  } else {
    if (application.inclusive) return false;
    writer.raw(name, value);
  }
  return true;
}

/** Writes the part of an array that its operator leaves, or nothing. */
function projectArray(
  node: Extract<Leaf, { kind: 'slice' | 'first' | 'positional' }>,
  name: string,
  value: Raw,
  writer: BsonWriter,
  { position }: Application,
): void {
  if (value.type !== BsonType.array) {
    if (node.kind !== 'first') writer.raw(name, value);
    return;
  }
  const elements = elementsOf(value);
  let chosen: readonly Raw[];
  if (node.kind === 'slice') {
    chosen = slice(elements, node.skip, node.limit);
  } else if (node.kind === 'first') {
    const first = elements.find(node.matches);
    if (first === undefined) return;
    chosen = [first];
  } else {
    const matched = elements[position];
    if (matched === undefined)
      throw new MongoError(51246, "positional operator '.$' couldn't find a matching element in the array");
    chosen = [matched];
  }
  writer.beginArray(name);
  for (const element of chosen) writer.raw('', element);
  writer.end();
}

/** First or (negative) last elements; or, behind a skip counted from either end, as many as the limit says. */
function slice(elements: readonly Raw[], skip: number | undefined, limit: number): readonly Raw[] {
  if (skip === undefined) return limit >= 0 ? elements.slice(0, limit) : elements.slice(limit);
  const from = skip >= 0 ? skip : Math.max(0, elements.length + skip);
  return elements.slice(from, from + limit);
}
