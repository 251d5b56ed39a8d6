// How Gremlin sees an item as a vertex or an edge, and how it writes one back (data-model.md "Graph", "Views").
// The stored form is Cosmos's: `id`, `label`, and
//
//   vertex   each property an array of {id, _value, _meta?}, one element a value; a partition key flat
//   edge     `_isEdge: true`, the two ends (`_vertexId`, `_vertexLabel`, `_sink`, `_sinkLabel`, `_sinkPartition`),
//            each property flat
//
// An item of another door shows too: a flat field of a vertex, whatever its type, is one property with the id
// `<vertex id>|<name>`, as Cosmos gives a partition key's; an item without a string `label` has the label `vertex`.
//
// A write is a diff (`merge.ts`): values are found again by property id, one that is equal as GraphSON keeps its
// bytes, and inside lists and maps only changed paths change. Property ids are compared as GraphSON too.

import { BsonType } from './bson/types.ts';
import { fieldOf, nameOf, Raw, rawDocument, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { badRequest, DatabaseError } from './errors.ts';
import {
  appendValues,
  gremlinView,
  metaOf,
  sameBytes,
  storedProperties,
  storedProperty,
  type GremlinProperty,
} from './gremlin-property.ts';
import { FieldList, mergeValue } from './merge.ts';
import { systemNames } from './view.ts';

export interface GremlinElement {
  readonly kind: 'vertex' | 'edge';
  readonly label: string;
  /** In stored order; values of one key together. */
  readonly properties: readonly GremlinProperty[];
}

export interface GremlinViewOptions {
  /** The item's id text. */
  readonly id: string;
  /** Names of a vertex's properties that are stored flat: the roots of the partition key. Default none. */
  readonly flatNames?: readonly string[] | undefined;
}

/** Fields that say how the edge lies. */
export const edgeNames: readonly string[] = [
  '_isEdge',
  '_vertexId',
  '_vertexLabel',
  '_sink',
  '_sinkLabel',
  '_sinkPartition',
];

const labelDefault = { vertex: 'vertex', edge: 'edge' } as const;
/** Names that are no properties. */
const reservedNames = {
  vertex: ['id', 'label', ...systemNames],
  edge: ['id', 'label', ...systemNames, ...edgeNames],
} as const;
const hiddenNames = { vertex: reservedNames.vertex.map(nameOf), edge: reservedNames.edge.map(nameOf) } as const;

function kindOf(body: Uint8Array): 'vertex' | 'edge' {
  const mark = fieldOf(body, '_isEdge');
  return mark?.type === BsonType.boolean && mark.bytes[mark.start] === 1 ? 'edge' : 'vertex';
}

function labelOf(body: Uint8Array, kind: 'vertex' | 'edge'): string {
  const label = fieldOf(body, 'label');
  return label?.type === BsonType.string ? textOfRaw(label) : labelDefault[kind];
}

/** The id that a flat field is shown with. */
function flatId(id: string, key: string): Raw {
  const bytes = new BsonWriter().beginDocument().string('', `${id}|${key}`).end().finish();
  return new Raw(bytes, BsonType.string, 6, bytes.length - 1);
}

/** The element that an item is. Of a name that stands twice the first is seen. */
export function elementOf(body: Uint8Array, options: GremlinViewOptions): GremlinElement {
  const kind = kindOf(body);
  const fields = new FieldList(rawDocument(body));
  fields.hide(hiddenNames[kind]);
  const seen = new Set<string>();
  const properties: GremlinProperty[] = [];
  for (const field of fields.fields) {
    const key = fields.nameAt(field);
    if (field.hidden || seen.has(key)) continue;
    seen.add(key);
    const several = kind === 'edge' ? undefined : storedProperties(field.raw);
    if (several !== undefined)
      for (const { id, value, meta } of several) properties.push({ key, id, value, meta: metaOf(meta) });
    else
      properties.push({ key, id: kind === 'edge' ? undefined : flatId(options.id, key), value: field.raw, meta: [] });
  }
  return { kind, label: labelOf(body, kind), properties };
}

function appendFlat(writer: BsonWriter, name: Uint8Array, stored: Raw | undefined, property: GremlinProperty): void {
  if (stored === undefined) writer.raw(name, property.value);
  else mergeValue(writer, name, stored, property.value, gremlinView);
}

/** The body to store when an item is written back as this element. Throws ImmutableField when its label would change. */
export function mergeElement(stored: Uint8Array, element: GremlinElement, options: GremlinViewOptions): Uint8Array {
  const kind = kindOf(stored);
  if (element.kind !== kind || element.label !== labelOf(stored, kind))
    throw new DatabaseError('ImmutableField', 'kind and label of an element cannot change', { argument: 'label' });
  const groups = new Map<string, GremlinProperty[]>();
  for (const property of element.properties) {
    if (reservedNames[kind].includes(property.key)) throw badRequest('a property has a reserved name');
    const group = groups.get(property.key);
    if (group === undefined) groups.set(property.key, [property]);
    else group.push(property);
  }
  const writer = new BsonWriter(stored.length).beginDocument();
  const before = new FieldList(rawDocument(stored));
  before.hide(hiddenNames[kind]);
  const written = new Set<string>();
  for (const field of before.fields) {
    const key = before.nameAt(field);
    const group = groups.get(key);
    if (field.hidden || (group !== undefined && written.has(key))) before.copy(writer, field);
    else if (group !== undefined) appendGroup(writer, key, group, field.raw, kind, options);
    written.add(key);
  }
  for (const [key, group] of groups) if (!written.has(key)) appendGroup(writer, key, group, undefined, kind, options);
  return writer.end().finish();
}

function appendGroup(
  writer: BsonWriter,
  key: string,
  group: readonly GremlinProperty[],
  stored: Raw | undefined,
  kind: 'vertex' | 'edge',
  options: GremlinViewOptions,
): void {
  const name = nameOf(key);
  const [first] = group;
  const isSingle = group.length === 1 && first!.meta.length === 0;
  if (kind === 'edge' || options.flatNames?.includes(key) === true) {
    if (!isSingle) throw badRequest('this property has one value and no properties of its own');
    appendFlat(writer, name, stored, first!);
    return;
  }
  const several = stored === undefined ? [] : storedProperties(stored);
  if (several !== undefined) {
    appendValues(writer, name, group, several);
    return;
  }
  // The field is flat. It stays so while it has one value, under the id that it was shown with, unless that value
  // would then be read as an array of values.
  const ownId = flatId(options.id, key);
  const isOwn = (property: GremlinProperty): boolean => property.id !== undefined && sameBytes(property.id, ownId);
  if (isSingle && isOwn(first!) && storedProperties(first!.value) === undefined) {
    appendFlat(writer, name, stored, first!);
    return;
  }
  const element = new BsonWriter().beginDocument().raw('id', ownId).raw('_value', stored!).end().finish();
  appendValues(writer, name, group, [storedProperty(rawDocument(element))!]);
}
