// Addresses of entities and tables as answers tell them: in ids, edit links and `Location`. And what requests must tell.

import { refusal } from './errors.ts';
import type { EntityKey, TableRequest } from './request.ts';

/** A key as it stands between the quotes of an address. */
function quoted(text: string): string {
  return `'${encodeURIComponent(text.includes("'") ? text.replaceAll("'", "''") : text)}'`;
}

/** `Table(PartitionKey='…',RowKey='…')`, without the root. */
export function entityAddress(table: string, partitionKey: string, rowKey: string): string {
  return `${encodeURIComponent(table)}(PartitionKey=${quoted(partitionKey)},RowKey=${quoted(rowKey)})`;
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
