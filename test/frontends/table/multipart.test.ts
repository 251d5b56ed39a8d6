import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../../model/errors.ts';
import { PartReader, readBatch, readPart, type Batch, type PartRequest } from '../../../frontends/table/multipart.ts';
import { batchOperationsMax } from '../../../frontends/table/limits.ts';
import { tableErrorOf } from '../../../frontends/table/errors.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';

const type = 'multipart/mixed; boundary=batch_1';

const insert = [
  '--set_1',
  'Content-Type: application/http',
  'Content-Transfer-Encoding: binary',
  '',
  'POST http://host:10002/account/People HTTP/1.1',
  'Accept: application/json',
  'Content-Type: application/json',
  '',
  '{"PartitionKey":"p","RowKey":"1"}',
];
const remove = [
  '--set_1',
  'Content-Type: application/http',
  'Content-ID: 7',
  '',
  "DELETE /account/People(PartitionKey='p',RowKey='2') HTTP/1.1",
  'If-Match: *',
  '',
  '',
];
const open = ['--batch_1', 'Content-Type: multipart/mixed; boundary=set_1', ''];
const close = ['--set_1--', '--batch_1--', ''];
const usual = [...open, ...insert, ...remove, ...close];

function text(lines: readonly string[], lineEnd = '\r\n'): Buffer {
  return Buffer.from(lines.join(lineEnd), 'utf8');
}

function partsOf(batch: Batch): readonly Buffer[] {
  expect(batch.kind).toBe('changeset');
  return batch.kind === 'changeset' ? batch.parts : [];
}

function requestsOf(lines: readonly string[], contentType: string | undefined = type, lineEnd = '\r\n'): PartRequest[] {
  return partsOf(readBatch(contentType, text(lines, lineEnd))).map((part) => readPart(part));
}

function bodyOf(request: PartRequest | undefined): string {
  return Buffer.from(request!.body).toString();
}

/** The word and the argument of a refusal. */
function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return `${tableErrorOf(error).word} ${error.argument}`;
  }
  return 'none';
}

function refusalOfBody(lines: readonly string[], contentType: string | undefined = type): string {
  return refusalOf(() => requestsOf(lines, contentType));
}

