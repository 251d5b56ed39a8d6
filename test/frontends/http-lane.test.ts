// Connections of plain and unusual requests, as clients see them: bytes in, bytes out.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HttpLane, type LaneOptions } from '../../frontends/http-lane.ts';
import { HttpTurn } from '../../frontends/http-turn.ts';
import { openHttp } from '../../frontends/http.ts';
import type { HttpAnswer, HttpInput } from '../../frontends/http-exchange.ts';
import type { Port } from '../../frontends/port.ts';

const bodyBytesMax = 100_000;
const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

type Answering = (input: HttpInput, signal: AbortSignal) => HttpAnswer | Promise<HttpAnswer>;

/** Says what was asked: method, address and body, or why the body was refused. */
const echo: Answering = ({ message, body, fault }) => {
  const text = fault === undefined ? Buffer.from(body).toString('latin1') : fault.message;
  return answerOf(`${message.method} ${message.url} ${text}`);
};

function answerOf(text: string): HttpAnswer {
  const body = Buffer.from(text, 'latin1');
  return { status: 200, headers: ['Content-Length', String(body.length)], body };
}

async function open(answering: Answering): Promise<Port> {
  const port = await openHttp({
    host: '127.0.0.1',
    port: 0,
    bodyBytesMax,
    handle: async (input, send, signal) => {
      try {
        send(await answering(input, signal));
      } catch {
        send({ status: 500, headers: [], body: undefined });
      }
    },
  });
  closings.push(() => port.close(0));
  return port;
}

/** A connection, and all it was sent until a text or the end came. */
class Client {
  readonly socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.#text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
  }

  static async open({ address }: Port): Promise<Client> {
    const socket = connect(address.port, '127.0.0.1');
    await once(socket, 'connect');
    closings.push(() => socket.destroy());
    return new Client(socket);
  }

  async until(text: string): Promise<string> {
    while (!this.#text.includes(text)) await once(this.socket, 'data');
    const all = this.#text;
    this.#text = '';
    return all;
  }

  async ended(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.#text;
  }
}

