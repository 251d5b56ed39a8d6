// One real nats-server process that a test may kill, stop and start again on the same port and files.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class NatsServer {
  readonly port: number;
  readonly #directory: string;
  #child: ChildProcess | undefined;

  constructor(directory: string, port: number) {
    this.#directory = directory;
    this.port = port;
  }

  static async start(): Promise<NatsServer> {
    const root = process.env['MERIDIAN_CLUSTER_DIR'] ?? tmpdir();
    await mkdir(root, { recursive: true });
    const directory = await mkdtemp(join(root, 'nats-'));
    const port = await freePort();
    const config = [
      `listen: "127.0.0.1:${port}"`,
      'max_payload: 8MB',
      `jetstream { store_dir: "${join(directory, 'store')}", sync_interval: always }`,
    ];
    await writeFile(join(directory, 'server.conf'), config.join('\n'));
    const server = new NatsServer(directory, port);
    await server.run();
    return server;
  }

  get url(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts the process and resolves when it is ready. */
  async run(): Promise<void> {
    const pidFile = join(this.#directory, 'server.pid');
    const child = spawn(
      process.env['NATS_SERVER'] ?? 'nats-server',
      ['-c', join(this.#directory, 'server.conf'), '-P', pidFile],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.#child = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr!.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-20_000);
        if (log.includes('Server is ready')) resolve();
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`nats-server ended with ${code}: ${log}`)));
    });
  }

  /** The process dies at once, as in a crash; its files stay. */
  async kill(): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** The process stands still, its sockets open. */
  freeze(): void {
    this.#child!.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child!.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