describe('a change set', () => {
  it('is read into the requests in it, in their order', () => {
    const [first, second, ...others] = requestsOf(usual);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ verb: 'POST', url: 'http://host:10002/account/People', contentId: undefined });
    expect({ ...first!.headers }).toEqual({ accept: 'application/json', 'content-type': 'application/json' });
    expect(bodyOf(first)).toBe('{"PartitionKey":"p","RowKey":"1"}');
    expect(second).toMatchObject({ verb: 'DELETE', url: "/account/People(PartitionKey='p',RowKey='2')" });
    expect({ ...second!.headers }).toEqual({ 'if-match': '*' });
    expect(second!.contentId).toBe('7');
    expect(bodyOf(second)).toBe('');
  });

  it('gives views of the bytes it was read from', () => {
    const bytes = text(usual);
    const [part] = partsOf(readBatch(type, bytes));
    expect(part!.buffer).toBe(bytes.buffer);
    expect(readPart(part!).body.buffer).toBe(bytes.buffer);
  });

  it('is the same with bare line feeds', () => {
    const plain = requestsOf(usual, type, '\n');
    expect(plain.map((request) => ({ ...request, body: bodyOf(request) }))).toEqual(
      requestsOf(usual).map((request) => ({ ...request, body: bodyOf(request) })),
    );
  });

  it('may have a preamble, an epilogue and blanks after a boundary', () => {
    const lines = ['to be ignored', '--batch_12', ...usual, 'ignored', '--batch_1', 'too'];
    lines[2] += ' \t';
    expect(requestsOf(lines)).toHaveLength(2);
  });

  it('may end with delimiters that do not close it, as samples of the documentation and old clients write', () => {
    expect(requestsOf([...open, ...insert, '--set_1--', '--batch_1', ''])).toHaveLength(1);
    expect(requestsOf([...open, ...insert, '--set_1--', '--batch_1'])).toHaveLength(1);
    expect(requestsOf([...open, ...insert, '--set_1', '--batch_1--'])).toHaveLength(1);
  });

  it('takes boundaries quoted, escaped, in any case and among other parameters', () => {
    for (const contentType of [
      'multipart/mixed; boundary="batch_1"',
      'Multipart/Mixed;Boundary=batch_1',
      'multipart/mixed ; charset="utf-8" ; boundary = batch_1;',
      'multipart/mixed;charset="a;boundary=\\"x\\"";boundary="batch\\_1"',
    ])
      expect(requestsOf(usual, contentType)).toHaveLength(2);
    const lines = usual.map((line) => line.replace('boundary=set_1', 'charset="utf-8";boundary="set of (1)"'));
    expect(requestsOf(lines.map((line) => line.replace('--set_1', '--set of (1)')))).toHaveLength(2);
  });

  it('tells a boundary from one that begins with it', () => {
    const lines = [...open, ...insert.slice(0, -1), '--set_11', '--set_1-', ' --set_1', 'x--set_1--', ...close];
    expect(bodyOf(requestsOf(lines)[0])).toBe('--set_11\r\n--set_1-\r\n --set_1\r\nx--set_1--');
  });

  it('takes folded fields of a head', () => {
    const lines = usual.map((line) => line.replace('multipart/mixed; boundary', 'multipart/mixed;\r\n\tboundary'));
    expect(requestsOf(lines)).toHaveLength(2);
  });

  it('takes addresses with blanks in them', () => {
    const lines = usual.map((line) => line.replace("'p',RowKey", "'p', RowKey"));
    expect(requestsOf(lines)[1]!.url).toBe("/account/People(PartitionKey='p', RowKey='2')");
  });

  it('takes a body by its Content-Length, and blanks around one without', () => {
    const at = (length: string): string[] => [
      ...open,
      ...insert.slice(0, 7),
      `Content-Length: ${length}`,
      '',
      '{"a":1} ',
      '',
      ...close,
    ];
    expect(bodyOf(requestsOf(at('7'))[0])).toBe('{"a":1}');
    expect(bodyOf(requestsOf(at('8'))[0])).toBe('{"a":1} ');
    for (const wrong of ['6', '100', '-7', '7.0', '0x7', '', '7, 7', '9999999999'])
      expect(refusalOfBody(at(wrong))).toBe('InvalidInput Content-Length');
    expect(bodyOf(requestsOf([...open, ...insert.slice(0, 8), '', '', '{"a":1} ', '', ...close])[0])).toBe('{"a":1}');
  });

  it('takes a request whose head is all there is', () => {
    const lines = [...open, '--set_1', 'Content-Type: application/http', '', '', 'DELETE /x HTTP/1.1', ...close];
    expect(requestsOf(lines)[0]).toMatchObject({ verb: 'DELETE', url: '/x' });
    expect(requestsOf([...lines.slice(0, -3), 'If-Match: *', ...close])[0]!.headers['if-match']).toBe('*');
  });

  it('keeps names of prototypes as what they are: names of fields', () => {
    const lines = [...open, ...insert.slice(0, 7), '__proto__: 1', 'constructor: 2', ...insert.slice(7), ...close];
    const { headers } = requestsOf(lines)[0]!;
    expect(Object.keys(headers)).toContain('__proto__');
    expect(headers['constructor']).toBe('2');
  });

  it('joins fields that stand twice, but those of a body must agree', () => {
    const twice = (field: string, value: string, other: string): string[] => [
      ...open,
      ...insert.slice(0, 5),
      `${field}: ${value}`,
      `${field}: ${other}`,
      ...insert.slice(7),
      ...close,
    ];
    expect(requestsOf(twice('X-HTTP-Method', 'MERGE', 'PUT'))[0]!.headers['x-http-method']).toBe('MERGE, PUT');
    expect(requestsOf(twice('Content-Type', 'a/b', 'a/b'))[0]!.headers['content-type']).toBe('a/b');
    expect(refusalOfBody(twice('Content-Type', 'a/b', 'a/c'))).toBe('InvalidInput content-type');
    expect(refusalOfBody(twice('Content-Length', '33', '3'))).toBe('InvalidInput content-length');
  });

  it('is read as its parts by themselves, however much they have in common', () => {
    const random = randomOf(seedOf());
    const any = (lines: readonly string[]): string => lines[Math.floor(random() * lines.length)]!;
    const some = (line: string): string[] => (random() < 0.3 ? [] : [line]);
    let shared = 0;
    let refused = 0;
    for (let round = 0; round < 300 * testScale; round++) {
      const reader = new PartReader();
      const lineEnd = random() < 0.2 ? '\n' : '\r\n';
      let before: PartRequest | undefined;
      for (let i = 0; i < 10; i++) {
        const body = any(['', '{}', '{"a":1}']);
        const lines = [
          'Content-Type: application/http',
          ...some('Content-Transfer-Encoding: binary'),
          ...some(any([`Content-ID: ${i}`, `content-id:${i} `, 'Content-ID:', 'Content-ID: a b', ' folded'])),
          '',
          any(['POST /a/T HTTP/1.1', 'POST /a/T HTTP/1.1', `PUT /a/T(PartitionKey='p',RowKey='${i}') HTTP/1.1`, 'x']),
          any(['Accept: */*', 'Accept: */*', 'Accept: a/b', 'If-Match: *', '']),
          ...some(any([`Content-Length: ${body.length}`, 'Content-Length: 99', `Content-Length: ${body.length} `])),
          ...(random() < 0.05 ? [`Content-ID: ${i}`, `Content-Length: ${i}`] : []),
          '',
          body,
        ];
        let bytes = Buffer.from(lines.join(lineEnd));
        if (random() < 0.1) bytes = bytes.subarray(0, random() * bytes.length);
        const outcome = (read: () => PartRequest): unknown => {
          let part: PartRequest | undefined;
          const refusal = refusalOf(() => (part = read()));
          return part === undefined ? refusal : { ...part, headers: { ...part.headers }, body: bodyOf(part) };
        };
        let part: PartRequest | undefined;
        const found = outcome(() => (part = reader.read(bytes)));
        expect(found, bytes.toString()).toEqual(outcome(() => readPart(bytes)));
        if (part === undefined) refused++;
        else if (part.headers === before?.headers) shared++;
        before = part ?? before;
      }
    }
    expect(shared).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(50);
  });

  it('has one object of headers for parts that differ in their id, length and address', () => {
    const part = (i: number): string[] => [
      '--set_1',
      'Content-Type: application/http',
      `Content-ID: ${i}`,
      '',
      `PUT /account/People(PartitionKey='p',RowKey='${i}') HTTP/1.1`,
      'If-Match: *',
      `Content-Length: ${2 + String(i).length}`,
      '',
      `[${i}]`,
    ];
    const batch = readBatch(type, text([...open, ...part(9), ...part(10), ...close]));
    const reader = new PartReader();
    const [first, second] = partsOf(batch).map((bytes) => reader.read(bytes));
    expect(second!.headers).toBe(first!.headers);
    expect({ ...second!.headers }).toEqual({ 'if-match': '*' });
    expect([first!.contentId, bodyOf(first)]).toEqual(['9', '[9]']);
    expect([second!.contentId, bodyOf(second)]).toEqual(['10', '[10]']);
    expect(second!.url).toBe("/account/People(PartitionKey='p',RowKey='10')");
  });

  it('keeps one operation more than there may be, so that the excess is seen', () => {
    const many = (count: number): number =>
      partsOf(readBatch(type, text([...open, ...Array.from({ length: count }, () => insert).flat(), ...close]))).length;
    expect(many(batchOperationsMax)).toBe(100);
    expect(many(batchOperationsMax + 1)).toBe(101);
    expect(many(500)).toBe(101);
  });
});

