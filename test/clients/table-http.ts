// A client of the Table service in a few lines: signed requests over HTTP, answers as they come.

import { createHmac } from 'node:crypto';
import { request } from 'node:http';

export interface TableAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

export interface TableHttpOptions {
  readonly port: number;
  readonly account: string;
  readonly key: string;
  /** Host style at this host; path style when absent. */
  readonly host?: string | undefined;
}

export type TableHttp = (
  verb: string,
  resource: string,
  headers?: Readonly<Record<string, string>>,
  body?: unknown,
) => Promise<TableAnswer>;

/** `resource` stands behind the account, without a slash in front; one that begins with `/` is the whole path. */
export function tableHttp({ port, account, key, host }: TableHttpOptions): TableHttp {
  return (verb, resource, headers = {}, body) => {
    const prefix = host === undefined ? `/${account}` : '';
    const path = resource.startsWith('/') ? resource : `${prefix}/${resource}`;
    const date = new Date().toUTCString();
    const [address, query = ''] = path.split('?');
    const component = new URLSearchParams(query).get('comp');
    const signed = `${date}\n/${account}${address}${component === null ? '' : `?comp=${component}`}`;
    const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        {
          port,
          host: '127.0.0.1',
          method: verb,
          path,
          headers: {
            ...(host === undefined ? {} : { host }),
            authorization: `SharedKeyLite ${account}:${signature}`,
            'x-ms-date': date,
            'x-ms-version': '2020-12-06',
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const received = Buffer.concat(chunks).toString('utf8');
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: received,
              json: received.startsWith('{') ? (JSON.parse(received) as unknown) : undefined,
            });
          });
        },
      );
      call.once('error', reject);
      call.end(text);
    });
  };
}
