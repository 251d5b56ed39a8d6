// One request to the Table door, read and not yet judged: what every later step works on. `decode.ts` makes it; the
// parts of an entity group transaction become such records, too, under the credentials of their envelope.
// Source: "Addressing Table service resources" (Azure Storage REST reference).

import type { IncomingHttpHeaders } from 'node:http';
import type { Row } from './surface.ts';

/**
 * Which service a client believes it talks to: it tells by the host name. Cosmos DB's Table API takes larger entities
 * and other names, and clients send it merges as POST with `X-HTTP-Method: MERGE`.
 */
export type Flavour = 'storage' | 'cosmos';

export interface TableRequest {
  readonly row: Row;
  /** After `X-HTTP-Method` was heeded. */
  readonly verb: Verb;
  /** As it was sent: what signatures begin with. */
  readonly sentVerb: string;
  readonly flavour: Flavour;
  /** From the first segment of the path (path style) or the first label of the host (host style), without `-secondary`. */
  readonly accountName: string;
  readonly isPathStyle: boolean;
  readonly isSecondary: boolean;
  /** Path as it was sent, percent-encoded, without the query: what signatures cover. */
  readonly rawPath: string;
  /** Parameters of the query, decoded once; names as they were sent. */
  readonly query: ReadonlyMap<string, string>;
  /** The table that the address names, in the letters of the request. */
  readonly table: string | undefined;
  /** Keys of `Table(PartitionKey='…',RowKey='…')`, decoded. */
  readonly key: EntityKey | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** Scheme, host and, in path style, account: what ids and edit links begin with. No slash at its end. */
  readonly serviceRoot: string;
  readonly isEncrypted: boolean;
  /** Address of the client: shared access signatures may name a range of them. */
  readonly remoteAddress: string;
}

export type Verb = 'GET' | 'POST' | 'PUT' | 'MERGE' | 'DELETE' | 'OPTIONS' | 'HEAD';

export interface EntityKey {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** A header as one text; undefined when it was not sent. Names in lower case. */
export function headerOf(request: { readonly headers: IncomingHttpHeaders }, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
