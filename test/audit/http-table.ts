// A table under audit as a client of the Table door has it.

import { storageEmulatorKey } from '../../bin/accounts.ts';
import { tableHttp, type TableHttp } from '../clients/table-http.ts';
import { operationsMax, type Outcome, type RowWrite, type TableClient } from './table-writers.ts';
import type { RowState } from './unit.ts';

const table = 'audit';
const boundary = 'batch_audit';
const changeset = 'changeset_audit';

const account = 'devstoreaccount1';

/** A request, alone or as a part of a transaction. */
interface Part {
  readonly verb: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Signs for the server at that address. */
export function connectTable(url: string): TableHttp {
  return tableHttp({ port: Number(new URL(url).port), account, key: storageEmulatorKey });
}

export async function createTable(send: TableHttp): Promise<void> {
  const { status, text } = await send('POST', 'Tables', {}, { TableName: table });
  if (status !== 201) throw new Error(`the table was not created: ${status} ${text}`);
}

function requestOf(partition: string, write: RowWrite): Part {
  const path = `${table}(PartitionKey='${partition}',RowKey='${write.row}')`;
  const headers = { 'if-match': '*' };
  switch (write.kind) {
    case 'insert':
    case 'upsert': {
      const { turn, size, made } = write.state;
      const body = JSON.stringify({
        PartitionKey: partition,
        RowKey: write.row,
        Turn: turn,
        Size: size,
        Made: made,
        Text: write.text,
      });
      return write.kind === 'insert'
        ? { verb: 'POST', path: table, headers: { prefer: 'return-no-content' }, body }
        : { verb: 'PUT', path, body };
    }
    case 'merge':
      return { verb: 'PATCH', path, headers, body: JSON.stringify({ Turn: write.turn, Size: write.size }) };
    case 'delete':
      return { verb: 'DELETE', path, headers };
  }
}

function outcomeOf(status: number): Outcome {
  if (status >= 500) return 'lost';
  if (status === 404 || status === 409) return 'refused';
  if (status >= 300) throw new Error(`unexpected status ${status}`);
  return 'done';
}

async function orLost(attempt: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await attempt();
  } catch (error) {
    if (isConnectionError(error)) return 'lost';
    throw error;
  }
}

/** Of the socket. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}

export function httpTable(send: TableHttp): TableClient {
  const batchOf = (parts: readonly Part[]): string =>
    [
      `--${boundary}\r\nContent-Type: multipart/mixed; boundary=${changeset}\r\n\r\n`,
      ...parts.map(({ verb, path, headers, body }, i) => {
        const own = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
        const type = body === undefined ? '' : 'Content-Type: application/json\r\n';
        return (
          `--${changeset}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n` +
          `Content-ID: ${i}\r\n\r\n${verb} /${account}/${path} HTTP/1.1\r\n` +
          `${type}${own.join('')}\r\n${body ?? ''}\r\n`
        );
      }),
      `--${changeset}--\r\n--${boundary}--\r\n`,
    ].join('');
  return {
    write: (partition, write) =>
      orLost(async () => {
        const { verb, path, headers, body } = requestOf(partition, write);
        return outcomeOf((await send(verb, path, headers, body)).status);
      }),
    transact: (partition, writes) =>
      orLost(async () => {
        const headers = { 'content-type': `multipart/mixed; boundary=${boundary}` };
        const parts = writes.map((write) => requestOf(partition, write));
        const { status, text } = await send('POST', '$batch', headers, batchOf(parts));
        if (status !== 202) return outcomeOf(status);
        const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code));
        const failed = statuses.find((code) => code >= 300);
        if (failed !== undefined) return outcomeOf(failed);
        if (statuses.length !== writes.length)
          throw new Error(`${statuses.length} answers to ${writes.length} operations`);
        return 'done';
      }),
    read: async (partition) => {
      try {
        const filter = encodeURIComponent(`PartitionKey eq '${partition}'`);
        // More than four writers can have in a partition.
        const query = `?$top=${10 * operationsMax}&$filter=${filter}`;
        const { status, headers, text, json } = await send('GET', `${table}()${query}`);
        if (status >= 500) return undefined;
        if (status !== 200) throw new Error(`unexpected status ${status}: ${text}`);
        if (headers['x-ms-continuation-nextrowkey'] !== undefined)
          throw new Error(`partition ${partition} does not fit into one page`);
        const { value } = json as { value: { RowKey: string; Turn: number; Size: number; Made: number }[] };
        return new Map(
          value.map(({ RowKey, Turn, Size, Made }): [string, RowState] => [
            RowKey,
            { turn: Turn, size: Size, made: Made },
          ]),
        );
      } catch (error) {
        if (isConnectionError(error)) return undefined;
        throw error;
      }
    },
  };
}
