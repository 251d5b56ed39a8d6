// Answers of the Table door as they come over HTTP.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Meridian } from '../../../bin/embed.ts';
import { tableHttp, type TableAnswer, type TableHttp } from '../../clients/table-http.ts';

let meridian: Meridian;
let root: string;
let send: TableHttp;
let sendCosmos: TableHttp;

beforeAll(async () => {
  meridian = await Meridian.start({ memory: true });
  const port = Number(new URL(meridian.endpoints.table!).port);
  root = `${meridian.endpoints.table!}/devstoreaccount1`;
  send = tableHttp({ port, account: 'devstoreaccount1', key: meridian.key });
  const host = `devstoreaccount1.table.cosmos.localhost:${port}`;
  sendCosmos = tableHttp({ port, account: 'devstoreaccount1', key: meridian.key, host });
  await send('POST', 'Tables', {}, { TableName: 'Levels' });
  await send('POST', 'Tables', {}, { TableName: 'Pages' });
  for (const [partition, row] of pagesKeys)
    await send('POST', 'Pages', {}, { PartitionKey: partition, RowKey: row, parity: row.length % 2 });
});
afterAll(() => meridian.stop());

const pagesKeys = ['a', 'b', ''].flatMap((partition) => ['1', '22', 'ü ', ''].map((row) => [partition, row] as const));

