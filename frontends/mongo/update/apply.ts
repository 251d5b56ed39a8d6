// Applying an update tree to a document's bytes: runs of untouched fields are copied as they lie, touched fields
// stay where they are, new fields follow in the tree's order. Nothing of the current document is changed.

import { BsonType } from '../../../model/bson/types.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { ElementCursor, type Raw } from '../../../model/bson/walk.ts';
import { elementsOf } from '../bson-input.ts';
import { badValue, MongoCode, MongoError } from '../errors.ts';
import { rawOf } from './arithmetic.ts';
import type { EditContext, Place, Run } from './modifier.ts';
import { creates, identifierOf, isPosition, mergeNodes, type UpdateNode } from './tree.ts';

/** Nulls that one update may put before a new array element: MongoDB's own bound. */
const paddingElementsMax = 1_500_000;

/** Tests of array filters by identifier. */
export type ElementFilters = ReadonlyMap<string, (element: Raw) => boolean>;

interface TreeRun extends Run {
  readonly filters: ElementFilters;
}

export function applyTree(
  root: UpdateNode,
  current: Uint8Array,
  context: EditContext,
  filters: ElementFilters,
): Uint8Array {
  const run: TreeRun = { original: current, context, filters };
  const writer = new BsonWriter(current.length + 256).beginDocument();
  applyFields(run, root, current, 0, writer, '');
  return writer.end().finish();
}

function place(run: TreeRun, path: string): Place {
  return { path, original: run.original, context: run.context };
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Name of a child once a positional `$` is resolved. */
function resolved(run: TreeRun, name: string): string {
  if (name !== '$') return name;
  if (run.context.position < 0) throw badValue('The positional operator did not find the match needed from the query.');
  return String(run.context.position);
}

/** Children by resolved name. */
function childrenOf(run: TreeRun, node: UpdateNode, path: string): ReadonlyMap<string, UpdateNode> {
  if (!node.children.has('$')) return node.children;
  const children = new Map<string, UpdateNode>();
  for (const [name, child] of node.children) {
    const real = resolved(run, name);
    const other = children.get(real);
    children.set(real, other === undefined ? child : mergeNodes(other, child, join(path, real)));
  }
  return children;
}

/** Writes the fields of the object at `start`, changed as the node's children say, into the open document. */
function applyFields(
  run: TreeRun,
  node: UpdateNode,
  bytes: Uint8Array,
  start: number,
  writer: BsonWriter,
  path: string,
): void {
  const children = childrenOf(run, node, path);
  const seen = new Set<string>();
  const cursor = new ElementCursor(bytes, start);
  let copied = start + 4;
  let at = copied;
  while (cursor.next()) {
    const name = cursor.name();
    const child = seen.has(name) ? undefined : children.get(name);
    if (child !== undefined) {
      seen.add(name);
      writer.span(bytes, copied, at);
      copied = cursor.valueEnd;
      const next = applyNode(run, child, cursor.raw(), join(path, name));
      if (next !== undefined) writer.raw(name, next);
    }
    at = cursor.valueEnd;
  }
  writer.span(bytes, copied, at);
  for (const [name, child] of children) {
    if (seen.has(name)) continue;
    const made = makeNode(run, child, join(path, name), path, name);
    if (made !== undefined) writer.raw(name, made);
  }
}

/** The next value of an existing field, undefined to remove it. */
function applyNode(run: TreeRun, node: UpdateNode, current: Raw, path: string): Raw | undefined {
  if (node.modifier !== undefined) return node.modifier.apply(current, place(run, path));
  if (current.type === BsonType.object) {
    return rawOf(
      (writer) => {
        writer.beginObject('');
        applyFields(run, node, current.bytes, current.start, writer, path);
        writer.end();
      },
      current.end - current.start + 256,
    );
  }
  if (current.type === BsonType.array) return applyElements(run, node, current, path);
  for (const [name, child] of node.children) {
    if (identifierOf(name) !== undefined) throw badValue(`Cannot apply array updates to non-array element ${path}`);
    const real = resolved(run, name);
    if (creates(child, run))
      throw new MongoError(MongoCode.PathNotViable, `Cannot create field '${real}' in element ${path}`);
  }
  return current;
}

/** The value of an absent field, or undefined when nothing under the node makes one. */
function makeNode(run: TreeRun, node: UpdateNode, path: string, parent: string, name: string): Raw | undefined {
  if (identifierOf(name) !== undefined) throw badValue(`Cannot apply array updates to non-array element ${parent}`);
  if (node.modifier !== undefined) return node.modifier.apply(undefined, place(run, path));
  const children = childrenOf(run, node, path);
  for (const child of children.keys())
    if (identifierOf(child) !== undefined)
      throw badValue(`The path '${path}' must exist in the document in order to apply array updates.`);
  if (!creates(node, run)) return undefined;
  return rawOf((writer) => {
    writer.beginObject('');
    for (const [childName, child] of children) {
      const made = makeNode(run, child, join(path, childName), path, childName);
      if (made !== undefined) writer.raw(childName, made);
    }
    writer.end();
  });
}

/** The next value of an array: elements are never removed by a path, an unset one becomes null. */
function applyElements(run: TreeRun, node: UpdateNode, current: Raw, path: string): Raw {
  const children = childrenOf(run, node, path);
  const elements = elementsOf(current);
  const selectors: { readonly matches: (element: Raw) => boolean; readonly node: UpdateNode }[] = [];
  const beyond: { readonly position: number; readonly node: UpdateNode }[] = [];
  for (const [name, child] of children) {
    const identifier = identifierOf(name);
    if (identifier !== undefined) {
      selectors.push({ matches: identifier === '' ? () => true : run.filters.get(identifier)!, node: child });
    } else if (isPosition(name)) {
      if (Number(name) >= elements.length) beyond.push({ position: Number(name), node: child });
    } else if (creates(child, run)) {
      throw new MongoError(MongoCode.PathNotViable, `Cannot create field '${name}' in element ${path}`);
    }
  }
  return rawOf(
    (writer) => {
      writer.beginArray('');
      elements.forEach((element, i) => {
        const elementPath = `${path}.${i}`;
        let chosen = children.get(String(i));
        for (const selector of selectors) {
          if (!selector.matches(element)) continue;
          chosen = chosen === undefined ? selector.node : mergeNodes(chosen, selector.node, elementPath);
        }
        if (chosen === undefined) {
          writer.raw('', element);
          return;
        }
        const next = applyNode(run, chosen, element, elementPath);
        if (next === undefined) writer.null('');
        else writer.raw('', next);
      });
      let length = elements.length;
      for (const { position, node: child } of beyond) {
        const made = makeNode(run, child, `${path}.${position}`, path, String(position));
        if (made === undefined) continue;
        if (position - length > paddingElementsMax)
          throw badValue(`can't backfill more than ${paddingElementsMax} elements`);
        for (; length < position; length++) writer.null('');
        writer.raw('', made);
        length++;
      }
      writer.end();
    },
    current.end - current.start + 256,
  );
}
