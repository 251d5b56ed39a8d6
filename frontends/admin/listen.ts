// The admin door: health, status, metrics, and what test suites need (reset, clock). HTTP on the shared
// plain-or-TLS port, routed by Express because it is on no hot path.
//
// Bounds: bodies of 64 KB, headers of 16 KB, and a client has 5 s to send a request.

import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import { createServer } from 'node:http';
import { TLSSocket } from 'node:tls';
import { DatabaseError } from '../../model/errors.ts';
import type { Deployment, ListenOptions, OpenDoor } from '../deployment.ts';
import { openPort } from '../port.ts';
import { serve } from '../serve.ts';
import { adminDoor, type AdminDoor } from './door.ts';
import type { AdminOutput } from './encode.ts';
import type { AdminSources } from './sources.ts';
import { surface, type Route } from './surface.ts';

const requestMsMax = 5_000;
/** How often that is looked at. */
const checkEveryMs = 500;

const headersBytesMax = 16 * 1024;
const bodyBytesMax = 64 * 1024;

/** How often connections without a request under way are looked for while the door closes. */
const idleCheckEveryMs = 50;

export async function openAdminDoor(
  deployment: Deployment,
  listen: ListenOptions,
  sources: AdminSources,
): Promise<OpenDoor> {
  const door = adminDoor(deployment, sources);
  const server = createServer(
    {
      headersTimeout: requestMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: checkEveryMs,
      maxHeaderSize: headersBytesMax,
    },
    routesOf(door, deployment),
  );
  // Node starts enforcing its time-outs, and telling idle connections from busy ones, when a server listens; this
  // one is handed its connections.
  server.emit('listening');
  const port = await openPort({
    host: listen.host,
    port: listen.port,
    secureContext: deployment.secureContext,
    tlsOnly: deployment.tlsOnly,
    onConnection: (socket) => server.emit('connection', socket),
    // Those in the middle of a request end with it, below.
    onClosing: () => undefined,
  });
  return {
    protocol: door.protocol,
    host: listen.host,
    port: port.address.port,
    connections: () => ({ open: port.connections, accepted: port.accepted }),
    close: async (graceMs) => {
      const idle = setInterval(() => server.closeIdleConnections(), idleCheckEveryMs);
      server.closeIdleConnections();
      await port.close(graceMs);
      clearInterval(idle);
      server.closeAllConnections();
      server.close();
    },
  };
}

function routesOf(door: AdminDoor, deployment: Deployment): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(express.raw({ type: () => true, limit: bodyBytesMax }));
  for (const route of surface) app[route.method](route.path, handlerOf(door, deployment, route));
  app.use(handlerOf(door, deployment, undefined));
  const onBodyFault: ErrorRequestHandler = (error: unknown, request, response, _next) =>
    handlerOf(door, deployment, undefined, bodyFaultOf(error))(request, response, _next);
  app.use(onBodyFault);
  return app;
}

function handlerOf(
  door: AdminDoor,
  deployment: Deployment,
  route: Route | undefined,
  bodyFault?: DatabaseError,
): RequestHandler {
  return async (request, response) => {
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    const body: unknown = request.body;
    const input = {
      route,
      url: request.originalUrl,
      headers: request.headers,
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      bodyFault,
      encrypted: request.socket instanceof TLSSocket,
    };
    await serve(door, input, (output) => send(response, output), closed.signal, deployment.observer);
  };
}

function send(response: Response, { status, headers, body }: AdminOutput): void {
  if (response.headersSent) return;
  response.writeHead(status, headers);
  response.end(body);
}

/** What Express says of a body it did not take. */
function bodyFaultOf(error: unknown): DatabaseError {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  if (status === 413)
    return new DatabaseError('TooLarge', `a body has at most ${bodyBytesMax} bytes`, { argument: 'body' });
  if (typeof status === 'number' && status < 500)
    return new DatabaseError('BadRequest', 'the request cannot be read', { argument: 'body' });
  return new DatabaseError('Internal', 'the request could not be read', { cause: error });
}