const get = (url: string) => `GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (url: string, body: string) =>
  `POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (url: string) =>
  `POST ${url} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;

/** What the server echoed, in order. */
const echoed = (text: string) => [...text.matchAll(/(?:GET|POST) \/\d [a-z]*/g)].map(([found]) => found);

test('an answer tells its length, its date, and that the connection stays open', async () => {
  const client = await Client.open(await open(echo));
  client.socket.write(get('/1'));
  expect(await client.until('GET /1')).toMatch(
    /^HTTP\/1\.1 200 OK\r\nContent-Length: 7\r\nDate: [A-Z][^\r]+ GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=120\r\n\r\nGET \/1 $/,
  );
});

test('an answer without a body says so, but where its status does', async () => {
  const answering: Answering = ({ message }) => ({
    status: Number(message.url!.slice(1)),
    headers: [],
    body: undefined,
  });
  const client = await Client.open(await open(answering));
  client.socket.write(get('/200'));
  expect(await client.until('\r\n\r\n')).toContain('Content-Length: 0\r\n');
  client.socket.write(get('/204'));
  expect(await client.until('\r\n\r\n')).not.toContain('Content-Length');
});

test('requests that come at once are answered in their order, plain and unusual ones', async () => {
  const client = await Client.open(await open(echo));
  client.socket.write(get('/1') + post('/2', 'abc') + chunked('/3') + get('/4') + post('/5', 'de'));
  expect(echoed(await client.until('POST /5 de'))).toEqual([
    'GET /1 ',
    'POST /2 abc',
    'POST /3 abc',
    'GET /4 ',
    'POST /5 de',
  ]);
});

test('a request in pieces is put together, wherever it is cut', async () => {
  const port = await open(echo);
  const whole = post('/1', 'abcdef') + get('/2');
  for (let cut = 1; cut < whole.length; cut++) {
    const client = await Client.open(port);
    client.socket.setNoDelay(true);
    client.socket.write(whole.slice(0, cut));
    await new Promise(setImmediate);
    client.socket.write(whole.slice(cut));
    expect(echoed(await client.until('GET /2 ')), `cut at ${cut}`).toEqual(['POST /1 abcdef', 'GET /2 ']);
    client.socket.destroy();
  }
});

test('a body of many pieces arrives whole, and what comes behind it is the next request', async () => {
  const client = await Client.open(await open(({ body }) => answerOf(`sum ${body.reduce((a, b) => a + b, 0)}.`)));
  const body = 'x'.repeat(bodyBytesMax);
  client.socket.write(post('/1', body) + post('/2', 'ab'));
  const text = await client.until(`sum ${97 + 98}.`);
  expect(text).toContain(`sum ${bodyBytesMax * 'x'.charCodeAt(0)}.`);
});

test('a body over the bound is refused by its length, and the connection goes on', async () => {
  const client = await Client.open(await open(echo));
  client.socket.write(post('/1', 'x'.repeat(bodyBytesMax + 1)));
  expect(await client.until(`at most ${bodyBytesMax} bytes`)).toContain('POST /1');
  client.socket.write(get('/2'));
  await client.until('GET /2');
});

test('a client that waits to be asked for its body is asked', async () => {
  const client = await Client.open(await open(echo));
  client.socket.write('POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
  expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  client.socket.write('abc');
  await client.until('POST /1 abc');
});

test('a request that asks for it closes the connection behind its answer', async () => {
  const client = await Client.open(await open(echo));
  client.socket.write(get('/1'));
  await client.until('GET /1');
  client.socket.write('GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await client.ended()).toContain('Connection: close');
});

test.each(['GET / HTTP/1.1\r\n\r\n', 'nothing of the kind', '\0\0\0\0\r\n\r\n', 'GET / HTTP/1.1\r\nA\nB\r\n\r\n'])(
  'what is no request is refused and ends the connection: %j',
  async (text) => {
    const client = await Client.open(await open(echo));
    client.socket.write(get('/1'));
    await client.until('GET /1');
    client.socket.end(text);
    expect(await client.ended()).toMatch(/^HTTP\/1\.1 400 |^$/);
  },
);

test.each([false, true])(
  'a value that would break out of its header is not sent (unusual request: %s)',
  async (isUnusual) => {
    const headers = ['x-told', 'a\r\nx-forged: b'];
    const client = await Client.open(await open(() => ({ status: 200, headers, body: undefined })));
    client.socket.write(isUnusual ? chunked('/1') : get('/1'));
    const text = await client.until('\r\n\r\n');
    expect(text).toContain('HTTP/1.1 500 ');
    expect(text).not.toContain('forged');
  },
);

test('long answers come whole to clients that read slowly, each behind the one before', async () => {
  const long = 'y'.repeat(3_000_000);
  const client = await Client.open(await open(({ message }) => answerOf(`${message.url}${long}.`)));
  client.socket.pause();
  client.socket.write(get('/1') + get('/2'));
  await new Promise(setImmediate);
  client.socket.resume();
  let text = await client.until('.');
  while (!text.endsWith('y.') || !text.includes('/2y')) text += await client.until('.');
  expect(text.indexOf(`/1${long}.`)).toBeLessThan(text.indexOf(`/2${long}.`));
});

test('a client that asks and asks but does not read is answered no further than its buffers reach', async () => {
  const [asked, answerBytes] = [60, 1_000_000];
  let handled = 0;
  const long = 'y'.repeat(answerBytes);
  const port = await open(({ message }) => {
    if (message.url === '/1') handled++;
    return answerOf(message.url === '/1' ? long : 'short');
  });
  const client = await Client.open(port);
  client.socket.pause();
  client.socket.write(get('/1').repeat(asked));
  const other = await Client.open(port);
  for (let round = 0; round < 200; round++) {
    other.socket.write(get('/2'));
    await other.until('short');
  }
  expect(handled).toBeGreaterThan(0);
  expect(handled).toBeLessThan(asked / 2);
  let read = 0;
  client.socket.on('data', (chunk: Buffer) => (read += chunk.length));
  client.socket.resume();
  while (read < asked * answerBytes) await once(client.socket, 'data');
  expect(handled).toBe(asked);
});

test('when a client leaves, its request is told', async () => {
  let told = (): void => undefined;
  const aborted = new Promise<void>((resolve) => (told = resolve));
  const asked = new Promise<void>((resolve) => {
    void open((_, signal) => {
      signal.addEventListener('abort', told);
      resolve();
      return new Promise<HttpAnswer>(() => undefined);
    }).then(async (port) => {
      const client = await Client.open(port);
      client.socket.write(get('/1'));
      await asked;
      client.socket.destroy();
    });
  });
  await aborted;
});

test('a port that closes ends idle connections at once and others with their answer', async () => {
  let answer = (_: HttpAnswer): void => undefined;
  let begun = (): void => undefined;
  const asked = new Promise<void>((resolve) => (begun = resolve));
  const port = await open(({ message }) => {
    if (message.url === '/1') return answerOf('idle');
    begun();
    return new Promise<HttpAnswer>((resolve) => (answer = resolve));
  });
  const idle = await Client.open(port);
  const busy = await Client.open(port);
  idle.socket.write(get('/1'));
  await idle.until('idle');
  busy.socket.write(get('/2'));
  await asked;
  const closed = port.close(60_000);
  await idle.ended();
  answer(answerOf('last'));
  const text = await busy.ended();
  expect(text).toContain('Connection: close\r\n');
  expect(text).toMatch(/last$/);
  await closed;
});

/** A lane over a real connection whose checks the test calls. */
async function laneOf(options: Partial<LaneOptions>): Promise<{ readonly lane: HttpLane; readonly client: Client }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closings.push(() => server.close());
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [served] = await accepted;
  closings.push(() => socket.destroy());
  const lane = new HttpLane(served, false, new AbortController().signal, {
    bodyBytesMax,
    handle: () => Promise.resolve(),
    turn: new HttpTurn(),
    keepAliveMs: 1000,
    bodyMsMax: 500,
    isClosing: () => false,
    leave: () => undefined,
    ...options,
  });
  return { lane, client: new Client(socket) };
}

test('an idle connection is closed after its time, not before', async () => {
  const { lane, client } = await laneOf({});
  const nowMs = performance.now();
  lane.check(nowMs + 900);
  expect(client.socket.closed).toBe(false);
  lane.check(nowMs + 1100);
  expect(await client.ended()).toBe('');
});

test('a body that does not come in time is told so, while a slow answer is waited for', async () => {
  let asked = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const { lane, client } = await laneOf({ handle: () => Promise.resolve(asked()) });
  client.socket.write(get('/1'));
  await isAsked;
  lane.check(performance.now() + 60_000);
  expect(client.socket.closed).toBe(false);

  const second = await laneOf({});
  second.client.socket.write(post('/1', 'abc').slice(0, -1));
  for (let i = 0; !second.client.socket.closed && i < 1000; i++) {
    await new Promise(setImmediate);
    second.lane.check(performance.now() + 600);
  }
  expect(await second.client.ended()).toContain('HTTP/1.1 408 Request Timeout');
});

test('answers of a turn are written at its end, in their order, or when there are many', async () => {
  const turn = new HttpTurn();
  const written: number[] = [];
  for (let i = 0; i < 3; i++) turn.add({ write: () => void written.push(i) });
  expect(written).toEqual([]);
  await new Promise(setImmediate);
  expect(written).toEqual([0, 1, 2]);
  for (let i = 3; i < 25; i++) turn.add({ write: () => void written.push(i) });
  expect(written.length).toBeGreaterThan(10);
  await new Promise(setImmediate);
  expect(written).toEqual(Array.from({ length: 25 }, (_, i) => i));
});
