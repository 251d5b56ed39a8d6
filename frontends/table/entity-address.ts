// Addresses of entities and tables as answers tell them: in ids, edit links and `Location`.

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
