// HTTP/1.1 for the doors that speak it: one server per port over the shared plain-or-TLS port, requests with
// bounded bodies, answers written in one piece. It knows no protocol; a door supplies `handle`. A connection begins in
// a lane for plain requests (http-lane.ts); with the first unusual one it comes to Node's server here, and stays.
//
// Bad-input families 1, 6, 13 and 16 of the security page are met here: sizes are checked before anything is
// buffered, compressed bodies inflate to a cap, slow clients are cut, Node's strict parser stays on.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import { constants, gunzip } from 'node:zlib';
import { badRequest, DatabaseError } from '../model/errors.ts';
import { noBytes, type Handle, type HttpAnswer } from './http-exchange.ts';
import { HttpLane } from './http-lane.ts';
import { HttpTurn } from './http-turn.ts';
import { openPort, type Port } from './port.ts';

/** All headers of a request: session and continuation tokens are long, nothing else is. */
const headersBytesMax = 64 * 1024;

/** A client must have sent its headers by then. */
const headersMsMax = 10_000;

/** And its whole request by then: 2 MB at 35 KB/s. */
const requestMsMax = 60_000;

/** A TLS handshake must be done by then. */
const handshakeMsMax = 10_000;

/** A client that was told to come with another version has closed its connection by then. */
const refusalMsMax = 2_000;

/** How often the two limits on requests are looked at. */
const checkEveryMs = 2_000;

/** Idle connections are kept this long: longer than the pools of clients keep theirs, so that clients close first. */
const keepAliveMs = 120_000;

/** An oversized body of up to this size is read and thrown away, so that the client sees the answer; beyond it, the connection is cut. */
const discardBytesMax = 64 * 1024 * 1024;

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly secureContext?: (() => SecureContext) | undefined;
  readonly tlsOnly?: boolean | undefined;
  /** Largest body, before and after inflation. */
  readonly bodyBytesMax: number;
  readonly handle: Handle;
}

/**
 * For clients that offer HTTP/2 alone, as Rust's does at first: an empty SETTINGS frame and a GOAWAY frame with
 * HTTP_1_1_REQUIRED (RFC 9113 §6.5, §6.8, §7), on which they come again with HTTP/1.1. A handshake refused for the
 * protocol would tell them nothing of the kind.
 */
const versionRefusal = Buffer.from(
  '000000' + '0400' + '00000000' + '000008' + '0700' + '00000000' + '00000000' + '0000000d',
  'hex',
);

interface Connection {
  readonly encrypted: boolean;
  readonly closed: AbortController;
}

