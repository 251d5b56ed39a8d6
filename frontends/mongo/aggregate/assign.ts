// Computed fields put into documents: what `$addFields` and `$set` do. Existing fields keep their place, new ones
// follow in the order of the text; a path leads into each element of an array, and over anything that is no object.
// Source: MongoDB manual, "$addFields".

import { BsonType } from '../../../model/bson/types.ts';
import { ElementCursor, nameOf, type Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { elementsOf, fieldsOf, firstNameOf } from '../bson-input.ts';
import { MongoError } from '../errors.ts';
import { fieldPath } from '../field-path.ts';
import { compileExpression } from './expression.ts';
import type { Evaluate } from './row.ts';
import type { Frame, Scope } from './scope.ts';

export interface Assignments {
  readonly children: Map<string, Assignments | Evaluate>;
  /** The children's names with their bytes, in order. */
  readonly entries: { readonly name: string; readonly bytes: Uint8Array }[];
}

export function noAssignments(): Assignments {
  return { children: new Map(), entries: [] };
}

export function addChild(node: Assignments, name: string, child: Assignments | Evaluate): void {
  node.children.set(name, child);
  node.entries.push({ name, bytes: nameOf(name) });
}

function put(root: Assignments, dotted: string, leaf: Evaluate): void {
  const path = fieldPath(dotted);
  let node = root;
  for (const name of path.slice(0, -1)) {
    let child = node.children.get(name);
    if (child === undefined) addChild(node, name, (child = noAssignments()));
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
  addChild(node, last, leaf);
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
  const root = noAssignments();
  parse(root, '', spec, scope);
  if (root.children.size === 0)
    throw new MongoError(40177, `Invalid ${stage} :: caused by :: specification must have at least one field`);
  const { frame } = scope.environment;
  const writer = new BsonWriter();
  return (document) => {
    frame.enter(document);
    writer.clear().beginDocument();
    assign(root, document, 0, writer, frame);
    return writer.end().finish();
  };
}

/** Writes the fields of the object at `start` with the computed ones into the open document. */
export function assign(node: Assignments, bytes: Uint8Array, start: number, writer: BsonWriter, frame: Frame): void {
  const cursor = new ElementCursor(bytes, start);
  // Which children had a place; names are compared where they lie, since most fields are none of them.
  const { entries } = node;
  const seen: boolean[] = [];
  let copied = start + 4;
  let at = copied;
  while (cursor.next()) {
    for (let i = 0; i < entries.length; i++) {
      const { bytes: nameBytes, name } = entries[i]!;
      if (!cursor.nameIs(nameBytes)) continue;
      if (seen[i] === true) break;
      seen[i] = true;
      writer.span(bytes, copied, at);
      copied = cursor.valueEnd;
      write(node.children.get(name)!, name, cursor.raw(), writer, frame);
      break;
    }
    at = cursor.valueEnd;
  }
  writer.span(bytes, copied, at);
  for (let i = 0; i < entries.length; i++)
    if (seen[i] !== true) write(node.children.get(entries[i]!.name)!, entries[i]!.name, undefined, writer, frame);
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