describe('a query', () => {
  const query = ['--batch_1', 'Content-Type: application/http', '', 'GET /account/People() HTTP/1.1', 'Accept: */*'];

  it('stands alone in its batch', () => {
    for (const end of [['', '--batch_1--'], ['--batch_1'], ['', '', '--batch_1', '']]) {
      const batch = readBatch(type, text([...query, ...end]));
      expect(batch.kind).toBe('query');
      if (batch.kind === 'query') expect(readPart(batch.part)).toMatchObject({ verb: 'GET', url: '/account/People()' });
    }
  });

  it('is refused beside another and beside a change set', () => {
    expect(refusalOfBody([...query, '', ...query, '', '--batch_1--'])).toBe('InvalidInput body');
    expect(refusalOfBody([...query, '', ...usual])).toBe('InvalidInput body');
    expect(refusalOfBody([...usual.slice(0, -2), ...query, '', '--batch_1--'])).toBe('InvalidInput body');
  });
});

describe('what is no batch', () => {
  it('is refused when its type names no boundary', () => {
    for (const contentType of [
      undefined,
      '',
      'application/json',
      'multipart/mixed',
      'multipart/mixed;',
      'multipart/form-data; boundary=batch_1',
      'multipart/mixed; boundary',
      'multipart/mixed; boundary=',
      'multipart/mixed; boundary=""',
      'multipart/mixed; boundary="batch_1',
      'multipart/mixed; boundary="batch_1 "',
      'multipart/mixed; boundary=batch_1; boundary=batch_1',
      'multipart/mixed; boundary=batch_1 x',
      `multipart/mixed; boundary=${'b'.repeat(71)}`,
      `multipart/mixed; ${'a=b;'.repeat(10_000)} boundary=batch_1`,
    ])
      expect([contentType, refusalOf(() => readBatch(contentType, text(usual)))]).toEqual([
        contentType,
        'InvalidInput Content-Type',
      ]);
  });

  it('is refused when the boundary is another, and when it is cut off anywhere before its change set is whole', () => {
    expect(refusalOfBody(usual, 'multipart/mixed; boundary=batch_2')).toBe('InvalidInput body');
    expect(refusalOfBody(usual, 'multipart/mixed; boundary=batch')).toBe('InvalidInput body');
    const bytes = text(usual);
    const whole = bytes.indexOf('--batch_1', 5) + '--batch_1'.length;
    for (let length = 0; length < whole; length++)
      expect([length, refusalOf(() => readBatch(type, bytes.subarray(0, length)))[0]]).toEqual([length, 'I']);
  });

  it('is refused when empty, or when its change set is', () => {
    expect(refusalOfBody([])).toBe('InvalidInput body');
    expect(refusalOfBody(['--batch_1--'])).toBe('InvalidInput body');
    expect(refusalOfBody(['--batch_1', '', '--batch_1--'])).toBe('InvalidInput Content-Type');
    expect(refusalOfBody([...open, ...close])).toBe('InvalidInput body');
    expect(refusalOfBody([...open, '--set_1', ...close])).toBe('InvalidInput Content-Type');
  });

  it('is refused with two change sets', () => {
    expect(refusalOfBody([...usual.slice(0, -2), ...usual])).toBe('InvalidInput body');
  });

  it('is refused when change sets are nested, or share the boundary of the batch', () => {
    const nested = [...open, '--set_1', ...open.slice(1), '--set_2', ...insert.slice(1), '--set_2--', ...close];
    expect(refusalOfBody(nested.map((line, i) => (i === 4 ? line.replace('set_1', 'set_2') : line)))).toBe(
      'InvalidInput Content-Type',
    );
    expect(refusalOfBody(usual.map((line) => line.replaceAll('set_1', 'batch_1')))).toBe('InvalidInput body');
  });

  it('is refused with a part that is no request', () => {
    const withPart = (...lines: readonly string[]): string => refusalOfBody([...open, '--set_1', ...lines, ...close]);
    const http = 'Content-Type: application/http';
    expect(withPart('', 'POST /x HTTP/1.1', '')).toBe('InvalidInput Content-Type');
    expect(withPart('Content-Type: application/json', '', 'POST /x HTTP/1.1', '')).toBe('InvalidInput Content-Type');
    expect(withPart(http, 'Content-Transfer-Encoding: base64', '', 'POST /x HTTP/1.1', '')).toBe(
      'InvalidInput Content-Transfer-Encoding',
    );
    for (const line of ['', 'POST', 'POST /x', 'POST  HTTP/1.1', 'POST /x HTTP/2', '/x HTTP/1.1'])
      expect([line, withPart(http, '', line, '')]).toEqual([line, 'InvalidInput request line']);
    expect(withPart(http, '', 'GET /\u0007 HTTP/1.1', '')).toBe('InvalidInput headers');
    for (const field of ['Accept', ': x', 'A b: c', 'Content-ID: 1\rX: y', 'X: \0', 'Né: 1'])
      expect([field, withPart(http, '', 'POST /x HTTP/1.1', field, '')]).toEqual([field, 'InvalidInput headers']);
    expect(withPart(' folded', '', 'POST /x HTTP/1.1')).toBe('InvalidInput headers');
  });

  it('is refused with heads beyond their bounds', () => {
    const withFields = (...fields: readonly string[]): string =>
      refusalOfBody([...open, ...insert.slice(0, 7), ...fields, ...insert.slice(7), ...close]);
    expect(withFields(...Array.from({ length: 60 }, (_, i) => `X-${i}: 1`))).toBe('none');
    expect(withFields(...Array.from({ length: 70 }, (_, i) => `X-${i}: 1`))).toBe('InvalidInput headers');
    expect(withFields(`X: ${'a'.repeat(30_000)}`)).toBe('none');
    expect(withFields(`X: ${'a'.repeat(40_000)}`)).toBe('InvalidInput headers');
    expect(withFields('X: 1', ...Array.from({ length: 40 }, () => ` ${'a'.repeat(1000)}`))).toBe(
      'InvalidInput headers',
    );
    const long = usual.map((line) => line.replace('/account/People(', `/${'a'.repeat(40_000)}(`));
    expect(refusalOfBody(long)).toBe('InvalidInput headers');
  });
});

