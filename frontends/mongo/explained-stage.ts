// The stages of an explained read. Every path is indexed: where no declared index begins with a path that was used,
// the stage shows the one that createIndexes would name (`a_1`).

import { declaredIndexesOf } from '../../core/declared-index.ts';
import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import type { Path } from '../../model/predicate.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Selection } from './selection.ts';
import { sortBytesMax } from './source.ts';

export interface Stage {
  readonly name: string;
  readonly inner: readonly Stage[];
  readonly index?: { readonly name: string; readonly key: Raw } | undefined;
  readonly backwards?: boolean | undefined;
  readonly sortPattern?: Uint8Array | undefined;
  readonly memLimit?: boolean | undefined;
  /** Of LIMIT and SKIP. */
  readonly amount?: number | undefined;
  readonly counted?: number | undefined;
  readonly returned?: number | undefined;
  readonly documents?: number | undefined;
  readonly keys?: number | undefined;
}

/** How the selection reaches its documents; it must be open. */
export function accessStage(container: ContainerRecord, selection: Selection): Stage {
  if (selection.access.kind === 'ids') return { name: 'IDHACK', inner: [], index: indexOn(container, ['_id'], false) };
  const access = selection.searchAccess;
  const { backwards } = selection;
  if (access === undefined || access.kind === 'scan') return { name: 'COLLSCAN', inner: [], backwards };
  const { orderPath, predicate } = selection;
  if (access.kind === 'order' && orderPath !== undefined)
    return fetch([{ name: 'IXSCAN', inner: [], index: indexOn(container, orderPath, backwards), backwards }]);
  const paths = selection.indexedPaths();
  const scan = (path: Path): Stage => ({ name: 'IXSCAN', inner: [], index: indexOn(container, path, false) });
  if (predicate.kind === 'or' && paths.length > 1) return fetch([{ name: 'OR', inner: paths.map(scan) }]);
  const declared = paths.find((path) => declaredOn(container, path) !== undefined);
  const path = declared ?? paths[0];
  return path === undefined ? { name: access.estimate === 0 ? 'EOF' : 'COLLSCAN', inner: [] } : fetch([scan(path)]);
}

function fetch(inner: readonly Stage[]): Stage {
  return { name: 'FETCH', inner };
}

/** A count that the index answers by itself. */
export function countStage(access: Stage, isEmpty: boolean, counted: number): Stage {
  if (isEmpty) return { name: 'RECORD_STORE_FAST_COUNT', inner: [], counted };
  let scan = access;
  while (scan.inner[0] !== undefined) scan = scan.inner[0];
  return {
    name: 'COUNT',
    counted,
    inner: [{ name: scan.index === undefined ? scan.name : 'COUNT_SCAN', inner: [], index: scan.index, keys: counted }],
  };
}

function declaredOn(container: ContainerRecord, path: Path): { readonly name: string; readonly key: Raw } | undefined {
  const dotted = path.join('.');
  const found = declaredIndexesOf(container).find(({ paths }) => paths[0]?.join('.') === dotted);
  return found && { name: found.name, key: fieldOf(found.definition, 'key')! };
}

function indexOn(
  container: ContainerRecord,
  path: Path,
  backwards: boolean,
): { readonly name: string; readonly key: Raw } {
  const dotted = path.join('.');
  const key = fieldOf(
    new BsonWriter(64).beginDocument().beginObject('key').int32(dotted, 1).end().end().finish(),
    'key',
  )!;
  if (dotted === '_id') return { name: '_id_', key };
  return declaredOn(container, path) ?? { name: `${dotted}_${backwards ? -1 : 1}`, key };
}

/** Levels are those of one plan: a handful. */
export function writeStage(writer: BsonWriter, field: string, stage: Stage, withNumbers: boolean): void {
  const { name, inner, index, backwards, sortPattern, amount, counted, returned, documents, keys } = stage;
  writer.beginObject(field).string('stage', name);
  if (withNumbers && returned !== undefined) writer.int32('nReturned', returned);
  if (withNumbers && counted !== undefined) writer.int32('nCounted', counted);
  if (sortPattern !== undefined) writer.document('sortPattern', sortPattern);
  if (stage.memLimit === true) writer.int32('memLimit', sortBytesMax).string('type', 'simple');
  if (name === 'LIMIT') writer.int32('limitAmount', amount ?? 0);
  if (name === 'SKIP') writer.int32('skipAmount', amount ?? 0);
  if (index !== undefined) writer.raw('keyPattern', index.key).string('indexName', index.name).int32('indexVersion', 2);
  if (name === 'COLLSCAN' || name === 'IXSCAN') writer.string('direction', backwards === true ? 'backward' : 'forward');
  if (withNumbers && keys !== undefined) writer.int32('keysExamined', keys);
  if (withNumbers && documents !== undefined) writer.int32('docsExamined', documents);
  if (inner.length === 1) writeStage(writer, 'inputStage', inner[0]!, withNumbers);
  else if (inner.length > 1) {
    writer.beginArray('inputStages');
    for (const each of inner) writeStage(writer, '', each, withNumbers);
    writer.end();
  }
  writer.end();
}
