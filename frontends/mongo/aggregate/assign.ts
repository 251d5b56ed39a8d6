// Computed fields put into documents: what `$addFields` and `$set` do. Existing fields keep their place, new ones
// follow in the order of the text; a path leads into each element of an array, and over anything that is no object.
// Source: MongoDB manual, "$addFields".

import { BsonType } from '../../../model/bson/types.ts';
import { ElementCursor, type Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { elementsOf, fieldsOf, firstNameOf } from '../bson-input.ts';
import { MongoError } from '../errors.ts';
import { fieldPath } from '../field-path.ts';
import { compileExpression } from './expression.ts';
import type { Evaluate } from './row.ts';
import type { Frame, Scope } from './scope.ts';

export interface Assignments {
  readonly children: Map<string, Assignments | Evaluate>;
}

function put(root: Assignments, dotted: string, leaf: Evaluate): void {
  const path = fieldPath(dotted);
  let node = root;
  for (const name of path.slice(0, -1)) {
    let child = node.children.get(name);
    if (child === undefined) node.children.set(name, (child = { children: new Map() }));
    if (typeof child === 'function')
      throw new MongoError(
        40176,
        `specification contains two conflicting paths. Cannot specify '${dotted}' beside its parent`,
      );
    node = child;
  }
  const last = path.at(-1)!;
  if (node.children.has(last))
    throw new MongoError(40176, `specification contains two conflicting paths: '${dotted}' is specified twice`);
  node.children.set(last, leaf);
}

function parse(root: Assignments, prefix: string, spec: Raw, scope: Scope): void {
  for (const { name, value } of fieldsOf(spec)) {
    const dotted = prefix === '' ? name : `${prefix}.${name}`;
    const first = firstNameOf(value);
    if (value.type === BsonType.object && first === undefined)
      throw new MongoError(40180, 'an empty object is not a valid value. Found empty object at path');
    if (first !== undefined && !first.startsWith('$')) parse(root, dotted, value, scope);
    else put(root, dotted, compileExpression(value, scope).evaluate);
  }
}

/** What gives a document its computed fields. */
export function compileAssignments(stage: string, spec: Raw, scope: Scope): (document: Uint8Array) => Uint8Array {
  if (spec.type !== BsonType.object) throw new MongoError(40272, `${stage} specification stage must be an object`);
  const root: Assignments = { children: new Map() };
  parse(root, '', spec, scope);
  if (root.children.size === 0)
    throw new MongoError(40177, `Invalid ${stage} :: caused by :: specification must have at least one field`);
  const { frame } = scope.environment;
  return (document) => {
    frame.enter(document);
    const writer = new BsonWriter(document.length + 128).beginDocument();
    assign(root, document, 0, writer, frame);
    return writer.end().finish();
  };
}

/** Writes the fields of the object at `start` with the computed ones into the open document. */
export function assign(node: Assignments, bytes: Uint8Array, start: number, writer: BsonWriter, frame: Frame): void {
  const cursor = new ElementCursor(bytes, start);
  const seen = new Set<string>();
  let copied = start + 4;
  let at = copied;
  while (cursor.next()) {
    const name = cursor.name();
    const child = seen.has(name) ? undefined : node.children.get(name);
    if (child !== undefined) {
      seen.add(name);
      writer.span(bytes, copied, at);
      copied = cursor.valueEnd;
      write(child, name, cursor.raw(), writer, frame);
    }
    at = cursor.valueEnd;
  }
  writer.span(bytes, copied, at);
  for (const [name, child] of node.children) if (!seen.has(name)) write(child, name, undefined, writer, frame);
}

function write(
  node: Assignments | Evaluate,
  name: string,
  current: Raw | undefined,
  writer: BsonWriter,
  frame: Frame,
): void {
  if (typeof node === 'function') {
    const value = node(frame);
    if (value !== undefined) writer.raw(name, value);
  } else if (current?.type === BsonType.object) {
    writer.beginObject(name);
    assign(node, current.bytes, current.start, writer, frame);
    writer.end();
  } else if (current?.type === BsonType.array) {
    writer.beginArray(name);
    for (const element of elementsOf(current)) write(node, '', element, writer, frame);
    writer.end();
  } else {
    writer.beginObject(name);
    for (const [inner, child] of node.children) write(child, inner, undefined, writer, frame);
    writer.end();
  }
}
