// A bare client of the Cosmos REST protocol: signs and sends, nothing else. For tests and audits that must see
// every status and lose no acknowledgement to a retry.

import { createHmac } from 'node:crypto';
import { Pool } from 'undici';

/** The emulators' well-known key. */
export const wellKnownKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface CosmosRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the account, each segment already percent-encoded. */
  readonly path: string;
  /** 'dbs', 'colls', 'docs', … and the link the signature covers. */
  readonly resourceType: string;
  readonly resourceLink: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export class CosmosHttp {
  readonly #pool: Pool;
  readonly #key: Buffer;

  constructor(url: string, connections = 64, key = wellKnownKey) {
    this.#pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 20_000, bodyTimeout: 20_000 });
    this.#key = Buffer.from(key, 'base64');
  }

  async send(request: CosmosRequest): Promise<HttpAnswer> {
    const date = new Date().toUTCString();
    const text = `${request.method.toLowerCase()}\n${request.resourceType}\n${request.resourceLink}\n${date.toLowerCase()}\n\n`;
    const signature = createHmac('sha256', this.#key).update(text).digest('base64');
    const answer = await this.#pool.request({
      method: request.method,
      path: request.path,
      headers: {
        authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`),
        'x-ms-date': date,
        'x-ms-version': '2020-07-15',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  createDatabase(id: string): Promise<HttpAnswer> {
    return this.send({
      method: 'POST',
      path: '/dbs',
      resourceType: 'dbs',
      resourceLink: '',
      body: JSON.stringify({ id }),
    });
  }

  createContainer(database: string, id: string, path = '/pk'): Promise<HttpAnswer> {
    return this.send({
      method: 'POST',
      path: `/dbs/${database}/colls`,
      resourceType: 'colls',
      resourceLink: `dbs/${database}`,
      body: JSON.stringify({ id, partitionKey: { paths: [path], kind: 'Hash', version: 2 } }),
    });
  }

  upsert(database: string, container: string, key: unknown, item: object): Promise<HttpAnswer> {
    const link = `dbs/${database}/colls/${container}`;
    return this.send({
      method: 'POST',
      path: `/${link}/docs`,
      resourceType: 'docs',
      resourceLink: link,
      headers: { 'x-ms-documentdb-is-upsert': 'true', 'x-ms-documentdb-partitionkey': JSON.stringify([key]) },
      body: JSON.stringify(item),
    });
  }

  delete(database: string, container: string, key: unknown, id: string): Promise<HttpAnswer> {
    const link = `dbs/${database}/colls/${container}/docs/${id}`;
    return this.send({
      method: 'DELETE',
      path: `/${link}`,
      resourceType: 'docs',
      resourceLink: link,
      headers: { 'x-ms-documentdb-partitionkey': JSON.stringify([key]) },
    });
  }

  read(database: string, container: string, key: unknown, id: string): Promise<HttpAnswer> {
    const link = `dbs/${database}/colls/${container}/docs/${id}`;
    return this.send({
      method: 'GET',
      path: `/${link}`,
      resourceType: 'docs',
      resourceLink: link,
      headers: { 'x-ms-documentdb-partitionkey': JSON.stringify([key]) },
    });
  }

  /** Ends every connection at once. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
