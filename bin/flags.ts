// The one table of what can be configured. The command line, the environment, the file, `--help`,
// docs/configuration.md and the shell completions all come from it.

import {
  accountKey,
  choice,
  grant,
  httpUrl,
  integer,
  issuer,
  named,
  namedKey,
  port,
  toggle,
  type FlagType,
} from './flag-type.ts';

/** Partitions one container may be made with (`partitionsMax` of the catalog). */
const partitionsMax = 256;

interface FlagWords {
  /** Long name on the command line without dashes; also the key in the file. */
  readonly name: string;
  readonly help: string;
  /** True when its value must never be printed. */
  readonly secret?: boolean | undefined;
}

export interface SingleFlag<Value> extends FlagWords {
  readonly type: FlagType<Value>;
  readonly repeatable: false;
  readonly default: Value;
}

/** Given several times; a list in the file; separated by commas in the environment. */
export interface RepeatableFlag<Value> extends FlagWords {
  readonly type: FlagType<Value>;
  readonly repeatable: true;
  readonly default: readonly Value[];
}

export type Flag<Value> = SingleFlag<Value> | RepeatableFlag<Value>;

type Wide<Value> = Value extends number ? number : Value extends boolean ? boolean : Value;

function flag<Value>(type: FlagType<Value>, fallback: Wide<Value>, words: FlagWords): SingleFlag<Wide<Value>> {
  return { type: type as unknown as FlagType<Wide<Value>>, default: fallback, repeatable: false, ...words };
}

/** A flag that may be absent. */
function optional<Value>(type: FlagType<Value>, words: FlagWords): SingleFlag<Value | undefined> {
  return { type, default: undefined, repeatable: false, ...words };
}

function repeatable<Value>(type: FlagType<Value>, words: FlagWords): RepeatableFlag<Value> {
  return { type, default: [], repeatable: true, ...words };
}

export const consistencyLevels = ['Strong', 'BoundedStaleness', 'Session', 'ConsistentPrefix', 'Eventual'] as const;
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

