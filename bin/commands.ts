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
  /** The command's own options that were given, by name. */
  readonly options: Readonly<Record<string, string | true | undefined>>;
  /** `--json`: for programs to read. */
  readonly json: boolean;
  /** Writes to standard output. */
  readonly write: (text: string) => void;
}

/** Runs to the end and gives the exit code. */
export type Command = (call: CommandCall) => Promise<number>;

/** What one command alone takes. Never a secret: the environment and files are for those. */
export interface CommandOption {
  readonly name: string;
  /** Absent for a switch. */
  readonly placeholder?: string | undefined;
  readonly help: string;
}

export interface CommandRow {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly FlagKey[];
  /** Takes `--json`. */
  readonly json?: boolean | undefined;
  /** One argument that must be given, and what it may be; anything when it has no choices. */
  readonly argument?: { readonly name: string; readonly choices?: readonly string[] | undefined } | undefined;
  readonly options?: readonly CommandOption[] | undefined;
  readonly load: () => Promise<Command>;
}

const connectionFlags: readonly FlagKey[] = [
  'host',
  'sqlPort',
  'mongoPort',
  'tablePort',
  'adminPort',
  'advertise',
  'tlsOnly',
  'key',
  'accounts',
  'auth',
];

const importOptions: readonly CommandOption[] = [
  { name: 'into', placeholder: 'URL', help: 'the server to copy into (default: http://127.0.0.1:8081)' },
  { name: 'key-file', placeholder: 'FILE', help: 'file with the source’s key (or env: MERIDIAN_SOURCE_KEY)' },
  {
    name: 'into-key-file',
    placeholder: 'FILE',
    help: 'file with the key of the server to copy into (or env: MERIDIAN_KEY; the emulators’ public key when absent)',
  },
  {
    name: 'ca',
    placeholder: 'FILE',
    help: 'PEM of an authority to trust, for accounts with a certificate of their own',
  },
  {
    name: 'state',
    placeholder: 'FILE',
    help: 'keep what is done in it, and go on from there (default: import-state.json)',
  },
  { name: 'parallel', placeholder: 'N', help: 'ranges read at once (default: 4)' },
  { name: 'dry-run', help: 'only say what would be copied' },
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
    name: 'import',
    help: 'copy a Cosmos DB account, database or container into a server that runs: cosmos://HOST[:PORT][/DATABASE[/CONTAINER]]',
    flags: [],
    json: true,
    argument: { name: 'SOURCE' },
    options: importOptions,
    load: async () => (await import('./commands/import.ts')).importFromCosmos,
  },
  {
    name: 'completion',
    help: 'print a completion script for a shell',
    flags: [],
    argument: { name: 'shell', choices: ['bash', 'zsh', 'fish'] },
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];
