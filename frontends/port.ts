// One TCP port that speaks plain and TLS: the first byte of a connection decides (0x16 opens a TLS handshake,
// RFC 8446 §5.1; no protocol of ours begins with it). Connections are counted and bounded here for every door.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';

const tlsHandshakeByte = 0x16;

/** Connections one port holds at once; the next is closed at accept. */
export const connectionsMax = 10_000;

/** A connection that sends nothing after connecting is closed. */
const firstByteMsMax = 30_000;

export interface PortOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Absent: TLS handshakes are closed. A function, so that renewed certificates are used at once. */
  readonly secureContext?: (() => SecureContext) | undefined;
  /** True: connections that do not open with a TLS handshake are closed unread. */
  readonly tlsOnly?: boolean | undefined;
  /** Takes a connection whose bytes are plain from here on. */
  readonly onConnection: (socket: Socket, encrypted: boolean) => void;
  /** Asks a connection to end because the port closes; absent: it is ended at once, whatever is under way on it. */
  readonly onClosing?: ((socket: Socket) => void) | undefined;
}

export interface Port {
  readonly address: AddressInfo;
  /** Stops accepting, and closes connections when `graceMs` has passed. */
  close(graceMs: number): Promise<void>;
  readonly connections: number;
  /** Connections taken since it opened: few, when clients pool theirs. */
  readonly accepted: number;
}

function endNow(socket: Socket): void {
  socket.end();
}

export async function openPort(options: PortOptions): Promise<Port> {
  const open = new Set<Socket>();
  let accepted = 0;
  const server: Server = createServer({ pauseOnConnect: false, noDelay: true }, (socket) => {
    if (open.size >= connectionsMax) {
      socket.destroy();
      return;
    }
    open.add(socket);
    accepted++;
    socket.on('close', () => open.delete(socket));
    // A reset by the peer is an everyday event; whoever owns the connection sees its close.
    socket.on('error', () => socket.destroy());
    const idle = setTimeout(() => socket.destroy(), firstByteMsMax);
    socket.once('close', () => clearTimeout(idle));
    socket.once('data', (chunk: Buffer) => {
      clearTimeout(idle);
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] !== tlsHandshakeByte) {
        if (options.tlsOnly === true) {
          socket.destroy();
          return;
        }
        options.onConnection(socket, false);
        process.nextTick(() => socket.resume());
        return;
      }
      if (options.secureContext === undefined) {
        socket.destroy();
        return;
      }
      const secure = new TLSSocket(socket, {
        isServer: true,
        secureContext: options.secureContext(),
        // In our order; whoever offers h2 alone is told in its own words that it must come with HTTP/1.1.
        ALPNProtocols: ['http/1.1', 'h2'],
      });
      secure.on('error', () => secure.destroy());
      options.onConnection(secure, true);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    address: server.address() as AddressInfo,
    get connections() {
      return open.size;
    },
    get accepted() {
      return accepted;
    },
    close: (graceMs) =>
      new Promise((resolve) => {
        const force = setTimeout(() => open.forEach((socket) => socket.destroy()), graceMs);
        server.close(() => {
          clearTimeout(force);
          resolve();
        });
        for (const socket of open) (options.onClosing ?? endNow)(socket);
      }),
  };
}
