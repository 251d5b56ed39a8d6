// From flags, environment, file and defaults to one record of settings, in that order of precedence.

import { readFile } from 'node:fs/promises';
import { UsageError } from './flag-type.ts';
import { environmentName, flagKeys, flagList, flags, type Flag, type FlagKey, type Settings } from './flags.ts';

/** Texts as they were given, by flag: the command line's own form. */
export type GivenTexts = { readonly [Key in FlagKey]?: string | boolean | readonly string[] | undefined };

export interface Sources {
  readonly line: GivenTexts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The YAML file of `--config` or MERIDIAN_CONFIG. */
  readonly file?: string | undefined;
}

/** The file is read whole before it is parsed. */
const configBytesMax = 1024 * 1024;

export interface GivenSettings {
  readonly settings: Settings;
  /** Those that were given somewhere and are not the default by absence. */
  readonly given: ReadonlySet<FlagKey>;
}

export async function settingsFrom(sources: Sources): Promise<GivenSettings> {
  const file = sources.file === undefined ? new Map<string, unknown>() : await readConfig(sources.file);
  const known = new Set(flagList.map((flag) => flag.name));
  for (const name of file.keys())
    if (!known.has(name)) throw new UsageError(`${sources.file}: there is no setting '${printable(name)}'`);
  const values: Partial<Record<FlagKey, unknown>> = {};
  const given = new Set(flagKeys);
  for (const key of flagKeys) {
    const flag: Flag<unknown> = flags[key] as Flag<unknown>;
    const environment = environmentName(flag);
    const inEnvironment = sources.environment[environment];
    if (sources.line[key] !== undefined) values[key] = read(flag, `--${flag.name}`, sources.line[key]);
    else if (inEnvironment !== undefined && inEnvironment !== '')
      values[key] = read(flag, environment, flag.repeatable ? inEnvironment.split(',') : inEnvironment);
    else if (file.has(flag.name)) values[key] = read(flag, `${sources.file}: ${flag.name}`, file.get(flag.name));
    else {
      values[key] = flag.default;
      given.delete(key);
    }
  }
  const settings = values as Settings;
  checkTogether(settings);
  return { settings, given };
}

async function readConfig(path: string): Promise<Map<string, unknown>> {
  let parsed: unknown;
  try {
    const bytes = await readFile(path);
    if (bytes.length > configBytesMax) throw new UsageError(`more than ${configBytesMax} bytes`);
    // Loaded only when there is a file: it takes as long to load as everything else here.
    const { parse } = await import('yaml');
    parsed = parse(bytes.toString('utf8'), { mapAsMap: true, maxAliasCount: 0 });
  } catch (error) {
    throw new UsageError(`--config ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (parsed === null || parsed === undefined) return new Map();
  if (!(parsed instanceof Map)) throw new UsageError(`--config ${path}: must be a mapping of settings`);
  return new Map([...parsed].map(([name, value]: [unknown, unknown]) => [String(name), value]));
}

function read(flag: Flag<unknown>, where: string, given: unknown): unknown {
  if (!flag.repeatable) return readOne(flag, where, given);
  return (Array.isArray(given) ? (given as unknown[]) : [given]).map((one) => readOne(flag, where, one));
}

function readOne(flag: Flag<unknown>, where: string, given: unknown): unknown {
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean')
    throw new UsageError(`${where} must be a single value`);
  try {
    return flag.type.parse(String(given));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const shown = flag.secret === true ? '' : `, not '${printable(String(given))}'`;
    throw new UsageError(`${where} ${error.message}${shown}`);
  }
}

/** Rules between flags. */
function checkTogether(settings: Settings): void {
  if ((settings.tlsCert === undefined) !== (settings.tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key are given together or not at all');
  if (settings.seed !== undefined && settings.clock !== 'manual') throw new UsageError('--seed needs --clock manual');
  const ports = [settings.sqlPort, settings.mongoPort, settings.tablePort, settings.adminPort].filter(
    (port) => port !== 0,
  );
  if (new Set(ports).size < ports.length)
    throw new UsageError('--sql-port, --mongo-port, --table-port and --admin-port must differ');
  const names = settings.accounts.map((account) => account.name);
  if (new Set(names).size < names.length) throw new UsageError('--account names an account twice');
  if (names.includes(defaultAccountName))
    throw new UsageError(`--account: '${defaultAccountName}' is the default account; give its key with --key`);
}

/** Name of account number 1: the emulators'. */
export const defaultAccountName = 'localhost';

/** Text from outside, safe to print on a terminal. */
export function printable(text: string): string {
  const cut = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return cut.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\u{fffd}');
}