describe('any bytes', () => {
  it('give a batch or a refusal of the service', () => {
    const random = randomOf(seedOf());
    const valid = text(usual);
    const scraps = ['\r\n', '\n', '\r', '--', '--batch_1', '--set_1', '--set_1--', ': ', ' HTTP/1.1', '"', '\0', 'é'];
    let read = 0;
    for (let round = 0; round < 5000 * testScale; round++) {
      let bytes: Buffer = Buffer.from(valid);
      for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
        const at = Math.floor(random() * bytes.length);
        const kind = random();
        if (kind < 0.3) bytes[at] = Math.floor(random() * 256);
        else if (kind < 0.5) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random() * 40)]);
        else if (kind < 0.8) {
          const scrap = Buffer.from(scraps[Math.floor(random() * scraps.length)]!);
          bytes = Buffer.concat([bytes.subarray(0, at), scrap, bytes.subarray(at)]);
        } else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random() * bytes.length)]);
      }
      const word = refusalOf(() => {
        const batch = readBatch(type, bytes);
        const parts = batch.kind === 'query' ? [batch.part] : batch.parts;
        for (const part of parts) expect(readPart(part).url).not.toBe('');
        read++;
      });
      expect(word).toMatch(/^(none|InvalidInput .*)$/);
    }
    // Both happen, so the test says something.
    expect(read).toBeGreaterThan(100);
    expect(read).toBeLessThan(5000 * testScale);
  });

  it('are read in time linear in them', () => {
    const size = 4 * 1024 * 1024;
    const hostile = [
      Buffer.alloc(size, '\n'),
      Buffer.alloc(size, '--batch_1'),
      Buffer.alloc(size, '\n--batch_1x'),
      Buffer.alloc(size, '\n--batch_1\n'),
      Buffer.concat([text(open), Buffer.alloc(size, '\n--set_1'), text(['', ...close])]),
      Buffer.concat([text([...open, ...insert.slice(0, 4)]), Buffer.alloc(size, ' '), text(['', ...close])]),
      Buffer.concat([text([...open, ...insert.slice(0, 8)]), Buffer.alloc(size, ' '), text(['', ...close])]),
    ];
    const started = performance.now();
    for (const bytes of hostile)
      refusalOf(() => {
        const batch = readBatch(type, bytes);
        if (batch.kind === 'changeset') batch.parts.map((part) => readPart(part));
      });
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