export async function openHttp(options: HttpOptions): Promise<Port> {
  const connections = new WeakMap<Socket, Connection>();
  const lanes = new Map<Socket, HttpLane>();
  const turn = new HttpTurn();
  let closing = false;
  const server = createServer(
    {
      keepAliveTimeout: keepAliveMs,
      headersTimeout: headersMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: checkEveryMs,
      maxHeaderSize: headersBytesMax,
      insecureHTTPParser: false,
      noDelay: true,
    },
    (message, response) => {
      const connection = connections.get(message.socket);
      if (connection === undefined) {
        message.socket.destroy();
        return;
      }
      const send = (answer: HttpAnswer): void => {
        if (closing) response.shouldKeepAlive = false;
        writeAnswer(response, answer, turn);
      };
      const { encrypted, closed } = connection;
      if (!hasBody(message)) {
        void options.handle({ message, body: noBytes, fault: undefined, encrypted }, send, closed.signal);
        return;
      }
      readBody(message, options.bodyBytesMax, (body, fault) => {
        // What was not read cannot be told from the next request.
        if (!message.complete) response.shouldKeepAlive = false;
        void options.handle({ message, body, fault, encrypted }, send, closed.signal);
      });
    },
  );
  server.on('clientError', (_error, socket) => {
    if (!socket.writable) socket.destroy();
    else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  // Node starts enforcing its time-outs, and telling idle connections from busy ones, when a server listens; this
  // one is handed its connections.
  server.emit('listening');
  const serveUnusual = (socket: Socket): void => {
    lanes.delete(socket);
    server.emit('connection', socket);
    // Node's parser reads such a socket below its stream, where a pause is not heeded by what TLS has decrypted
    // already: a request that came while an answer was still being written then failed with HPE_PAUSED. A listener
    // brings the bytes up through the stream, which keeps them until it flows again.
    if (socket instanceof TLSSocket) socket.on('data', ignore);
  };
  const laneOptions = {
    bodyBytesMax: options.bodyBytesMax,
    handle: options.handle,
    turn,
    keepAliveMs,
    bodyMsMax: requestMsMax,
    isClosing: () => closing,
    leave: serveUnusual,
  };
  const serve = (socket: Socket): void => {
    const { encrypted, closed } = connections.get(socket)!;
    lanes.set(socket, new HttpLane(socket, encrypted, closed.signal, laneOptions));
    socket.once('close', () => lanes.delete(socket));
  };
  const checks = setInterval(() => {
    const nowMs = performance.now();
    for (const lane of lanes.values()) lane.check(nowMs);
  }, checkEveryMs).unref();
  const port = await openPort({
    host: options.host,
    port: options.port,
    secureContext: options.secureContext,
    tlsOnly: options.tlsOnly,
    onConnection: (socket, encrypted) => {
      const connection = { encrypted, closed: new AbortController() };
      connections.set(socket, connection);
      socket.once('close', () => connection.closed.abort());
      if (socket instanceof TLSSocket) whenSecure(socket, serve);
      else serve(socket);
    },
    // Idle ones are closed below; the others end with their answer.
    onClosing: () => undefined,
  });
  return {
    address: port.address,
    get connections() {
      return port.connections;
    },
    get accepted() {
      return port.accepted;
    },
    close: async (graceMs) => {
      closing = true;
      for (const lane of lanes.values()) lane.close();
      server.closeIdleConnections();
      await port.close(graceMs);
      clearInterval(checks);
      // Ends the time-outs' timer.
      server.close();
    },
  };
}

function ignore(): void {}

/** Waits for the end of the handshake, which says in which version the client means to speak. */
function whenSecure(socket: TLSSocket, serve: (socket: TLSSocket) => void): void {
  const slow = setTimeout(() => socket.destroy(), handshakeMsMax);
  socket.once('close', () => clearTimeout(slow));
  socket.once('secure', () => {
    clearTimeout(slow);
    if (socket.alpnProtocol === 'h2') refuseVersion(socket);
    else serve(socket);
  });
}

/** What the client still sends is read: closed with bytes unread, a connection is reset, and the refusal with it. */
function refuseVersion(socket: TLSSocket): void {
  const slow = setTimeout(() => socket.destroy(), refusalMsMax);
  socket.once('close', () => clearTimeout(slow));
  socket.once('end', () => socket.end());
  socket.on('data', ignore).write(versionRefusal);
}

function hasBody(message: IncomingMessage): boolean {
  const { headers } = message;
  const length = headers['content-length'];
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined;
}

type OnBody = (body: Uint8Array, fault: DatabaseError | undefined) => void;

/** Collects a body of at most `bytesMax`, inflated if it is compressed. `done` is called once, or never when the client leaves. */
function readBody(message: IncomingMessage, bytesMax: number, done: OnBody): void {
  const declared = Number(message.headers['content-length'] ?? 0);
  if (declared > discardBytesMax) {
    done(noBytes, tooLarge(bytesMax));
    return;
  }
  let chunks: Buffer[] | undefined = declared > bytesMax ? undefined : [];
  let bytes = 0;
  let answered = false;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) chunks = undefined;
    else chunks?.push(chunk);
    if (bytes > discardBytesMax && !answered) {
      answered = true;
      message.pause();
      done(noBytes, tooLarge(bytesMax));
    }
  });
  message.once('end', () => {
    if (answered) return;
    answered = true;
    if (chunks === undefined) done(noBytes, tooLarge(bytesMax));
    else inflate(message, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes), bytesMax, done);
  });
}

function inflate(message: IncomingMessage, body: Buffer, bytesMax: number, done: OnBody): void {
  const encoding = message.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') {
    done(body, undefined);
    return;
  }
  if (encoding !== 'gzip') {
    done(noBytes, badRequest('Content-Encoding must be gzip or identity', 'Content-Encoding'));
    return;
  }
  gunzip(body, { maxOutputLength: bytesMax, finishFlush: constants.Z_FINISH }, (error, inflated) => {
    if (error === null) done(inflated, undefined);
    else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') done(noBytes, tooLarge(bytesMax));
    else done(noBytes, badRequest('the body is not valid gzip', 'Content-Encoding'));
  });
}

function tooLarge(bytesMax: number): DatabaseError {
  return new DatabaseError('TooLarge', `a request body has at most ${bytesMax} bytes`, { argument: 'body' });
}

function writeAnswer(response: ServerResponse, { status, headers, body }: HttpAnswer, turn: HttpTurn): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, headers as string[]);
  turn.add({ write: () => (body === undefined ? response.end() : response.end(body)) });
}
