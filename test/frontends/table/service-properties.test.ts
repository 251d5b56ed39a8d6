// Properties of the service, its statistics and the policies of a table, as documents of the wire.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../../frontends/table/answer.ts';
import { tableErrorOf } from '../../../frontends/table/errors.ts';
import { readServiceProperties } from '../../../frontends/table/operations/read-service-properties.ts';
import { readServiceStats } from '../../../frontends/table/operations/read-service-stats.ts';
import { readTableAcl } from '../../../frontends/table/operations/read-table-acl.ts';
import { replaceServiceProperties } from '../../../frontends/table/operations/replace-service-properties.ts';
import { replaceTableAcl } from '../../../frontends/table/operations/replace-table-acl.ts';
import type { DatabaseError } from '../../../model/errors.ts';
import { createPeople, startTables, type Tables } from './start-engine.ts';

let tables: Tables;

beforeAll(async () => {
  tables = await startTables();
});

afterAll(() => tables.stop());

async function outcome(action: () => Answer | Promise<Answer>): Promise<string> {
  try {
    const { status, body } = await action();
    return body === undefined ? String(status) : `${status} ${textOf(body)}`;
  } catch (error) {
    const { status, word } = tableErrorOf(error as DatabaseError);
    return `${status} ${word}`;
  }
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body).toString('utf8');
}

const set = (inner: string): Promise<string> =>
  put(`<?xml version="1.0" encoding="utf-8"?>\n<StorageServiceProperties>${inner}</StorageServiceProperties>`);
const put = (document: string): Promise<string> =>
  outcome(() => replaceServiceProperties(tables.call({ body: Buffer.from(document) })));
const get = (): Promise<string> => outcome(() => readServiceProperties(tables.call()));

const head = '200 <?xml version="1.0" encoding="utf-8"?>';
const off = '<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>';
const on = '<RetentionPolicy><Enabled>true</Enabled><Days>5</Days></RetentionPolicy>';
const loggingOff = `<Logging><Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete>${off}</Logging>`;
const metricsOff = `<Version>1.0</Version><Enabled>false</Enabled>${off}`;
const metricsOn = `<Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true</IncludeAPIs>${on}`;
const rule = (changes: Record<string, string> = {}): string =>
  '<CorsRule>' +
  Object.entries({
    AllowedMethods: 'GET,PUT',
    AllowedOrigins: 'http://a,http://b',
    AllowedHeaders: 'x-ms-meta*',
    ExposedHeaders: 'etag',
    MaxAgeInSeconds: '500',
    ...changes,
  })
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('') +
  '</CorsRule>';

