// The paths of one update as a tree: a branch per field name, array position or positional token, a modifier at
// each leaf. Building it finds paths that conflict; its order is the order in which new fields are appended
// (names by code unit, positions by number), as MongoDB has done since 5.0.

import { MongoCode, MongoError, badValue } from '../errors.ts';
import { depthMax } from '../../../model/bson/types.ts';
import type { Modifier, Run } from './modifier.ts';

export interface UpdateNode {
  readonly modifier: Modifier | undefined;
  /** Sorted; empty at a leaf. */
  readonly children: Map<string, UpdateNode>;
}

export function emptyNode(): UpdateNode {
  return { modifier: undefined, children: new Map() };
}

const position = /^(0|[1-9][0-9]*)$/;

export function isPosition(name: string): boolean {
  return position.test(name);
}

/** `$[]` and `$[identifier]`: the identifier, empty for all elements; undefined for any other name. */
export function identifierOf(name: string): string | undefined {
  return name.startsWith('$[') && name.endsWith(']') ? name.slice(2, -1) : undefined;
}

function isReference(name: string): boolean {
  return name === '$id' || name === '$ref' || name === '$db';
}

/** Components of an update path. */
export function updatePath(dotted: string): string[] {
  if (dotted === '') throw new MongoError(MongoCode.EmptyFieldName, 'An empty update path is not valid.');
  const names = dotted.split('.', depthMax + 1);
  if (names.length > depthMax) throw new MongoError(MongoCode.Overflow, `nesting exceeds ${depthMax} levels`);
  let positionals = 0;
  names.forEach((name, i) => {
    if (name === '')
      throw new MongoError(
        MongoCode.EmptyFieldName,
        `The update path '${dotted}' contains an empty field name, which is not allowed.`,
      );
    if (name === '$') {
      positionals++;
      if (i === 0)
        throw badValue(`Cannot have positional (i.e. '$') element in the first position in path '${dotted}'`);
    } else if (identifierOf(name) !== undefined) {
      if (i === 0)
        throw badValue(
          `Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '${dotted}'`,
        );
    } else if (name.startsWith('$') && !isReference(name)) {
      throw new MongoError(
        MongoCode.DollarPrefixedFieldName,
        `The dollar ($) prefixed field '${name}' in '${dotted}' is not valid for storage.`,
      );
    }
  });
  if (positionals > 1) throw badValue(`Too many positional (i.e. '$') elements found in path '${dotted}'`);
  return names;
}

function conflict(path: string, at: string): MongoError {
  return new MongoError(
    MongoCode.ConflictingUpdateOperators,
    `Updating the path '${path}' would create a conflict at '${at}'`,
  );
}

/** Puts a modifier at the end of a path. Throws ConflictingUpdateOperators when a path is, or leads through, another. */
export function addModifier(root: UpdateNode, path: readonly string[], modifier: Modifier): void {
  let node = root;
  const dotted = path.join('.');
  for (let i = 0; i < path.length - 1; i++) {
    const name = path[i]!;
    let child = node.children.get(name);
    if (child === undefined) node.children.set(name, (child = emptyNode()));
    if (child.modifier !== undefined) throw conflict(dotted, path.slice(0, i + 1).join('.'));
    node = child;
  }
  const name = path[path.length - 1]!;
  if (node.children.has(name)) throw conflict(dotted, dotted);
  node.children.set(name, { modifier, children: new Map() });
}

function compareNames(a: string, b: string): number {
  if (isPosition(a) && isPosition(b)) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The same tree with every node's children in order. Depth is that of the paths, which are bounded. */
export function sortedTree(node: UpdateNode): UpdateNode {
  const entries = [...node.children].sort(([a], [b]) => compareNames(a, b));
  return {
    modifier: node.modifier,
    children: new Map(entries.map(([name, child]) => [name, sortedTree(child)])),
  };
}

/** Two branches that turned out to mean the same array element. */
export function mergeNodes(a: UpdateNode, b: UpdateNode, path: string): UpdateNode {
  if (a.modifier !== undefined || b.modifier !== undefined)
    throw new MongoError(MongoCode.ConflictingUpdateOperators, `Update created a conflict at '${path}'`);
  const merged = emptyNode();
  for (const [name, child] of a.children) merged.children.set(name, child);
  for (const [name, child] of b.children) {
    const other = merged.children.get(name);
    merged.children.set(name, other === undefined ? child : mergeNodes(other, child, `${path}.${name}`));
  }
  return sortedTree(merged);
}

/** Whether anything under the node would bring a field into being. */
export function creates(node: UpdateNode, run: Run): boolean {
  if (node.modifier !== undefined) return node.modifier.creates(run);
  for (const child of node.children.values()) if (creates(child, run)) return true;
  return false;
}
