// A projection document → documents with some of their fields, on bytes. Either it names what stays (inclusion) or
// what goes (exclusion); `_id` may differ; `$slice`, `$elemMatch` and the positional `$` cut arrays. Computed
// fields need the expression compiler and are refused by name until it is there.
// Source: MongoDB manual, "Project Fields to Return from Query", `$slice`, `$elemMatch`, `$` (projection).

import { compileDocumentTest, compileTest } from '../../core/query/predicate/compile.ts';
import { BsonType } from '../../model/bson/types.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { ElementCursor, rawDocument, type Raw } from '../../model/bson/walk.ts';
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

type Leaf =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'slice'; readonly skip: number | undefined; readonly limit: number }
  | { readonly kind: 'first'; readonly matches: (element: Raw) => boolean }
  | { readonly kind: 'positional' };

interface Branch {
  readonly kind: 'branch';
  readonly children: Map<string, Leaf | Branch>;
}

const keep: Leaf = { kind: 'keep' };
const drop: Leaf = { kind: 'drop' };

/** Nested projection documents, as a bound on recursion; paths are bounded on their own. */
const levelsMax = 100;

/** What is known of a projection while its fields are read. */
class Specification {
  readonly root: Branch = { kind: 'branch', children: new Map() };
  inclusive: boolean | undefined;
  idKept: boolean | undefined;
  positional = false;
  elementMatch = false;

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
    for (let i = 0; i < path.length - 1; i++) {
      const name = path[i]!;
      let child = branch.children.get(name);
      if (child === undefined) branch.children.set(name, (child = { kind: 'branch', children: new Map() }));
      if (child.kind !== 'branch')
        throw new MongoError(31249, `Path collision at ${dotted} remaining portion ${path.slice(i + 1).join('.')}`);
      branch = child;
    }
    const name = path[path.length - 1]!;
    if (branch.children.has(name)) throw new MongoError(31250, `Path collision at ${dotted}`);
    branch.children.set(name, leaf);
  }
}

/** Undefined for an empty document: everything stays. */
export function parseProjection(spec: Uint8Array): Projection | undefined {
  const specification = new Specification();
  const fields = fieldsOf(rawDocument(spec));
  if (fields.length === 0) return undefined;
  for (const { name, value } of fields) parseField(specification, name, value, 0);
  const { root, positional, elementMatch } = specification;
  if (positional && elementMatch) throw new MongoError(31256, 'Cannot specify positional operator and $elemMatch.');
  if (positional && specification.inclusive === false)
    throw new MongoError(31395, 'positional projection cannot be used with exclusion');
  const inclusive = specification.inclusive ?? (elementMatch || specification.idKept === true);
  if (!root.children.has('_id') && specification.idKept === undefined && inclusive) root.children.set('_id', keep);
  return {
    needsPosition: positional,
    project: (document, position) => {
      const writer = new BsonWriter(document.length).beginDocument();
      projectFields(root, document, 0, writer, inclusive, position);
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
  if (!isNumber(value) && value.type !== BsonType.boolean)
    throw new MongoError(MongoCode.NotImplemented, 'computed fields in projections are not supported by this server');
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
          MongoCode.NotImplemented,
          'computed fields in projections are not supported by this server',
        );
      parseField(specification, `${dotted}.${field.name}`, field.value, level + 1);
    }
    return;
  }
  const operand = fields[0]!.value;
  if (operator === '$slice' && fields.length === 1) {
    specification.put(dotted, parseSlice(operand));
  } else if (operator === '$elemMatch' && fields.length === 1) {
    if (dotted.includes('.')) throw new MongoError(31275, 'Cannot use $elemMatch projection on a nested field.');
    if (operand.type !== BsonType.object) throw new MongoError(31274, 'elemMatch: Invalid argument, object required');
    specification.elementMatch = true;
    specification.put(dotted, { kind: 'first', matches: elementCondition(operand) });
  } else {
    throw new MongoError(MongoCode.NotImplemented, `${operator} in projections is not supported by this server`);
  }
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

function projectFields(
  branch: Branch,
  bytes: Uint8Array,
  start: number,
  writer: BsonWriter,
  inclusive: boolean,
  position: number,
): void {
  const cursor = new ElementCursor(bytes, start);
  let at = start + 4;
  while (cursor.next()) {
    const child = branch.children.get(cursor.name());
    if (child === undefined) {
      if (!inclusive) writer.span(bytes, at, cursor.valueEnd);
    } else if (child.kind === 'keep') {
      writer.span(bytes, at, cursor.valueEnd);
    } else if (child.kind !== 'drop') {
      projectValue(child, cursor.name(), cursor.raw(), writer, inclusive, position);
    }
    at = cursor.valueEnd;
  }
}

/** Writes what stays of one value, or nothing. */
function projectValue(
  node: Exclude<Leaf, { kind: 'keep' | 'drop' }> | Branch,
  name: string,
  value: Raw,
  writer: BsonWriter,
  inclusive: boolean,
  position: number,
): void {
  if (node.kind === 'branch') {
    if (value.type === BsonType.object) {
      writer.beginObject(name);
      projectFields(node, value.bytes, value.start, writer, inclusive, position);
      writer.end();
    } else if (value.type === BsonType.array) {
      writer.beginArray(name);
      for (const element of elementsOf(value)) projectValue(node, '', element, writer, inclusive, position);
      writer.end();
    } else if (!inclusive) {
      writer.raw(name, value);
    }
    return;
  }
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
