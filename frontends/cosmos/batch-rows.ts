// The batch as the .NET SDK writes it, for TransactionalBatch and bulk: RecordIO of HybridRows, with an answer alike.
// Source: HybridRowBatchSchemas.json of that SDK; the numbers of operations are those of its OperationType.

import type { ColumnType, Field, Layout } from '../../model/hybrid-row/row.ts';
import { readRow, writeRow } from '../../model/hybrid-row/row.ts';
import { recordIoOf, rowsOfRecordIo } from '../../model/hybrid-row/record-io.ts';

const columns = (type: ColumnType, names: string): Layout['fixed'] => names.split(' ').map((name) => ({ name, type }));

const operationLayout: Layout = {
  schemaId: 2145473648,
  fixed: columns('int32', 'operationType resourceType'),
  variable: [
    { name: 'partitionKey', type: 'utf8' },
    { name: 'effectivePartitionKey', type: 'binary' },
    { name: 'id', type: 'utf8' },
    { name: 'binaryId', type: 'binary' },
    { name: 'resourceBody', type: 'binary' },
  ],
  sparse: [
    ...columns('utf8', 'indexingDirective ifMatch ifNoneMatch'),
    { name: 'timeToLiveInSeconds', type: 'int32' },
    { name: 'minimalReturnPreference', type: 'bool' },
  ],
};

const resultLayout: Layout = {
  schemaId: 2145473649,
  fixed: columns('int32', 'statusCode subStatusCode'),
  variable: [
    { name: 'eTag', type: 'utf8' },
    { name: 'resourceBody', type: 'binary' },
  ],
  sparse: [
    { name: 'retryAfterMilliseconds', type: 'uint32' },
    { name: 'requestCharge', type: 'float64' },
  ],
};

const operationNames: Readonly<Record<number, string>> = {
  0: 'Create',
  1: 'Patch',
  2: 'Read',
  4: 'Delete',
  5: 'Replace',
  20: 'Upsert',
};

/** One operation of a batch, whatever form it came in. */
export interface BatchRow {
  readonly operationType: string | undefined;
  readonly partitionKey: string | undefined;
  readonly id: string | undefined;
  readonly resourceBody: Uint8Array | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly minimalReturnPreference: boolean;
}

export function* rowsOfBatch(body: Uint8Array): Generator<BatchRow> {
  for (const bytes of rowsOfRecordIo(body)) {
    const fields = readRow(operationLayout, bytes);
    const textIn = (name: string): string | undefined => fields.get(name) as string | undefined;
    yield {
      operationType: operationNames[fields.get('operationType') as number],
      partitionKey: textIn('partitionKey'),
      id: textIn('id'),
      resourceBody: fields.get('resourceBody') as Uint8Array | undefined,
      ifMatch: textIn('ifMatch'),
      ifNoneMatch: textIn('ifNoneMatch'),
      minimalReturnPreference: fields.get('minimalReturnPreference') === true,
    };
  }
}

export interface BatchResultRow {
  readonly statusCode: number;
  readonly subStatusCode?: number | undefined;
  readonly eTag?: string | undefined;
  readonly resourceBody?: Uint8Array | undefined;
  readonly retryAfterMilliseconds?: number | undefined;
  readonly requestCharge: number;
}

export function batchResult(results: readonly BatchResultRow[]): Uint8Array {
  return recordIoOf(
    results.map((result) => writeRow(resultLayout, { ...result } as Record<string, Field | undefined>)),
  );
}
