// Meridian inside a Node.js process, for tests and tools: `const m = await Meridian.start({ memory: true })`. Ports
// are free ones unless they are given, several may run at once, and nothing is done to the process itself: no
// signal handlers, no exit, no output.

import { UsageError } from './flag-type.ts';
import { flagKeys, type FlagKey, type Settings } from './flags.ts';
import { openLog } from './log.ts';
import { startServer, type Endpoints, type RunningServer } from './server.ts';
import { settingsFrom } from './settings.ts';
import { doorRows, type DoorName } from './doors.ts';

export type { Endpoints } from './server.ts';
export { UsageError } from './flag-type.ts';
export { DatabaseError } from '../model/errors.ts';

/** Any setting of the command line, by the names of docs/configuration.md in camel case. */
export type MeridianOptions = { readonly [Key in FlagKey]?: Settings[Key] | undefined };

/** How long a stop waits for requests under way: tests end their clients first. */
const graceMsEmbedded = 1_000;

export class Meridian {
  readonly #server: RunningServer;

  private constructor(server: RunningServer) {
    this.#server = server;
  }

  /** Resolves when a write and a read went through every door. In memory unless `data` names a directory. */
  static async start(options: MeridianOptions = {}): Promise<Meridian> {
    const settings = await settingsOf(options);
    return new Meridian(await startServer(settings, { log: openLog(settings) }));
  }

  /** Base URL by door. */
  get endpoints(): Endpoints {
    return this.#server.endpoints;
  }

  /** Master key of the default account. */
  get key(): string {
    return this.#server.deployment.accounts[0]!.keys.primary;
  }

  /** What a client is given, by door; of the default account unless another is named. */
  connectionStrings(accountId?: string): { readonly [Name in DoorName]?: string } {
    const { deployment, authorities } = this.#server;
    const account = deployment.accounts.find(({ id }) => accountId === undefined || id === accountId);
    if (account === undefined) throw new UsageError(`there is no account '${accountId}'`);
    const anonymous = deployment.anonymous && account === deployment.accounts[0];
    const key = account.keys.primary;
    const { advertise, tlsOnly = false } = deployment;
    const target = { account: account.id, key, anonymous, advertise, tlsOnly };
    return Object.fromEntries(
      doorRows.flatMap((row) => {
        const authority = authorities.get(row.name);
        return authority === undefined ? [] : [[row.name, row.connectionStringOf({ ...target, authority })]];
      }),
    );
  }

  /** PEM of the authority to trust when a client connects with TLS. */
  get authorityPem(): string {
    return this.#server.deployment.authorityPem;
  }

  /** Drops every database of every account. */
  async reset(): Promise<void> {
    for (const { engine, number } of this.#server.deployment.accounts) {
      const context = { account: number };
      const databases = await engine.execute({ kind: 'list-databases' }, context);
      await Promise.all(databases.map(({ id }) => engine.execute({ kind: 'delete-database', id }, context)));
    }
  }

  /** Moves the clock of an instance started with `clock: 'manual'`. */
  advanceClock(milliseconds: number): void {
    const { advance } = this.#server.clock;
    if (advance === undefined) throw new UsageError("the clock is the system's: start with clock: 'manual'");
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0)
      throw new UsageError('the clock moves on by a whole number of milliseconds');
    advance(milliseconds);
  }

  /** Closes the doors, waits for the writes under way, and lets the data directory go. */
  stop(): Promise<void> {
    return this.#server.stop(graceMsEmbedded);
  }
}

/** The same reading and the same rules as for the command line. */
async function settingsOf(options: MeridianOptions): Promise<Settings> {
  const wanted: MeridianOptions = {
    sqlPort: 0,
    mongoPort: 0,
    tablePort: 0,
    adminPort: 0,
    logLevel: 'silent',
    memory: options.data === undefined,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
  const line: Partial<Record<FlagKey, string | readonly string[]>> = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (!flagKeys.includes(name as FlagKey)) throw new UsageError(`there is no option '${name}'`);
    line[name as FlagKey] = Array.isArray(value) ? value.map(textOfListed) : String(value);
  }
  return (await settingsFrom({ line, environment: {} })).settings;
}

type Listed = Settings[Extract<FlagKey, 'accounts' | 'issuers' | 'audiences' | 'grants'>][number];

/** What a repeatable flag holds, as the command line says it. */
function textOfListed(value: Listed): string {
  if (typeof value === 'string') return value;
  if ('principal' in value) return `${value.principal}=${value.role}@${value.scope}`;
  return `${value.name}=${'keys' in value ? value.keys : value.key}`;
}
