// The commands, on one page. Each is a module of its own that is loaded when it runs, so that none slows another.

import type { FlagKey, Settings } from './flags.ts';
import { flagKeys } from './flags.ts';

export interface CommandCall {
  readonly settings: Settings;
  /** Reads the settings again from where they came. */
  readonly reread: () => Promise<Settings>;
  /** Settings that were given and not left at their default. */
  readonly given: ReadonlySet<FlagKey>;
  readonly argument: string | undefined;
  /** `--json`: for programs to read. */
  readonly json: boolean;
  /** Writes to standard output. */
  readonly write: (text: string) => void;
}

/** Runs to the end and gives the exit code. */
export type Command = (call: CommandCall) => Promise<number>;

export interface CommandRow {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly FlagKey[];
  /** Takes `--json`. */
  readonly json?: boolean | undefined;
  /** One argument that must be given, and what it may be. */
  readonly argument?: { readonly name: string; readonly choices: readonly string[] } | undefined;
  readonly load: () => Promise<Command>;
}

const connectionFlags: readonly FlagKey[] = [
  'host',
  'sqlPort',
  'mongoPort',
  'adminPort',
  'advertise',
  'tlsOnly',
  'key',
  'accounts',
  'auth',
];

export const commandRows: readonly CommandRow[] = [
  {
    name: 'start',
    help: 'start the server (the default)',
    flags: flagKeys,
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    name: 'demo',
    help: 'start the server, in memory unless --data is given, with real data in it',
    flags: flagKeys,
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'check',
    help: 'verify a stopped data directory: checksums, log chain, catalog, every item',
    flags: ['data'],
    json: true,
    load: async () => (await import('./commands/check.ts')).check,
  },
  {
    name: 'doctor',
    help: 'look for what would keep the server from starting or being fast',
    flags: ['data', ...connectionFlags],
    json: true,
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'connection-strings',
    help: 'print what clients need to connect, keys included',
    flags: ['data', 'memory', ...connectionFlags],
    json: true,
    load: async () => (await import('./commands/connection-strings.ts')).printConnectionStrings,
  },
  {
    name: 'cert',
    help: 'export: print the certificate authority for clients to trust, as PEM',
    flags: ['data', 'host', 'advertise', 'tlsCert', 'tlsKey'],
    argument: { name: 'action', choices: ['export'] },
    load: async () => (await import('./commands/cert.ts')).cert,
  },
  {
    name: 'completion',
    help: 'print a completion script for a shell',
    flags: [],
    argument: { name: 'shell', choices: ['bash', 'zsh', 'fish'] },
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];
