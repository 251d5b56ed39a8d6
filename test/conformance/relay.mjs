// Stands between a vendor's suite and a server. As it is, bytes pass untouched, TLS included, and it only counts the
// connections: a test that made none has proven nothing about the server. With a wrong answer to tell, it ends the
// TLS itself and spoils the answers on their way back: a harness that stays green then measures nothing. A third one
// makes a server on the same machine as distant as one in a network.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline, Transform } from 'node:stream';

/** Counts and passes on. `connections` is read before and after a test. */
export async function countingRelay(port, target) {
  const relay = { connections: 0, close: undefined };
  const sockets = new Set();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    // What connects and says nothing has asked nothing.
    client.once('data', () => relay.connections++);
  });
  return opened(relay, server, sockets, port);
}

/**
 * Passes bytes on untouched, those of the server after a pause each: tests that set a timeout below a millisecond
 * take for granted that no server is as near as one on the same machine.
 */
export async function distantRelay(port, target, pauseMs) {
  const relay = { port, close: undefined };
  const sockets = new Set();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ ...target, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    const pause = new Transform({ transform: (chunk, _, done) => setTimeout(done, pauseMs, null, chunk) });
    // Each side's end or failure reaches the other through the pipeline; there is nobody to tell.
    pipeline(client, upstream, () => undefined);
    pipeline(upstream, pause, client, () => undefined);
  });
  return opened(relay, server, sockets, port);
}

/**
 * Answers over TLS with the server's own certificate and spoils what `wrong` wants spoilt: it is given the request
 * `{ method, url, headers }` and the answer `{ status, headers, body }`, whose parts it may change.
 */
export async function spoilingRelay(port, target, tls, wrong) {
  const relay = { connections: 0, spoilt: 0, port, close: undefined };
  const sockets = new Set();
  const [cert, key] = await Promise.all(['server.pem', 'server-key.pem'].map((name) => readFile(join(tls, name))));
  const server = createTlsServer({ cert, key }, (incoming, outgoing) => {
    relay.connections++;
    const { method, url, headers } = incoming;
    const upstream = request({ ...target, method, path: url, headers }, (reply) => {
      const chunks = [];
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('error', () => outgoing.destroy());
      reply.on('end', () => {
        const answer = { status: reply.statusCode, headers: { ...reply.headers }, body: Buffer.concat(chunks) };
        if (wrong({ method, url, headers }, answer) !== false) relay.spoilt++;
        delete answer.headers['transfer-encoding'];
        answer.headers['content-length'] = Buffer.byteLength(answer.body);
        outgoing.writeHead(answer.status, answer.headers).end(method === 'HEAD' ? undefined : answer.body);
      });
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return opened(relay, server, sockets, port);
}

async function opened(relay, server, sockets, port) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  relay.port = server.address().port;
  relay.close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return relay;
}
