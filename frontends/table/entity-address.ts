// Addresses of entities and tables as answers tell them: in ids, edit links and `Location`. And what requests must tell.

import { refusal } from './errors.ts';
import type { EntityKey, TableRequest } from './request.ts';

/** 1 for the units that stand in an address as they are, quotes left out. */
const plain = new Uint8Array(128);
for (let unit = 0; unit < 128; unit++) plain[unit] = /[\w.~-]/.test(String.fromCharCode(unit)) ? 1 : 0;

/** Most names and keys are as they are encoded, and told so by a look in half the time. */
function encoded(text: string): string {
  for (let i = 0; i < text.length; i++) if (plain[text.charCodeAt(i)] !== 1) return encodeURIComponent(text);
  return text;
}

/** A key as it stands between the quotes of an address. */
function quoted(text: string): string {
  return `'${encoded(text.includes("'") ? text.replaceAll("'", "''") : text)}'`;
}

/** `Table(PartitionKey='…',RowKey='…')`, without the root. */
export function entityAddress(table: string, partitionKey: string, rowKey: string): string {
  return `${encoded(table)}(PartitionKey=${quoted(partitionKey)},RowKey=${quoted(rowKey)})`;
}

/** `Tables('…')`, without the root. */
export function tableAddress(table: string): string {
  return `Tables(${quoted(table)})`;
}

/** The keys that a request tells in its address. Throws the service's refusal of an address that tells another number. */
export function addressedKey({ key }: TableRequest): EntityKey {
  if (key !== undefined) return key;
  throw refusal(
    'InvalidInput',
    'path',
    'The number of keys specified in the URI does not match number of key properties for the resource.',
  );
}
