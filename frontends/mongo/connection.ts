// One client's connection: bytes in, frames one after the other, replies out. Requests of a connection run in the
// order they came, each to its end before the next begins, as MongoDB does.
//
// Bounds: what is read ahead while a request runs, what waits to be sent, what all connections together hold of
// frames that are not whole, the time until the first frame is whole, the time a client may take to read.

import type { Socket } from 'node:net';
import { serve } from '../serve.ts';
import { Authentication, type Users } from './authenticate.ts';
import type { Client, Shared } from './call.ts';
import { bytesMaxOf, mongoDoor, type Fate } from './door.ts';
import { encodeMessage, errorBody } from './encode.ts';
import { mongoErrorOf, ProtocolError } from './errors.ts';
import { FrameSplitter } from './frame.ts';

/** Read ahead of a request that is being worked on. */
const readAheadBytesMax = 64 * 1024;

/** Replies waiting in a socket before the next request is looked at. */
const repliesBytesMax = 1024 * 1024;

/** Parts of frames that all connections together may hold; the connection that goes beyond it is closed. */
export const partialBytesMax = 1024 * 1024 * 1024;

/** A client has this long to send its first whole message. */
export const handshakeMsMax = 30_000;

/** A client that reads nothing for so long while replies wait is gone. */
const drainMsMax = 60_000;

/** A client has this long to close after an error that ends its connection. */
const closingMsMax = 1_000;

/** Bytes that the connections of one door hold of frames that are not whole. */
export interface Budget {
  bytes: number;
}

export function openConnection(socket: Socket, number: number, shared: Shared, users: Users, budget: Budget): void {
  const { deployment } = shared;
  const authentication = new Authentication(users, () => deployment.anonymous);
  const client: Client = {
    number,
    authentication,
    appName: undefined,
    destroy: () => socket.destroy(),
    remote: addressText(socket.remoteAddress, socket.remotePort),
    local: addressText(advertisedHost(deployment.advertise) ?? socket.localAddress, socket.localPort),
  };
  const fate: Fate = { closes: false };
  const door = mongoDoor(shared, client, fate);
  const gone = new AbortController();
  const splitter = new FrameSplitter(bytesMaxOf(client));
  const handshake = setTimeout(() => socket.destroy(), handshakeMsMax);
  handshake.unref();
  let held = 0;
  let busy = false;

  /** Tells the budget what is held now. False when it is used up. */
  const account = (): boolean => {
    budget.bytes += splitter.bufferedBytes - held;
    held = splitter.bufferedBytes;
    return budget.bytes <= partialBytesMax;
  };

  const send = (bytes: Uint8Array | undefined): void | Promise<void> => {
    if (bytes === undefined || socket.destroyed) return;
    socket.write(bytes);
    if (socket.writableLength > repliesBytesMax) return drained(socket);
  };

  const work = async (): Promise<void> => {
    busy = true;
    try {
      for (;;) {
        splitter.bytesMax = bytesMaxOf(client);
        const frame = splitter.next();
        account();
        if (frame === undefined) break;
        clearTimeout(handshake);
        await serve(door, frame, send, gone.signal, deployment.observer);
        if (fate.closes) {
          finish(socket);
          return;
        }
      }
    } catch (error) {
      // A length that no message has: nothing after it can be understood.
      fate.closes = true;
      if (error instanceof ProtocolError) finish(socket, encodeMessage(0, 0, errorBody(mongoErrorOf(error)), 0));
      else socket.destroy(error instanceof Error ? error : undefined);
      return;
    }
    busy = false;
    socket.resume();
  };

  socket.on('data', (chunk: Buffer) => {
    if (fate.closes) return;
    // A plain view: Buffer's own methods share memory where Uint8Array's copy.
    splitter.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    if (!account()) {
      socket.destroy();
      return;
    }
    if (!busy) void work();
    else if (splitter.bufferedBytes > readAheadBytesMax) socket.pause();
  });
  socket.on('end', () => gone.abort());
  socket.on('close', () => {
    gone.abort();
    clearTimeout(handshake);
    budget.bytes -= held;
    held = 0;
    fate.closes = true;
  });
}

/** Says the last word; a client that does not hang up then is hung up on. */
function finish(socket: Socket, bytes?: Uint8Array): void {
  if (bytes !== undefined) socket.write(bytes);
  socket.end();
  setTimeout(() => socket.destroy(), closingMsMax).unref();
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const tooSlow = setTimeout(() => socket.destroy(), drainMsMax);
    tooSlow.unref();
    const done = (): void => {
      clearTimeout(tooSlow);
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** `host:port`, IPv6 in brackets, IPv4 that came through an IPv6 socket as itself. */
function addressText(host: string | undefined, port: number | undefined): string {
  const plain = (host ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  return `${plain.includes(':') && !plain.startsWith('[') ? `[${plain}]` : plain}:${port ?? 0}`;
}

function advertisedHost(advertise: string | undefined): string | undefined {
  return advertise !== undefined && URL.canParse(advertise) ? new URL(advertise).hostname : undefined;
}
