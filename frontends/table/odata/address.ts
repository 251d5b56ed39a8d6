// What the last segment of a path names: `Tables`, `Tables('name')`, `name`, `name()`,
// `name(PartitionKey='…',RowKey='…')`, `$batch`, `$metadata` or nothing. Sources: "Addressing Table service resources"
// (Azure Storage REST reference) and OData v3 URL conventions, section 3.
//
// The segment is percent-decoded once, here, before quotes are looked at: clients double the quotes of a key and then
// encode it whole. Whether a table may have such a name and an entity such a key is judged elsewhere.

import { refusal } from '../errors.ts';
import type { EntityKey } from '../request.ts';
import type { Target } from '../surface.ts';

export interface Address {
  readonly target: Target;
  /** In the letters of the request. */
  readonly table: string | undefined;
  readonly key: EntityKey | undefined;
}

/** Reserved as a name of tables, whatever its case. */
const tablesResource = 'tables';

const badSyntax = 'Bad Request - Error in query syntax.';

function fault(): Error {
  return refusal('InvalidInput', 'path', badSyntax);
}

/** Reads the last segment of a path as it was sent, percent-encoded. Throws InvalidInput. */
export function parseAddress(segment: string): Address {
  const text = decoded(segment);
  if (text === '') return { target: 'service', table: undefined, key: undefined };
  if (text === '$batch') return { target: 'batch', table: undefined, key: undefined };
  if (text === '$metadata') return { target: 'metadata', table: undefined, key: undefined };
  const open = text.indexOf('(');
  if (open < 0) return ofCollection(text);
  const name = text.slice(0, open);
  if (name === '' || !text.endsWith(')')) throw fault();
  const values = parseKeyList(text, open + 1);
  if (values.length === 0) return ofCollection(name);
  if (name.toLowerCase() === tablesResource) return { target: 'table', table: tableNameOf(values), key: undefined };
  return { target: 'entity', table: name, key: entityKeyOf(values) };
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw fault();
  }
}

function ofCollection(name: string): Address {
  if (name.toLowerCase() === tablesResource) return { target: 'tables', table: undefined, key: undefined };
  return { target: 'entities', table: name, key: undefined };
}

interface KeyValue {
  /** Undefined: the value stood alone. */
  readonly name: string | undefined;
  readonly value: string;
}

/** An entity has two key properties, a table one. */
const keyValuesMax = 2;

const keyNameForm = /\s*(?:([A-Za-z_]\w*)\s*=\s*)?'/y;

/** The values between the parenthesis before `at` and the one that ends the text. */
function parseKeyList(text: string, at: number): KeyValue[] {
  const last = text.length - 1;
  const values: KeyValue[] = [];
  if (text.slice(at, last).trim() === '') return values;
  for (;;) {
    keyNameForm.lastIndex = at;
    const head = keyNameForm.exec(text);
    if (head === null || values.length === keyValuesMax) throw fault();
    const { value, end } = readString(text, keyNameForm.lastIndex);
    values.push({ name: head[1], value });
    at = end;
    while (text[at] === ' ') at++;
    if (at === last) return values;
    if (text[at] !== ',') throw fault();
    at++;
  }
}

/** The string behind an opening quote; a quote inside it stands twice. */
function readString(text: string, start: number): { readonly value: string; readonly end: number } {
  let from = start;
  for (;;) {
    const quote = text.indexOf("'", from);
    if (quote < 0) throw fault();
    if (text[quote + 1] !== "'") return { value: text.slice(start, quote).replaceAll("''", "'"), end: quote + 1 };
    from = quote + 2;
  }
}

function tableNameOf(values: readonly KeyValue[]): string {
  const [only] = values;
  if (only === undefined || values.length > 1) throw fault();
  if (only.name !== undefined && only.name !== 'TableName') throw fault();
  return only.value;
}

function entityKeyOf(values: readonly KeyValue[]): EntityKey {
  const partitionKey = values.find(({ name }) => name === 'PartitionKey');
  const rowKey = values.find(({ name }) => name === 'RowKey');
  if (partitionKey === undefined || rowKey === undefined) throw fault();
  return { partitionKey: partitionKey.value, rowKey: rowKey.value };
}
