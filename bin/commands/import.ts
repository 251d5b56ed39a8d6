// `meridian import cosmos://…`: copies an account, a database or a container from any endpoint that speaks the Cosmos
// DB NoSQL protocol into a server that runs. Stopped by a signal or a fault it goes on when it is run again; run again
// after its end it copies what changed since. Keys come from files or the environment, never from the command line.

import { readFile } from 'node:fs/promises';
import { AccountClient } from '../../jobs/cosmos-import/account-client.ts';
import { parseSourceAddress } from '../../jobs/cosmos-import/address.ts';
import { importAccount, type ImportReport, type PlannedContainer } from '../../jobs/cosmos-import/import-account.ts';
import { StateFile } from '../../jobs/cosmos-import/state.ts';
import { DatabaseError } from '../../model/errors.ts';
import { wellKnownKey } from '../accounts.ts';
import { isLoopback } from '../address.ts';
import type { Command, CommandCall } from '../commands.ts';
import { accountKey, httpUrl, integer, UsageError, type FlagType } from '../flag-type.ts';
import { progressBar, type Progress } from '../progress.ts';

const defaultTarget = 'http://127.0.0.1:8081';
const defaultStatePath = 'import-state.json';
const parallelDefault = 4;
const parallelMax = 64;

/** Exit code of a program that a signal ended. */
const exitInterrupted = 130;

export const importFromCosmos: Command = async (call) => {
  const { argument, json, write, options } = call;
  const address = parsedAddress(argument ?? '');
  const into = new URL(`${parsed('into', httpUrl, textOf(call, 'into') ?? defaultTarget)}/`);
  const parallel = Number(
    parsed('parallel', integer('N', 1, parallelMax), textOf(call, 'parallel') ?? String(parallelDefault)),
  );
  const sourceKey = await keyOf(call, 'key-file', 'MERIDIAN_SOURCE_KEY', address.endpoint);
  const dryRun = options['dry-run'] === true;
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const ca = textOf(call, 'ca');
  const shared = {
    authorityPem: ca === undefined ? undefined : await fileOf('ca', ca),
    connections: parallel * 4,
    signal: stop.signal,
  };
  const source = new AccountClient({ ...shared, endpoint: address.endpoint, key: sourceKey });
  const target = new AccountClient({
    ...shared,
    endpoint: into,
    key: dryRun ? '' : await keyOf(call, 'into-key-file', 'MERIDIAN_KEY', into),
  });
  let progress: Progress | undefined;
  let plan: readonly PlannedContainer[] = [];
  try {
    const statePath = dryRun ? undefined : (textOf(call, 'state') ?? defaultStatePath);
    const state = await StateFile.open(statePath, withoutSlash(address.endpoint), withoutSlash(into));
    const report = await importAccount({
      source,
      target,
      address,
      state,
      parallel,
      signal: stop.signal,
      onPlan: (containers) => {
        plan = containers;
        if (!dryRun) progress = progressBar('items', totalOf(containers));
        return !dryRun;
      },
      onItems: (done) => progress?.update(done),
    });
    progress?.stop();
    if (dryRun) write(json ? jsonOf({ plan }) : planText(plan));
    else write(json ? jsonOf(report) : reportText(report));
    return 0;
  } catch (error) {
    progress?.stop();
    if (!stop.signal.aborted) throw error;
    process.stderr.write('meridian: stopped; run the same command again to go on\n');
    return exitInterrupted;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    source.close();
    target.close();
  }
};

function textOf({ options }: CommandCall, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

function parsed<Value>(name: string, type: FlagType<Value>, text: string): Value {
  try {
    return type.parse(text);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`--${name} ${error.message}`);
    throw error;
  }
}

function parsedAddress(text: string): ReturnType<typeof parseSourceAddress> {
  try {
    return parseSourceAddress(text);
  } catch (error) {
    if (error instanceof DatabaseError) throw new UsageError(error.message);
    throw error;
  }
}

/** From the file that was named, the environment, or, on this machine alone, the key that everybody knows. */
async function keyOf(call: CommandCall, option: string, variable: string, endpoint: URL): Promise<string> {
  const path = textOf(call, option);
  const text = path === undefined ? process.env[variable] : (await fileOf(option, path)).trim();
  if (text !== undefined && text !== '') return parsed(option, accountKey, text);
  if (isLoopback(endpoint.hostname.replace(/^\[|\]$/g, ''))) return wellKnownKey;
  throw new UsageError(`there is no key for ${endpoint.host}: give it by --${option} or ${variable}`);
}

async function fileOf(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new UsageError(`--${option} ${path} cannot be read`);
  }
}

function withoutSlash({ href }: URL): string {
  return href.replace(/\/$/, '');
}

function totalOf(containers: readonly PlannedContainer[]): number | undefined {
  return containers.reduce<number | undefined>(
    (sum, { items }) => (sum === undefined || items === undefined ? undefined : sum + items),
    0,
  );
}

function jsonOf(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function planText(containers: readonly PlannedContainer[]): string {
  const lines = containers.map(
    ({ database, container, items }) => `${database}/${container}  ${items ?? 'an unknown number of'} items`,
  );
  return `${[...lines, `${containers.length} containers would be copied`].join('\n')}\n`;
}

function reportText({ containers, left }: ImportReport): string {
  const lines = containers.map(
    ({ database, container, items, scripts }) =>
      `${database}/${container}  ${items} items${scripts === 0 ? '' : `, ${scripts} scripts`}`,
  );
  return `${[...lines, ...left.map((what) => `left out: ${what}`), `${containers.length} containers copied`].join('\n')}\n`;
}
