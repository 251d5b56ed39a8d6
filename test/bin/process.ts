// Runs the program itself, as a person would, and watches what it says and how it ends.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../bin/meridian.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly errors: string;
}

export interface Running {
  readonly process: ChildProcess;
  /** The first line of standard output; throws with what was said when the process ends before. */
  firstLine(): Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Environment without anything of ours that the caller's shell may hold. */
function cleanEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('MERIDIAN_'));
  return { ...Object.fromEntries(kept), ...extra };
}

export function meridian(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(child, 'close').then(([code, signal]): Ended => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    out,
    errors,
  }));
  return {
    process: child,
    ended,
    firstLine: () =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const end = out.indexOf('\n');
          if (end >= 0) resolve(out.slice(0, end));
        };
        look();
        child.stdout.on('data', look);
        void ended.then((end) => reject(new Error(`ended with ${end.code}: ${end.out}${end.errors}`)));
      }),
  };
}

/** Runs to the end. */
export function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return meridian(args, environment).ended;
}

const freePorts = ['--sql-port', '0', '--mongo-port', '0', '--table-port', '0', '--admin-port', '0', '--log', 'json'];

/** Starts a server on free ports and waits until it is ready. */
export async function startProcess(
  args: readonly string[],
): Promise<Running & { readonly endpoints: Record<'sql' | 'mongo' | 'admin', string> }> {
  const running = meridian(['start', ...freePorts, ...args]);
  const endpoints = JSON.parse(await running.firstLine()) as Record<'sql' | 'mongo' | 'admin', string>;
  return { ...running, endpoints };
}
