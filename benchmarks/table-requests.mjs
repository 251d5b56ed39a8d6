// What `table.mjs` sends, to both sides the same: entities of some 430 bytes of JSON, each a function of its partition
// and row, and requests as bytes, signed with SharedKeyLite under the emulators' public account and key (Azure Storage
// REST reference, "Authorize with Shared Key"). Headers are those of the vendor's clients that the service reads.

import { createHmac } from 'node:crypto';

export const partitions = 100;
export const batchSize = 100;
export const account = 'devstoreaccount1';
export const key = Buffer.from(
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  'base64',
);
const cities = ['Bergen', 'Gdynia', 'Leuven', 'Mainz', 'Nantes', 'Odense', 'Padova', 'Tartu'];

export const partitionOf = (p) => `p${String(p).padStart(3, '0')}`;
export const rowOf = (r) => `r${String(r).padStart(8, '0')}`;
export const emailOf = (p, r) => `person.${p}.${r}@mail.example`;
/** A fifth of all entities. */
export const commonStatus = 'active';

/** JSON of row `r` in partition `p`. */
export function entityOf(p, r) {
  const number = r * partitions + p;
  const day = String(1 + (number % 28)).padStart(2, '0');
  return JSON.stringify({
    PartitionKey: partitionOf(p),
    RowKey: rowOf(r),
    Email: emailOf(p, r),
    Name: `Person number ${number}`,
    City: cities[number % cities.length],
    Status: r % 5 === 0 ? commonStatus : `state-${r % 5}`,
    Age: number % 90,
    Balance: number / 8 + 0.125,
    'Total@odata.type': 'Edm.Int64',
    Total: String(number * 1_000_003),
    'Since@odata.type': 'Edm.DateTime',
    Since: `2024-03-${day}T10:20:30.1234567Z`,
    Active: number % 2 === 0,
    Note: 'The parcel was left with the neighbour, who was told of it and has signed.',
  });
}

/** Requests of one server; dates are taken anew each second, as signatures ask. */
export class TableRequests {
  #host;
  #root;
  #table;
  #dateAtMs = 0;
  #date = '';

  constructor(url, table = 'bench') {
    this.#host = new URL(url).host;
    this.#table = table;
    this.#root = `http://${this.#host}/${account}`;
  }

  #request(verb, path, { query = '', headers = '', body = '' }) {
    const now = Date.now();
    if (now - this.#dateAtMs > 1_000) {
      this.#dateAtMs = now;
      this.#date = new Date(now).toUTCString();
    }
    // In path style the account stands twice: as the owner, and as the first segment of the path.
    const signature = createHmac('sha256', key)
      .update(`${this.#date}\n/${account}/${account}/${path}`)
      .digest('base64');
    const length = verb === 'GET' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    return (
      `${verb} /${account}/${path}${query} HTTP/1.1\r\nHost: ${this.#host}\r\nx-ms-date: ${this.#date}\r\n` +
      `x-ms-version: 2019-02-02\r\nDataServiceVersion: 3.0\r\nAccept: application/json;odata=minimalmetadata\r\n` +
      `Authorization: SharedKeyLite ${account}:${signature}\r\n${length}${headers}\r\n${body}`
    );
  }

  createTable() {
    return this.#request('POST', 'Tables', {
      headers: 'Content-Type: application/json\r\nPrefer: return-no-content\r\n',
      body: JSON.stringify({ TableName: this.#table }),
    });
  }

  insert(p, r) {
    return this.#request('POST', this.#table, {
      headers: 'Content-Type: application/json;odata=nometadata\r\nPrefer: return-no-content\r\n',
      body: entityOf(p, r),
    });
  }

  #address(p, r) {
    return `${this.#table}(PartitionKey='${partitionOf(p)}',RowKey='${rowOf(r)}')`;
  }

  get(p, r) {
    return this.#request('GET', this.#address(p, r), {});
  }

  merge(p, r, age) {
    return this.#request('PATCH', this.#address(p, r), {
      headers: 'Content-Type: application/json\r\nIf-Match: *\r\n',
      body: JSON.stringify({ Age: age, Note: 'Called again; nobody was there.' }),
    });
  }

  /** An entity group transaction that inserts rows from `r` on. */
  batch(p, r) {
    const parts = Array.from({ length: batchSize }, (_, i) => {
      const body = entityOf(p, r + i);
      return (
        '--changeset_b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n' +
        `Content-ID: ${i}\r\n\r\nPOST ${this.#root}/${this.#table} HTTP/1.1\r\n` +
        'Content-Type: application/json;odata=nometadata\r\nAccept: application/json;odata=minimalmetadata\r\n' +
        `Prefer: return-no-content\r\nDataServiceVersion: 3.0\r\n\r\n${body}\r\n`
      );
    });
    return this.#request('POST', '$batch', {
      headers: 'Content-Type: multipart/mixed; boundary=batch_a\r\n',
      body:
        '--batch_a\r\nContent-Type: multipart/mixed; boundary=changeset_b\r\n\r\n' +
        `${parts.join('')}--changeset_b--\r\n\r\n--batch_a--\r\n`,
    });
  }

  query(filter, top = 100) {
    return this.#request('GET', `${this.#table}()`, { query: `?$top=${top}&$filter=${encodeURIComponent(filter)}` });
  }
}