function codeOf({ status, headers, json }: TableAnswer): string {
  const { code, message } = (json as { 'odata.error': { code: string; message: { lang: string; value: string } } })[
    'odata.error'
  ];
  expect(headers['x-ms-error-code']).toBe(code);
  expect(message.lang).toBe('en-US');
  expect(message.value).toMatch(/^[^\n]+\nRequestId:[0-9a-f-]{36}\nTime:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
  expect(message.value).toContain(String(headers['x-ms-request-id']));
  return `${status} ${code}`;
}

function accept(level: string): Record<string, string> {
  return { accept: `application/json;odata=${level}` };
}

describe('the levels of an entity', () => {
  const address = "Levels(PartitionKey='p%20q',RowKey='r''%C3%BC')";
  let etag = '';
  let timestamp = '';

  beforeAll(async () => {
    const { status, headers } = await send(
      'POST',
      'Levels',
      { prefer: 'return-no-content' },
      {
        PartitionKey: 'p q',
        RowKey: "r'ü",
        'long@odata.type': 'Edm.Int64',
        long: '1',
        whole: 2.0,
        'real@odata.type': 'Edm.Double',
        real: 3,
        'none@odata.type': 'Edm.Double',
        none: 'NaN',
        text: 'x',
      },
    );
    expect(status).toBe(204);
    expect(headers['preference-applied']).toBe('return-no-content');
    expect(headers['location']).toBe(`${root}/Levels(PartitionKey='p%20q',RowKey='r''%C3%BC')`);
    etag = String(headers['etag']);
    timestamp = decodeURIComponent(/'(.*)'/.exec(etag)![1]!);
  });

  it('without metadata', async () => {
    const { text, headers } = await send('GET', address, accept('nometadata'));
    expect(text).toBe(
      `{"PartitionKey":"p q","RowKey":"r'ü","Timestamp":"${timestamp}","long":"1","whole":2,"real":3.0,` +
        '"none":"NaN","text":"x"}',
    );
    expect(headers['content-type']).toBe('application/json;odata=nometadata;streaming=true;charset=utf-8');
    expect(headers['etag']).toBe(etag);
  });

  it('with minimal metadata, which is the usual level', async () => {
    const wanted =
      `{"odata.metadata":"${root}/$metadata#Levels/@Element","odata.etag":${JSON.stringify(etag)},` +
      `"PartitionKey":"p q","RowKey":"r'ü","Timestamp":"${timestamp}","long@odata.type":"Edm.Int64","long":"1",` +
      '"whole":2,"real":3.0,"none@odata.type":"Edm.Double","none":"NaN","text":"x"}';
    expect((await send('GET', address, accept('minimalmetadata'))).text).toBe(wanted);
    expect((await send('GET', address)).text).toBe(wanted);
  });

  it('with full metadata', async () => {
    const { text } = await send('GET', `${address}?$format=application/json;odata=fullmetadata`);
    expect(text).toBe(
      `{"odata.metadata":"${root}/$metadata#Levels/@Element","odata.type":"devstoreaccount1.Levels",` +
        `"odata.id":"${root}/${address}","odata.etag":${JSON.stringify(etag)},"odata.editLink":"${address}",` +
        `"PartitionKey":"p q","RowKey":"r'ü","Timestamp@odata.type":"Edm.DateTime","Timestamp":"${timestamp}",` +
        '"long@odata.type":"Edm.Int64","long":"1","whole":2,"real":3.0,"none@odata.type":"Edm.Double",' +
        '"none":"NaN","text":"x"}',
    );
  });

  it('in a page, and of chosen properties', async () => {
    const page = await send('GET', 'Levels()?$select=long,RowKey,missing', accept('minimalmetadata'));
    expect(page.text).toBe(
      `{"odata.metadata":"${root}/$metadata#Levels&$select=long,RowKey,missing","value":[{"odata.etag":` +
        `${JSON.stringify(etag)},"long@odata.type":"Edm.Int64","long":"1","RowKey":"r'ü","missing":null}]}`,
    );
  });
});

describe('an insertion', () => {
  it('shows the entity, and says so only when it was asked', async () => {
    const entity = { PartitionKey: 'echo', RowKey: '1', a: 1 };
    const plain = await send('POST', 'Levels', accept('nometadata'), entity);
    expect(plain).toMatchObject({ status: 201, json: entity });
    expect(plain.headers).not.toHaveProperty('preference-applied');
    const asked = await send('POST', 'Levels', { prefer: 'return-content' }, { ...entity, RowKey: '2' });
    expect(asked).toMatchObject({ status: 201, headers: { 'preference-applied': 'return-content' } });
  });

  it('of a table says where it is', async () => {
    const { status, headers, text } = await send('POST', 'Tables', {}, { TableName: 'Fresh' });
    expect(status).toBe(201);
    expect(headers['location']).toBe(`${root}/Tables('Fresh')`);
    expect(text).toBe(`{"odata.metadata":"${root}/$metadata#Tables/@Element","TableName":"Fresh"}`);
    const full = await send('GET', "Tables('fresh')", accept('fullmetadata'));
    expect(full.text).toBe(
      `{"odata.metadata":"${root}/$metadata#Tables/@Element","odata.type":"devstoreaccount1.Tables",` +
        `"odata.id":"${root}/Tables('Fresh')","odata.editLink":"Tables('Fresh')","TableName":"Fresh"}`,
    );
    expect((await send('DELETE', "Tables('fresh')")).status).toBe(204);
    expect(codeOf(await send('DELETE', "Tables('Fresh')"))).toBe('404 ResourceNotFound');
    expect(codeOf(await send('GET', 'Fresh()'))).toBe('404 TableNotFound');
  });
});

describe('a page', () => {
  async function walk(query: string, halves: 1 | 2): Promise<string[]> {
    const seen: string[] = [];
    let place = '';
    for (let pages = 0; pages < 30; pages++) {
      const { json, headers } = await send('GET', `Pages()?${query}${place}`, accept('nometadata'));
      const { value } = json as { value: { PartitionKey: string; RowKey: string }[] };
      for (const { PartitionKey, RowKey } of value) seen.push(`${PartitionKey}|${RowKey}`);
      const partition = headers['x-ms-continuation-nextpartitionkey'];
      if (partition === undefined) return seen;
      place = `&NextPartitionKey=${encodeURIComponent(String(partition))}`;
      const row = headers['x-ms-continuation-nextrowkey'];
      if (halves === 2) place += `&NextRowKey=${encodeURIComponent(String(row))}`;
    }
    throw new Error('the pages do not end');
  }

  const inOrder = pagesKeys
    .map(([partition, row]) => `${partition}\u0000${row}`)
    .sort()
    .map((key) => key.replace('\u0000', '|'));

  it.each([1, 3, 5, 1000])('of %i goes on where the last one ended', async (top) => {
    expect(await walk(`$top=${top}`, 2)).toEqual(inOrder);
    expect(await walk(`$top=${top}&$filter=${encodeURIComponent('parity eq 1')}`, 2)).toEqual(
      inOrder.filter((key) => key.split('|')[1]!.length % 2 === 1),
    );
  });

  it('begins a partition anew when only its key comes back', async () => {
    const first = await send('GET', 'Pages()?$top=6', accept('nometadata'));
    const partition = String(first.headers['x-ms-continuation-nextpartitionkey']);
    const second = await send('GET', `Pages()?$top=6&NextPartitionKey=${encodeURIComponent(partition)}`);
    const { value } = second.json as { value: { PartitionKey: string; RowKey: string }[] };
    expect(value[0]).toMatchObject({ PartitionKey: 'a', RowKey: '' });
    expect(await walk('$top=4', 1)).toEqual(inOrder);
  });

  it('may be of nothing, and not of more than a thousand', async () => {
    expect(await send('GET', 'Pages()?$top=0', accept('nometadata'))).toMatchObject({ json: { value: [] } });
    expect(codeOf(await send('GET', 'Pages()?$top=1001'))).toBe('400 InvalidInput');
    expect(codeOf(await send('GET', 'Pages()?$top=-1'))).toBe('400 InvalidInput');
    expect(codeOf(await send('GET', 'Pages()?NextPartitionKey=a'))).toBe('400 InvalidQueryParameterValue');
  });
});

describe('every answer', () => {
  it('tells ids, version and that it is not to be kept', async () => {
    const given = { 'x-ms-client-request-id': 'mine' };
    const { headers } = await send('GET', 'Tables', given);
    expect(headers).toMatchObject({
      'x-ms-client-request-id': 'mine',
      'x-ms-version': '2020-12-06',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['x-ms-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['date']).toMatch(/GMT$/);
  });

  it('that is a failure is XML for clients that read no JSON', async () => {
    const { status, headers, text } = await send('GET', 'Nowhere', { accept: 'application/xml' });
    expect(status).toBe(415);
    expect(headers['content-type']).toBe('application/xml');
    expect(text).toMatch(/^<\?xml .*<m:error .*<m:code>MediaTypeNotSupported<\/m:code><m:message xml:lang="en-US">/);
  });
});

describe('refusals', () => {
  it('are the answer to bodies that are too large', async () => {
    expect(codeOf(await send('POST', 'Levels', {}, 'x'.repeat(9 * 1024 * 1024)))).toBe('413 RequestBodyTooLarge');
  });

  it.each([
    ['POST', 'Tables', { TableName: '1x' }, '400 InvalidResourceName'],
    ['POST', 'Tables', { TableName: 'ab' }, '400 OutOfRangeInput'],
    ['POST', 'Tables', { TableName: 'a'.repeat(64) }, '400 OutOfRangeInput'],
    ['POST', 'Tables', { TableName: 'tables' }, '400 InvalidInput'],
    ['POST', 'Tables', {}, '400 PropertiesNeedValue'],
    ['POST', 'Tables', { TableName: 'LEVELS' }, '409 TableAlreadyExists'],
    ['POST', 'my_table', { PartitionKey: '', RowKey: '' }, '400 InvalidResourceName'],
    ['POST', 'Nowhere', { PartitionKey: '', RowKey: '' }, '404 TableNotFound'],
    ['POST', 'Levels/Tables', { TableName: 'Levels' }, '400 PropertiesNeedValue'],
    [
      'POST',
      '/devstoreaccount1-secondary/Levels',
      { PartitionKey: '', RowKey: '' },
      '403 InsufficientAccountPermissions',
    ],
    ['DELETE', "Levels/Tables('Levels')", undefined, '400 InvalidInput'],
    ['DELETE', "Levels(PartitionKey='a',RowKey='b')", undefined, '400 MissingRequiredHeader'],
    ['GET', "Levels(PartitionKey='a',RowKey='b')", undefined, '404 ResourceNotFound'],
    ['HEAD', 'Levels', undefined, undefined],
  ])('of %s %s %j: %s', async (verb, resource, body, wanted) => {
    const answer = await send(verb, resource, {}, body);
    if (wanted === undefined) expect(answer).toMatchObject({ status: 405, text: '' });
    else expect(codeOf(answer)).toBe(wanted);
  });
});

describe('Cosmos DB for Table', () => {
  it('has its own names of tables, and tells of missing ones in its own words', async () => {
    for (const name of ['my_table', '啊齄丂狛狜', 'a']) {
      expect((await sendCosmos('POST', 'Tables', {}, { TableName: name })).status).toBe(201);
      const table = encodeURIComponent(name);
      expect((await sendCosmos('POST', table, {}, { PartitionKey: 'p', RowKey: 'r' })).status).toBe(201);
      expect((await sendCosmos('DELETE', `Tables('${table}')`)).status).toBe(204);
    }
    expect(codeOf(await sendCosmos('GET', 'Nowhere'))).toBe('404 ResourceNotFound');
    expect(codeOf(await sendCosmos('POST', 'Tables', {}, { TableName: 'a/b' }))).toBe('400 InvalidInput');
    expect(codeOf(await sendCosmos('POST', 'Tables', {}, { TableName: 'x'.repeat(255) }))).toBe('400 BadRequest');
  });

  it('takes merges as POST', async () => {
    const address = "Levels(PartitionKey='tunnel',RowKey='1')";
    const headers = { 'x-http-method': 'MERGE' };
    expect((await sendCosmos('POST', address, headers, { a: 1 })).status).toBe(204);
    expect((await sendCosmos('POST', address, { ...headers, 'if-match': '*' }, { b: 2 })).status).toBe(204);
    expect((await sendCosmos('GET', address)).json).toMatchObject({ a: 1, b: 2 });
  });
});

describe('an address that has a table twice', () => {
  it.each([
    ['POST', 'Missing/Tables', '404 TableNotFound'],
    ['POST', 'Levels/Tables', '400 PropertiesNeedValue'],
    ['DELETE', "Missing/Tables('Levels')", '404 TableNotFound'],
    ['DELETE', "Levels/Tables('Levels')", '400 InvalidInput'],
    ['GET', "Levels/Tables('Levels')", '400 InvalidInput'],
    ['POST', 'Levels/$batch', '415 MediaTypeNotSupported'],
    ['GET', 'Levels?restype=service&comp=properties', '400 InvalidQueryParameterValue'],
  ])('is refused: %s %s is %s', async (method, path, failure) => {
    const body = method === 'POST' ? { TableName: 'Levels' } : undefined;
    expect(codeOf(await send(method, path, {}, body))).toBe(failure);
  });
});