export const flags = {
  data: flag(named('DIR'), './data', { name: 'data', help: 'data directory; made when absent' }),
  memory: flag(toggle, false, { name: 'memory', help: 'keep everything in memory and forget it at the end' }),
  host: flag(named('ADDRESS'), '127.0.0.1', {
    name: 'host',
    help: 'address to listen on; any but loopback needs keys of your own',
  }),
  sqlPort: flag(port, 8081, { name: 'sql-port', help: 'port of the Cosmos DB NoSQL door (0 = any free port)' }),
  mongoPort: flag(port, 27_017, { name: 'mongo-port', help: 'port of the MongoDB door (0 = any free port)' }),
  tablePort: flag(port, 10_002, { name: 'table-port', help: 'port of the Azure Tables door (0 = any free port)' }),
  adminPort: flag(port, 8079, {
    name: 'admin-port',
    help: 'port of health, metrics and administration (0 = any free port)',
  }),
  advertise: optional(httpUrl, {
    name: 'advertise',
    help: 'base URL told to Cosmos DB clients instead of the address they used',
  }),
  addresses: flag(choice(['exact', 'gateway']), 'exact', {
    name: 'addresses',
    help: 'exact: any id of an item can be addressed; gateway: refuse those that Azure’s routing gateway refuses',
  }),
  key: optional(accountKey, {
    name: 'key',
    secret: true,
    help: 'master key of the default account; the emulators’ public key when absent',
  }),
  auth: flag(toggle, false, {
    name: 'auth',
    help: 'always ask MongoDB clients for credentials, also on loopback with the well-known key',
  }),
  accounts: repeatable(namedKey, {
    name: 'account',
    secret: true,
    help: 'one more account with its master key; may be repeated',
  }),
  issuers: repeatable(issuer, {
    name: 'issuer',
    help: 'trust bearer tokens of this issuer: KEYS is an https address, a file (JWKS or PEM), or a JWKS; may be repeated',
  }),
  audiences: repeatable(named('TEXT'), {
    name: 'audience',
    help:
      'audience that bearer tokens must be for; when absent https://cosmos.azure.com, and on the table port also ' +
      'https://storage.azure.com and the accounts; may be repeated',
  }),
  clockTolerance: flag(integer('SECONDS', 0, 900), 300, {
    name: 'clock-tolerance',
    help: 'how far the clock of an issuer may be from ours',
  }),
  grants: repeatable(grant, {
    name: 'grant',
    help:
      'give a principal (object, group or role of a bearer token) a role: reader, contributor, table-reader, ' +
      'table-contributor or an id; may be repeated',
  }),
  partitions: flag(integer('N', 1, partitionsMax), 1, {
    name: 'partitions',
    help: 'physical partitions of a new container that does not say',
  }),
  consistency: flag(choice(consistencyLevels, 'LEVEL'), 'Session', {
    name: 'consistency',
    help: `default consistency level of the accounts: ${consistencyLevels.join(', ')}`,
  }),
  enforceThroughput: flag(toggle, false, {
    name: 'enforce-throughput',
    help: 'hold containers and databases to their provisioned throughput: requests beyond it get 429',
  }),
  durability: flag(choice(['full', 'relaxed']), 'full', {
    name: 'durability',
    help: 'full: acknowledged writes survive power loss; relaxed: the last 50 ms of them may be lost with the machine',
  }),
  indexMemory: flag(integer('MIB', 1, 65_536), 64, {
    name: 'index-memory',
    help: 'memory for index entries of recent writes, in MiB; when it is full they are written to segment files',
  }),
  clock: flag(choice(['system', 'manual']), 'system', {
    name: 'clock',
    help: 'manual: time stands still until POST /clock/advance',
  }),
  seed: optional(integer('N', 0, Number.MAX_SAFE_INTEGER), {
    name: 'seed',
    help: 'with --clock manual: start the clock at a fixed time made from N, so that runs repeat exactly',
  }),
  tlsCert: optional(named('FILE'), {
    name: 'tls-cert',
    help: 'PEM certificate chain to serve instead of the generated one; needs --tls-key',
  }),
  tlsKey: optional(named('FILE'), { name: 'tls-key', help: 'PEM private key of --tls-cert' }),
  tlsOnly: flag(toggle, false, {
    name: 'tls-only',
    help: 'refuse connections without TLS on every port',
  }),
  log: flag(choice(['pretty', 'json']), 'pretty', { name: 'log', help: 'form of the log lines on standard error' }),
  logLevel: flag(choice(logLevels, 'LEVEL'), 'info', {
    name: 'log-level',
    help: `least severity that is logged: ${logLevels.join(', ')}`,
  }),
  readyFile: optional(named('FILE'), {
    name: 'ready-file',
    help: 'file written once everything answers, as JSON with every address; removed at the end',
  }),
  enableTestCommands: flag(toggle, false, {
    name: 'enable-test-commands',
    help: 'allow fail points and POST /reset on a data directory',
  }),
};

export type FlagTable = typeof flags;
export type FlagKey = keyof FlagTable;

type Held<Kind> =
  Kind extends RepeatableFlag<infer Value> ? readonly Value[] : Kind extends SingleFlag<infer Value> ? Value : never;

/** Every flag with its value. */
export type Settings = { readonly [Key in FlagKey]: Held<FlagTable[Key]> };

export const flagKeys = Object.keys(flags) as FlagKey[];

/** The table without the types of its values: for those who walk over it. */
export const flagList: readonly (Flag<unknown> & { readonly key: FlagKey })[] = flagKeys.map((key) => ({
  ...(flags[key] as Flag<unknown>),
  key,
}));

export function environmentName(flag: FlagWords): string {
  return `MERIDIAN_${flag.name.toUpperCase().replaceAll('-', '_')}`;
}

/** What the command line and the help show: `--sql-port <PORT>`. */
export function optionWords(flag: Flag<unknown>): string {
  return flag.type.placeholder === undefined ? `--${flag.name}` : `--${flag.name} <${flag.type.placeholder}>`;
}

/** The default as the help and the documentation show it; undefined when there is none to show. */
export function defaultWords(flag: Flag<unknown>): string | undefined {
  if (flag.repeatable || flag.default === undefined || flag.default === false) return undefined;
  return String(flag.default);
}
