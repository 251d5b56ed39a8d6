// The Table door from JavaScript: tables, entities and their types, updates on condition, queries and pages,
// transactions, shared access signatures, service properties.
// TABLES_CONNECTION_STRING says where; `meridian connection-strings` prints it. Run: node quickstart.mjs

import {
  AzureNamedKeyCredential,
  AzureSASCredential,
  generateTableSas,
  odata,
  TableClient,
  TableServiceClient,
  TableTransaction,
} from '@azure/data-tables';

const connectionString = process.env.TABLES_CONNECTION_STRING;
const options = { allowInsecureConnection: true };

const service = TableServiceClient.fromConnectionString(connectionString, options);
const table = TableClient.fromConnectionString(connectionString, 'ordersjavascript', options);
await table.createTable();
await service.createTable('ordersjavascriptold');
await service.deleteTable('ordersjavascriptold');
const tables = [];
for await (const { name } of service.listTables({
  queryOptions: { filter: odata`TableName ge 'ordersjavascript' and TableName lt 'ordersjavascriptz'` },
}))
  tables.push(name);
console.log('tables:', tables.join(', '));

// What JavaScript has no type for, or the wrong one, is told by its type.
await table.upsertEntity(
  {
    partitionKey: 'ada',
    rowKey: '0',
    placed: new Date('2024-02-29T12:00:00.123Z'),
    weight: { type: 'Double', value: '2' },
    barcode: 9007199254740993n,
    voucher: { type: 'Guid', value: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' },
    seal: new Uint8Array([0, 1, 254, 255]),
    gift: true,
  },
  'Replace',
);
const typed = await table.getEntity('ada', '0', { queryOptions: { select: ['barcode', 'placed', 'voucher', 'seal'] } });
console.log(
  'types:',
  [typed.barcode, typed.placed, typed.voucher.value, [...typed.seal].join('-')].map(String).join(' '),
);
await table.deleteEntity('ada', '0');

// An insert is refused when the keys are taken; an upsert takes what is there, and merges or replaces it.
for (const [rowKey, total] of [
  ['1', 30],
  ['2', 70],
  ['3', 12],
  ['5', 8],
]) {
  const order = { partitionKey: 'ada', rowKey, status: 'open', total };
  await table.createEntity(order).catch(async (error) => {
    if (error.details?.odataError?.code !== 'EntityAlreadyExists') throw error;
    await table.upsertEntity(order, 'Replace');
  });
}
await table.upsertEntity({ partitionKey: 'ada', rowKey: '1', total: 35 }, 'Merge');

// A read tells the version; an update on condition is refused when somebody was quicker.
const order = await table.getEntity('ada', '2');
await table.updateEntity({ ...order, status: 'paid' }, 'Replace', { etag: order.etag });
const refused = await table
  .updateEntity({ ...order, status: 'sent' }, 'Replace', { etag: order.etag })
  .catch((error) => `${error.statusCode} ${error.details.odataError.code}`);
console.log('too late:', refused);

const large = [];
for await (const { rowKey, total } of table.listEntities({
  queryOptions: { filter: odata`PartitionKey eq 'ada' and total gt ${20}`, select: ['RowKey', 'total'] },
}))
  large.push(`${rowKey}: ${total}`);
console.log('large orders:', large.join(', '));

const sizes = [];
for await (const page of table
  .listEntities({ queryOptions: { filter: odata`RowKey ge '1' and RowKey le '3'` } })
  .byPage({ maxPageSize: 2 }))
  sizes.push(page.length);
console.log('pages:', sizes.join(', '));

// All or nothing, within one partition key.
const transaction = new TableTransaction();
transaction.upsertEntity({ partitionKey: 'ada', rowKey: '4', status: 'open', total: 1 }, 'Replace');
transaction.updateEntity({ partitionKey: 'ada', rowKey: '1', status: 'paid' }, 'Merge');
transaction.deleteEntity('ada', '3');
const { subResponses } = await table.submitTransaction(transaction.actions);
console.log('transaction:', subResponses.map(({ status }) => status).join(', '));
const undone = await table
  .submitTransaction([
    ['upsert', { partitionKey: 'ada', rowKey: '6', status: 'open' }],
    ['delete', { partitionKey: 'ada', rowKey: '3' }],
  ])
  .catch((error) => `${error.statusCode} ${error.code ?? error.details?.odataError?.code}`);
const sixth = await table.getEntity('ada', '6').catch((error) => error.statusCode);
console.log('undone:', undone, sixth);

// Whoever has the signature may read that table for an hour, and no more.
const [, name] = /AccountName=([^;]+)/.exec(connectionString);
const [, key] = /AccountKey=([^;]+)/.exec(connectionString);
const signature = generateTableSas(table.tableName, new AzureNamedKeyCredential(name, key), {
  expiresOn: new Date(Date.now() + 3_600_000),
  permissions: { query: true },
});
const reader = new TableClient(service.url, table.tableName, new AzureSASCredential(signature), options);
let seen = 0;
for await (const _ of reader.listEntities()) seen++;
const forbidden = await reader
  .deleteEntity('ada', '1')
  .catch((error) => `${error.statusCode} ${error.details.odataError.code}`);
console.log('signature:', seen, forbidden);

await service.setProperties({
  cors: [
    {
      allowedOrigins: 'https://shop.example',
      allowedMethods: 'GET,POST',
      allowedHeaders: 'x-ms-*',
      exposedHeaders: '*',
      maxAgeInSeconds: 60,
    },
  ],
  hourMetrics: { version: '1.0', enabled: true, includeAPIs: true, retentionPolicy: { enabled: true, days: 7 } },
});
const { cors, hourMetrics } = await service.getProperties();
console.log('properties:', cors[0].allowedOrigins, hourMetrics.retentionPolicy.days);
