import type { IncomingMessage } from 'node:http';
import { describe, expect, it, test } from 'vitest';
import type { HttpInput } from '../../../frontends/http-exchange.ts';
import { decode, decodePart } from '../../../frontends/table/decode.ts';
import { tableErrorOf } from '../../../frontends/table/errors.ts';
import type { TableRequest } from '../../../frontends/table/request.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { randomOf, seedOf } from '../../random.ts';

const options = { isAccount: (name: string) => name === 'devstoreaccount1' || name === 'shop' };

function inputOf(method: string, url: string, headers: Record<string, string> = {}, encrypted = false): HttpInput {
  const message = {
    method,
    url,
    headers: { host: '127.0.0.1:10002', ...headers },
    socket: { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1', localPort: 10002 },
  } as unknown as IncomingMessage;
  return { message, body: new Uint8Array(0), fault: undefined, encrypted };
}

function read(method: string, url: string, headers: Record<string, string> = {}): TableRequest {
  return decode(inputOf(method, url, headers), options);
}

function failureOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof DatabaseError) return `${tableErrorOf(error).status} ${tableErrorOf(error).word}`;
    throw error;
  }
  return 'none';
}

describe('an account', () => {
  it('is the first segment of a path', () => {
    const request = read('GET', '/devstoreaccount1/People');
    expect(request).toMatchObject({ accountName: 'devstoreaccount1', isPathStyle: true, table: 'People' });
    expect(request).toMatchObject({ isSecondary: false, rawPath: '/devstoreaccount1/People' });
    expect(request.serviceRoot).toBe('http://127.0.0.1:10002/devstoreaccount1');
  });

  it('is the first label of a host', () => {
    const request = read('GET', '/People', { host: 'Shop.table.core.windows.net' });
    expect(request).toMatchObject({ accountName: 'shop', isPathStyle: false, table: 'People', flavour: 'storage' });
    expect(request.serviceRoot).toBe('http://shop.table.core.windows.net');
  });

  it('is in the path when the host only looks like one', () => {
    const request = read('GET', '/shop/People', { host: 'meridian.table.svc.local:10002' });
    expect(request).toMatchObject({ accountName: 'shop', isPathStyle: true, table: 'People' });
  });

  it('has a secondary, in the path and in the host', () => {
    expect(read('GET', '/shop-secondary/People')).toMatchObject({ accountName: 'shop', isSecondary: true });
    const request = read('GET', '/People', { host: 'shop-secondary.table.localhost' });
    expect(request).toMatchObject({ accountName: 'shop', isSecondary: true, table: 'People' });
    expect(read('GET', '/shop-secondary/People').serviceRoot).toBe('http://127.0.0.1:10002/shop-secondary');
  });

  it('may stand twice in a path to the secondary, of which the second is signed', () => {
    const twice = { accountName: 'shop', isSecondary: true, rawPath: '/shop/People', table: 'People' };
    expect(read('GET', '/shop-secondary/shop/People')).toMatchObject(twice);
    const stats = read('GET', '/shop-secondary/shop/?restype=service&comp=stats');
    expect(stats).toMatchObject({ isSecondary: true, rawPath: '/shop/', table: undefined });
    expect(stats.row.operation).toBe('read-service-stats');
    expect(read('GET', '/shop-secondary/shop')).toMatchObject({ rawPath: '/shop-secondary/shop', table: 'shop' });
    expect(failureOf(() => read('GET', '/shop-secondary/other/People'))).toBe('400 InvalidUri');
  });

  it('of Cosmos DB takes writes in every region', () => {
    const host = 'shop-secondary.table.cosmos.azure.com';
    expect(read('POST', '/People', { host })).toMatchObject({ accountName: 'shop', isSecondary: false });
  });

  it.each(['shop.table.cosmos.azure.com', 'shop.table.cosmosdb.azure.com:443'])('is of Cosmos DB at %s', (host) => {
    expect(read('GET', '/People', { host })).toMatchObject({ flavour: 'cosmos', accountName: 'shop' });
  });
});