describe('service properties', () => {
  test('are off and empty at first', async () => {
    expect(await get()).toBe(
      `${head}<StorageServiceProperties>${loggingOff}<HourMetrics>${metricsOff}</HourMetrics>` +
        `<MinuteMetrics>${metricsOff}</MinuteMetrics><Cors /></StorageServiceProperties>`,
    );
  });

  test('that are not set stay as they were', async () => {
    const logging = loggingOff.replace('<Read>false', '<Read>true').replace(off, on);
    expect(await set(logging)).toBe('202');
    expect(await set(`<HourMetrics>${metricsOn}</HourMetrics>`)).toBe('202');
    expect(await set(`<Cors>${rule()}${rule({ AllowedOrigins: '*', ExposedHeaders: '' })}</Cors>`)).toBe('202');
    const kept = await get();
    expect(kept).toContain(logging);
    expect(kept).toContain(`<HourMetrics>${metricsOn}</HourMetrics><MinuteMetrics>${metricsOff}</MinuteMetrics>`);
    expect(kept).toContain(
      `<Cors>${rule()}${rule({ AllowedOrigins: '*' }).replace('<ExposedHeaders>etag</ExposedHeaders>', '<ExposedHeaders />')}</Cors>`,
    );
    expect(await set('<Cors />')).toBe('202');
    expect(await get()).toContain('<Cors />');
    expect(await set('')).toBe('202');
    expect(await get()).toContain(logging);
  });

  test('set at once by several are all kept', async () => {
    const answers = await Promise.all([
      set(`<HourMetrics>${metricsOff}</HourMetrics>`),
      set(`<MinuteMetrics>${metricsOn}</MinuteMetrics>`),
      set(`<Cors>${rule()}</Cors>`),
      set(loggingOff),
    ]);
    expect(answers).toEqual(Array(4).fill('202'));
    expect(await get()).toBe(
      `${head}<StorageServiceProperties>${loggingOff}<HourMetrics>${metricsOff}</HourMetrics>` +
        `<MinuteMetrics>${metricsOn}</MinuteMetrics><Cors>${rule()}</Cors></StorageServiceProperties>`,
    );
  });

  const value = '400 InvalidXmlNodeValue';
  const document = '400 InvalidXmlDocument';
  const missing = '400 MissingRequiredXmlNode';
  const unsupported = '400 UnsupportedXmlNode';
  const metrics = (inner: string): string => `<HourMetrics>${inner}</HourMetrics>`;
  const many = (count: number, name: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => name(i)).join(',');
  test.each([
    ['a retention of 366 days', metrics(metricsOn.replace('>5<', '>366<')), value],
    ['a retention of no days', metrics(metricsOn.replace('>5<', '>0<')), value],
    ['a retention without days', metrics(metricsOn.replace('<Days>5</Days>', '')), missing],
    ['metrics without APIs', metrics(metricsOn.replace(/<IncludeAPIs>.*<\/IncludeAPIs>/, '')), missing],
    ['metrics without version', metrics(metricsOn.replace('<Version>1.0</Version>', '')), missing],
    ['another version', metrics(metricsOn.replace('1.0', '3.0')), value],
    ['a truth that is none', metrics(metricsOn.replace('true', 'perhaps')), value],
    ['logging without a part', loggingOff.replace('<Read>false</Read>', ''), missing],
    ['a part twice', loggingOff + loggingOff, document],
    ['properties of other services', '<DefaultServiceVersion>2019-02-02</DefaultServiceVersion>', unsupported],
    ['six rules', `<Cors>${rule().repeat(6)}</Cors>`, document],
    ['a rule without origins', `<Cors>${rule({ AllowedOrigins: '' })}</Cors>`, value],
    ['a rule without methods', `<Cors>${rule({ AllowedMethods: ' , ' })}</Cors>`, value],
    ['a method that is none', `<Cors>${rule({ AllowedMethods: 'GET,TRACE' })}</Cors>`, value],
    ['an age below zero', `<Cors>${rule({ MaxAgeInSeconds: '-1' })}</Cors>`, value],
    ['65 origins', `<Cors>${rule({ AllowedOrigins: many(65, (i) => `http://${i}`) })}</Cors>`, value],
    ['an origin of 257 characters', `<Cors>${rule({ AllowedOrigins: 'x'.repeat(257) })}</Cors>`, value],
    ['three prefixes', `<Cors>${rule({ AllowedHeaders: 'a*,b*,c*' })}</Cors>`, value],
    ['65 headers', `<Cors>${rule({ ExposedHeaders: many(65, (i) => `h${i}`) })}</Cors>`, value],
    ['a header that would split the answer', `<Cors>${rule({ ExposedHeaders: 'a&#13;&#10;b' })}</Cors>`, value],
    [
      'more than 2 KiB of rules',
      `<Cors>${rule({ AllowedOrigins: many(20, (i) => `${i}`.padEnd(120, 'x')) })}</Cors>`,
      document,
    ],
    ['a rule without a part', `<Cors>${rule().replace(/<MaxAge.*<\/MaxAgeInSeconds>/, '')}</Cors>`, missing],
  ])('with %s are refused and leave nothing', async (_what, inner, expected) => {
    const before = await get();
    expect(await set(`<MinuteMetrics>${metricsOff}</MinuteMetrics>${inner}`)).toBe(expected);
    expect(await get()).toBe(before);
  });

  test.each([
    ['nothing', ''],
    ['another root', '<Other />'],
    ['two roots', '<StorageServiceProperties /><StorageServiceProperties />'],
    ['an open element', '<StorageServiceProperties>'],
    ['a document type', '<!DOCTYPE x [<!ENTITY a "b">]><StorageServiceProperties />'],
    ['an entity of its own', '<StorageServiceProperties><Logging>&a;</Logging></StorageServiceProperties>'],
    ['an instruction', '<StorageServiceProperties><?php x?></StorageServiceProperties>'],
    [
      'too many levels',
      `<StorageServiceProperties>${'<Cors>'.repeat(50)}${'</Cors>'.repeat(50)}</StorageServiceProperties>`,
    ],
    ['too many bytes', `<StorageServiceProperties>${' '.repeat(70_000)}</StorageServiceProperties>`],
    ['too many elements', `<StorageServiceProperties>${'<Cors />'.repeat(2_000)}</StorageServiceProperties>`],
    ['a control character', '<StorageServiceProperties>\u0001</StorageServiceProperties>'],
    ['a name of prototypes', '<StorageServiceProperties><__proto__>1</__proto__></StorageServiceProperties>'],
    ['no text of UTF-8', '<StorageServiceProperties>\u00ff</StorageServiceProperties>'],
  ])('from a body with %s are refused', async (what, text) => {
    const body = Buffer.from(text, what === 'no text of UTF-8' ? 'latin1' : 'utf8');
    expect(await outcome(() => replaceServiceProperties(tables.call({ body })))).toBe(document);
  });
});

describe('statistics', () => {
  test('are told on the secondary alone', async () => {
    expect(await outcome(() => readServiceStats(tables.call({ isSecondary: true })))).toBe(
      `${head}<StorageServiceStats><GeoReplication><Status>live</Status>` +
        '<LastSyncTime>Sun, 17 May 2026 12:00:00 GMT</LastSyncTime></GeoReplication></StorageServiceStats>',
    );
    expect(await outcome(() => readServiceStats(tables.call()))).toBe('400 InvalidQueryParameterValue');
  });
});

describe('policies of a table', () => {
  beforeAll(() => createPeople(tables));
  beforeEach(async () => expect(await replace('<SignedIdentifiers />')).toBe('204'));

  const replace = (text: string, table = 'People'): Promise<string> =>
    outcome(() => replaceTableAcl(tables.call({ table, body: Buffer.from(text) })));
  const policies = (inner: string): Promise<string> => replace(`<SignedIdentifiers>${inner}</SignedIdentifiers>`);
  const read = (table = 'People'): Promise<string> => outcome(() => readTableAcl(tables.call({ table })));
  const identifier = (id: string, policy = ''): string =>
    `<SignedIdentifier><Id>${id}</Id>${policy}</SignedIdentifier>`;

  test('are kept in their order and told to the tick', async () => {
    const day = '<AccessPolicy><Start>2021-06-08</Start><Permission>raud</Permission></AccessPolicy>';
    const times =
      '<AccessPolicy><Start>2021-06-08T02:10:09Z</Start><Expiry>2021-06-08T02:10:09.1234567Z</Expiry></AccessPolicy>';
    expect(await policies(identifier('b &amp; c', day) + identifier('a', times))).toBe('204');
    expect(await read()).toBe(
      `${head}<SignedIdentifiers>` +
        '<SignedIdentifier><Id>b &amp; c</Id><AccessPolicy><Start>2021-06-08T00:00:00.0000000Z</Start>' +
        '<Permission>raud</Permission></AccessPolicy></SignedIdentifier>' +
        '<SignedIdentifier><Id>a</Id><AccessPolicy><Start>2021-06-08T02:10:09.0000000Z</Start>' +
        '<Expiry>2021-06-08T02:10:09.1234567Z</Expiry></AccessPolicy></SignedIdentifier></SignedIdentifiers>',
    );
    expect(await replace('')).toBe('204');
    expect(await read()).toBe(`${head}<SignedIdentifiers />`);
  });

  test('may say nothing in any way', async () => {
    const empty = '<AccessPolicy><Start /><Expiry></Expiry><Permission/></AccessPolicy>';
    expect(await policies(identifier('a') + identifier('b', '<AccessPolicy />') + identifier('c', empty))).toBe('204');
    expect(await read()).toBe(
      `${head}<SignedIdentifiers>${identifier('a')}${identifier('b')}${identifier('c')}</SignedIdentifiers>`,
    );
  });

  test('belong to the table in whatever letters', async () => {
    expect(await replace(`<SignedIdentifiers>${identifier('a')}</SignedIdentifiers>`, 'pEOPLE')).toBe('204');
    expect(await read()).toContain('<Id>a</Id>');
    expect(await read('Places')).toBe('404 TableNotFound');
    expect(await replace('<SignedIdentifiers />', 'Places')).toBe('404 TableNotFound');
  });

  const policy = (inner: string): string => identifier('a', `<AccessPolicy>${inner}</AccessPolicy>`);
  test.each([
    ['six of them', 'abcdef'.replace(/./g, (id) => identifier(id)), '400 InvalidXmlDocument'],
    ['one identifier twice', identifier('a') + identifier('a'), '400 InvalidXmlDocument'],
    ['an identifier of 65 characters', identifier('x'.repeat(65)), '400 InvalidXmlNodeValue'],
    ['an empty identifier', identifier(''), '400 InvalidXmlNodeValue'],
    ['no identifier', '<SignedIdentifier />', '400 MissingRequiredXmlNode'],
    ['a permission that is none', policy('<Permission>x</Permission>'), '400 InvalidXmlNodeValue'],
    ['permissions out of order', policy('<Permission>ar</Permission>'), '400 InvalidXmlNodeValue'],
    ['a day that no calendar has', policy('<Start>2021-02-30</Start>'), '400 InvalidXmlNodeValue'],
    ['a time that is none', policy('<Expiry>tomorrow</Expiry>'), '400 InvalidXmlNodeValue'],
    ['something else', policy('<Public>true</Public>'), '400 UnsupportedXmlNode'],
  ])('with %s are refused and leave nothing', async (_what, inner, expected) => {
    expect(await policies(inner)).toBe(expected);
    expect(await read()).toBe(`${head}<SignedIdentifiers />`);
  });

  test('of 64 characters, five of them, are taken', async () => {
    const five = Array.from({ length: 5 }, (_, i) => identifier(String(i).repeat(64))).join('');
    expect(await policies(five)).toBe('204');
  });
});
