// A bare client of the Table service's protocol: signs with SharedKeyLite and sends, nothing else. For tests and audits
// that must see every status and lose no acknowledgement to a retry.

import { createHmac } from 'node:crypto';
import { Pool } from 'undici';
import type { HttpAnswer } from './cosmos-http.ts';

const account = 'devstoreaccount1';
/** The storage emulators' well-known key. */
const storageKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export interface TableHttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the account, percent-encoded, without the query. */
  readonly path: string;
  /** Begins with `?`. */
  readonly query?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

export class TableHttp {
  readonly #pool: Pool;
  /** What addresses in a batch begin with. */
  readonly root: string;

  constructor(url: string, connections: number) {
    const { origin } = new URL(url);
    this.root = `${origin}/${account}`;
    this.#pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 20_000, bodyTimeout: 20_000 });
  }

  async send({ method, path, query = '', headers, body }: TableHttpRequest): Promise<HttpAnswer> {
    const date = new Date().toUTCString();
    const signature = createHmac('sha256', Buffer.from(storageKey, 'base64'))
      .update(`${date}\n/${account}/${account}/${path}`)
      .digest('base64');
    const answer = await this.#pool.request({
      method,
      path: `/${account}/${path}${query}`,
      headers: {
        authorization: `SharedKeyLite ${account}:${signature}`,
        'x-ms-date': date,
        'x-ms-version': '2019-02-02',
        accept: 'application/json;odata=minimalmetadata',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