describe('an operation', () => {
  it.each([
    ['GET', '/shop', {}, 'read-service-document'],
    ['GET', '/shop/?restype=service&comp=properties', {}, 'read-service-properties'],
    ['PUT', '/shop/?restype=service&comp=properties', {}, 'replace-service-properties'],
    ['GET', '/shop/?restype=service&comp=stats', {}, 'read-service-stats'],
    ['GET', '/shop/Tables', {}, 'query-tables'],
    ['POST', '/shop/Tables', {}, 'create-table'],
    ['GET', "/shop/Tables('People')", {}, 'read-table'],
    ['DELETE', "/shop/Tables('People')", {}, 'delete-table'],
    ['GET', '/shop/People?comp=acl', {}, 'read-table-acl'],
    ['PUT', '/shop/People?comp=acl', {}, 'replace-table-acl'],
    ['GET', '/shop/People()', {}, 'query-entities'],
    ['POST', '/shop/People', {}, 'insert-entity'],
    ['GET', "/shop/People(PartitionKey='a',RowKey='b')", {}, 'read-entity'],
    ['PUT', "/shop/People(PartitionKey='a',RowKey='b')", {}, 'insert-or-replace-entity'],
    ['PUT', "/shop/People(PartitionKey='a',RowKey='b')", { 'if-match': '*' }, 'update-entity'],
    ['PATCH', "/shop/People(PartitionKey='a',RowKey='b')", {}, 'insert-or-merge-entity'],
    ['MERGE', "/shop/People(PartitionKey='a',RowKey='b')", { 'if-match': '*' }, 'merge-entity'],
    ['POST', "/shop/People(PartitionKey='a',RowKey='b')", { 'x-http-method': 'MERGE' }, 'insert-or-merge-entity'],
    ['DELETE', "/shop/People(PartitionKey='a',RowKey='b')", {}, 'delete-entity'],
    ['POST', '/shop/$batch', {}, 'commit-batch'],
    ['GET', '/shop/$metadata', {}, 'read-metadata'],
    ['OPTIONS', '/shop/People', {}, 'preflight'],
  ])('of %s %s %j is %s', (method, url, headers, operation) => {
    expect(read(method, url, headers as Record<string, string>).row.operation).toBe(operation);
  });

  it.each([
    ['TRACE', '/shop', {}, '405 UnsupportedHttpVerb'],
    ['DELETE', '/shop/People', {}, '405 MethodNotAllowed'],
    ['HEAD', '/shop/People', {}, '405 MethodNotAllowed'],
    ['GET', '/shop/People?comp=other', {}, '400 InvalidQueryParameterValue'],
    ['PUT', '/shop/People?restype=service&comp=properties', {}, '400 InvalidQueryParameterValue'],
    ['DELETE', '/shop/?restype=service&comp=properties', {}, '405 MethodNotAllowed'],
    ['GET', '/shop/People', { 'x-http-method': 'MERGE' }, '400 XMethodNotUsingPost'],
    ['POST', '/shop/People', { 'x-http-method': 'GET' }, '400 XMethodIncorrectValue'],
    ['POST', '/shop/People', { 'x-http-method': 'MERGE, MERGE' }, '400 XMethodIncorrectCount'],
    ['GET', '/shop/%zz', {}, '400 InvalidInput'],
    ['GET', '/shop/People?a=%zz', {}, '400 InvalidUri'],
    ['GET', '/shop/People/Other', {}, '400 InvalidUri'],
  ])('of %s %s %j is refused: %s', (method, url, headers, failure) => {
    expect(failureOf(() => read(method, url, headers as Record<string, string>))).toBe(failure);
  });

  it('on one table behind another concerns an entity of the first whose keys are not told', () => {
    const request = read('DELETE', "/shop/People/Tables('Others')");
    expect(request).toMatchObject({ table: 'People', key: undefined });
    expect(request.row.operation).toBe('delete-entity');
    expect(failureOf(() => read('POST', "/shop/People/Tables('Others')"))).toBe('405 MethodNotAllowed');
  });

  it('for a transaction behind a table is of no media type that is known there', () => {
    expect(failureOf(() => read('POST', '/shop/People/$batch'))).toBe('415 MediaTypeNotSupported');
  });

  it('on a table behind a table concerns the first to the storage service, and nothing to Cosmos DB', () => {
    expect(read('POST', '/shop/People/Tables')).toMatchObject({ table: 'People', row: { operation: 'insert-entity' } });
    const host = 'shop.table.cosmos.azure.com';
    expect(failureOf(() => read('POST', '/People/Tables', { host }))).toBe('400 InvalidInput');
  });
});

test('keys and parameters are decoded once', () => {
  const request = read(
    'GET',
    "/shop/T(PartitionKey='O''Hara%20%2525',RowKey='%C3%BC+%2F')?$filter=a+eq+'%2B'&timeout=5",
  );
  expect(request.key).toEqual({ partitionKey: "O'Hara %25", rowKey: 'ü+/' });
  expect([...request.query]).toEqual([
    ['$filter', "a eq '+'"],
    ['timeout', '5'],
  ]);
});

describe('a part of a batch', () => {
  const envelope = read('POST', '/shop/$batch');
  const part = (url: string): TableRequest =>
    decodePart(envelope, { verb: 'PUT', url, headers: { 'if-match': '*' }, body: new Uint8Array([1]) });

  it.each([
    "http://127.0.0.1:10002/shop/People(PartitionKey='a',RowKey='b')",
    "https://shop.table.core.windows.net/People(PartitionKey='a',RowKey='b')",
    "/shop/People(PartitionKey='a',RowKey='b')",
    "/People(PartitionKey='a',RowKey='b')",
    "People(PartitionKey='a',RowKey='b')",
  ])('may be addressed as %s', (url) => {
    expect(part(url)).toMatchObject({
      row: { operation: 'update-entity' },
      accountName: 'shop',
      table: 'People',
      key: { partitionKey: 'a', rowKey: 'b' },
      body: new Uint8Array([1]),
      serviceRoot: envelope.serviceRoot,
    });
  });
});

test('any address gives a request or a refusal', () => {
  const random = randomOf(seedOf());
  const pieces = [
    '/',
    'shop',
    '-secondary',
    'Tables',
    "('",
    "')",
    '(PartitionKey=',
    ',RowKey=',
    '%',
    '%2',
    '?',
    '=',
    '&',
  ];
  pieces.push('comp', '$batch', '#', 'http://', ' ', 'ü', '+', "'", '\\', '*', 'People', '..', ':', '%00');
  for (let i = 0; i < 5000; i++) {
    let url = random() < 0.8 ? '/' : '';
    while (random() < 0.85) url += pieces[Math.floor(random() * pieces.length)]!;
    const host = random() < 0.5 ? 'a.table.b' : url.slice(0, 20);
    const verb = random() < 0.5 ? 'GET' : 'PUT';
    expect(failureOf(() => read(verb, url, { host }))).toMatch(/^(none|4\d\d \w+)$/);
  }
});
