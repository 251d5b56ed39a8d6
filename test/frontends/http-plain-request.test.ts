// What the lane for plain requests reads, Node's strict parser reads the same; anything else it leaves alone.

import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { readPlainRequest } from '../../frontends/http-plain-request.ts';
import { randomOf, seedOf, testScale } from '../random.ts';

const bodyBytesMax = 1000;
const read = (text: string) => readPlainRequest(Buffer.from(text, 'latin1'), bodyBytesMax);

const usual =
  "POST /account/table(PartitionKey='a',RowKey='b')?timeout=10 HTTP/1.1\r\nHost: localhost:10002\r\n" +
  'x-ms-date:  Sat, 21 Nov 2026 23:14:06 GMT \r\nAccept:\r\nContent-Length: 5\r\nx-own-1: a, b\r\n' +
  'Connection: Keep-Alive\r\n\r\nhello';

test('a usual request is read with its headers by lower-case name and the place of its body', () => {
  const request = read(usual)!;
  expect(request).toMatchObject({
    method: 'POST',
    url: "/account/table(PartitionKey='a',RowKey='b')?timeout=10",
    bodyLength: 5,
    headers: {
      host: 'localhost:10002',
      'x-ms-date': 'Sat, 21 Nov 2026 23:14:06 GMT',
      accept: '',
      'content-length': '5',
      'x-own-1': 'a, b',
      connection: 'Keep-Alive',
    },
  });
  expect(usual.slice(request.bodyAt)).toBe('hello');
});

const head = (lines: string, start = 'GET / HTTP/1.1') => `${start}\r\nHost: a\r\n${lines}\r\n`;

test.each([
  ['a head that is not whole', 'GET / HTTP/1.1\r\nHost: a\r\n'],
  ['another version', head('', 'GET / HTTP/1.0')],
  ['a method without a body of its own rules', head('', 'HEAD / HTTP/1.1')],
  ['a method of no door', head('', 'TRACE / HTTP/1.1')],
  ['a whole address', head('', 'GET http://a/ HTTP/1.1')],
  ['a blank within the address', head('', 'GET /a b HTTP/1.1')],
  ['an address that is not ASCII', head('', 'GET /\xe9 HTTP/1.1')],
  ['two blanks', head('', 'GET  / HTTP/1.1')],
  ['no host', 'GET / HTTP/1.1\r\nAccept: a\r\n\r\n'],
  ['no header at all', 'GET / HTTP/1.1\r\n\r\n'],
  ['two hosts', head('host: a\r\n')],
  ['a header twice', head('Accept: a\r\naccept: b\r\n')],
  ['a chunked body', head('Transfer-Encoding: chunked\r\n')],
  ['a chunked body of a declared length', head('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n')],
  ['a compressed body', head('Content-Encoding: gzip\r\nContent-Length: 3\r\n')],
  ['two lengths', head('Content-Length: 3\r\nContent-Length: 4\r\n')],
  ['two lengths in one', head('Content-Length: 3, 3\r\n')],
  ['a signed length', head('Content-Length: +3\r\n')],
  ['a length of another base', head('Content-Length: 0x3\r\n')],
  ['an empty length', head('Content-Length:\r\n')],
  ['a body over the bound', head('Content-Length: 1001\r\n')],
  ['a client that waits to be asked for its body', head('Expect: 100-continue\r\nContent-Length: 3\r\n')],
  ['a change of protocol', head('Connection: Upgrade\r\nUpgrade: websocket\r\n')],
  ['a last request', head('Connection: close\r\n')],
  ['a connection with further names', head('Connection: keep-alive, x\r\n')],
  ['a folded header', head('Accept: a\r\n b\r\n')],
  ['a blank before the colon', head('Accept : a\r\n')],
  ['a line without a colon', head('Accept\r\n')],
  ['a line without a name', head(': a\r\n')],
  ['a bare line feed', head('Accept: a\nb: c\r\n')],
  ['a bare carriage return', head('Accept: a\rb\r\n')],
  ['a zero byte', head('Accept: a\0b\r\n')],
  ['a value that is not ASCII', head('Accept: \xe9\r\n')],
  ['a name that every object has', head('constructor: a\r\n')],
  ['more headers than any client sends', head(Array.from({ length: 70 }, (_, i) => `h${i}: a\r\n`).join(''))],
  ['a very long head', head(`Accept: ${'a'.repeat(17_000)}\r\n`)],
])('%s is left to the other parser', (_, text) => {
  expect(read(text)).toBeUndefined();
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const interesting = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '\0',
  '\x7f',
  '\x80',
  ',',
  ';',
  '"',
  'a',
  'Z',
  '0',
  '9',
  '-',
  '_',
];

function mutated(below: (bound: number) => number): string {
  let text = usual;
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(text.length + 1);
    const piece = interesting[below(interesting.length)]!;
    text = text.slice(0, at) + (below(4) === 0 ? '' : piece) + text.slice(at + below(3));
  }
  return text;
}

test('whatever is read of random requests, a server of Node reads alike', async () => {
  const seed = seedOf();
  const random = randomOf(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const wanted = 300 * testScale;
  let seen: Seen | 'refused' | undefined;
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const { method, url, headers } = message;
      seen = { method, url, headers: { ...headers }, body: Buffer.concat(chunks).toString('latin1') };
      response.end('x');
    });
  });
  server.on('clientError', (_error, socket) => {
    seen = 'refused';
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let accepted = 0;
  for (let round = 0; accepted < wanted && round < 100 * wanted; round++) {
    const text = mutated(below);
    const bytes = Buffer.from(text, 'latin1');
    const request = readPlainRequest(bytes, bodyBytesMax);
    if (request === undefined || request.bodyAt + request.bodyLength > bytes.length) continue;
    accepted++;
    seen = undefined;
    const { method, url, headers, bodyAt, bodyLength } = request;
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes.subarray(0, bodyAt + bodyLength)));
      socket.once('data', () => socket.destroy());
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
    const body = bytes.toString('latin1', bodyAt, bodyAt + bodyLength);
    expect(seen, `seed ${seed}, round ${round}: ${JSON.stringify(text)}`).toEqual({ method, url, headers, body });
  }
  expect(accepted).toBe(wanted);
  await new Promise((resolve) => server.close(resolve));
});
