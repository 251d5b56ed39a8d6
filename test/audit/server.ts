// A Meridian server as its own process, for tests that kill it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../bin/meridian.mjs', import.meta.url));

/** A server that is not ready by then has failed. */
const readyMsMax = 30_000;

export interface ReadyFile {
  readonly sql: string;
  readonly mongo: string;
  readonly table: string;
  readonly admin: string;
}

export class ServerProcess {
  readonly ready: ReadyFile;
  readonly process: ChildProcess;
  readonly #output: string[];

  private constructor(process: ChildProcess, ready: ReadyFile, output: string[]) {
    this.process = process;
    this.ready = ready;
    this.#output = output;
  }

  /** Starts on free ports and waits for the ready file. */
  static async start(args: readonly string[]): Promise<ServerProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'meridian-ready-'));
    const readyFile = join(directory, 'ready.json');
    const output: string[] = [];
    const child = spawn(
      process.execPath,
      [
        entry,
        'start',
        '--sql-port',
        '0',
        '--mongo-port',
        '0',
        '--table-port',
        '0',
        '--admin-port',
        '0',
        '--ready-file',
        readyFile,
        ...args,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    const deadline = Date.now() + readyMsMax;
    for (;;) {
      const text = await readFile(readyFile, 'utf8').catch(() => undefined);
      if (text !== undefined) {
        await rm(directory, { recursive: true, force: true });
        return new ServerProcess(child, JSON.parse(text) as ReadyFile, output);
      }
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL');
        throw new Error(`the server did not become ready:\n${output.join('')}`);
      }
      await delay(10);
    }
  }

  get output(): string {
    return this.#output.join('');
  }

  async kill(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }

  /** Ends it in the ordinary way; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
    return this.process.exitCode;
  }
}

/** Runs a command of the program to its end. */
export async function runCommand(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  await once(child, 'exit');
  return { code: child.exitCode, output: output.join('') };
}
