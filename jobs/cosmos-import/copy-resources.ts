// Copies what stands around items: databases with their throughput and encryption keys, containers with their
// policies, throughput and scripts. What exists at the target already is left as it is.

import { DatabaseError } from '../../model/errors.ts';
import type { PartitionKeyDefinition } from '../../model/partition-key.ts';
import type { AccountClient } from './account-client.ts';

/** A resource as an account shows it. */
export interface Resource {
  readonly id: string;
  readonly _rid: string;
  readonly [name: string]: unknown;
}

export interface ContainerResource extends Resource {
  readonly partitionKey?: Partial<PartitionKeyDefinition> | undefined;
}

interface Offer {
  readonly offerResourceId?: string | undefined;
  readonly content?: {
    readonly offerThroughput?: number | undefined;
    readonly offerAutopilotSettings?: { readonly maxThroughput?: number | undefined } | undefined;
  };
}

/** Headers that give a new resource its throughput, by the `_rid` of the one that has it. */
export type Throughputs = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Feeds of scripts, and the lists in their pages. */
const scriptFeeds = [
  ['sprocs', 'StoredProcedures'],
  ['triggers', 'Triggers'],
  ['udfs', 'UserDefinedFunctions'],
] as const;

/** An account without that kind of resource, or whose key may not see it. */
const unavailable = [403, 404, 405, 501];

/** Accounts without provisioned throughput have no offers, and refuse to be asked. */
export async function throughputsOf(source: AccountClient): Promise<Throughputs> {
  const offers = await source.list<Offer>(['offers'], 'Offers', [400, ...unavailable]);
  const found = new Map<string, Readonly<Record<string, string>>>();
  for (const { offerResourceId, content } of offers) {
    if (offerResourceId === undefined) continue;
    const maxThroughput = content?.offerAutopilotSettings?.maxThroughput;
    if (maxThroughput !== undefined)
      found.set(offerResourceId, { 'x-ms-cosmos-offer-autopilot-settings': JSON.stringify({ maxThroughput }) });
    else if (content?.offerThroughput !== undefined)
      found.set(offerResourceId, { 'x-ms-offer-throughput': String(content.offerThroughput) });
  }
  return found;
}

/** The resource as its owner wrote it: without what the account added. */
export function definitionOf(resource: Resource): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => !name.startsWith('_') && name !== 'statistics'),
  );
}

export async function createDatabase(
  target: AccountClient,
  database: Resource,
  throughputs: Throughputs,
): Promise<void> {
  await target.send({
    method: 'POST',
    path: ['dbs'],
    headers: throughputs.get(database._rid),
    body: JSON.stringify({ id: database.id }),
    expects: [409],
  });
}

/** Refuses a container of that name whose items would lie elsewhere. */
export async function createContainer(
  target: AccountClient,
  path: readonly string[],
  container: ContainerResource,
  throughputs: Throughputs,
): Promise<void> {
  const { status } = await target.send({
    method: 'POST',
    path: path.slice(0, -1),
    headers: throughputs.get(container._rid),
    body: JSON.stringify(definitionOf(container)),
    expects: [409],
  });
  if (status !== 409) return;
  const { body: there } = await target.json<ContainerResource>({ method: 'GET', path });
  const [wanted, found] = [partitionKeyOf(container), partitionKeyOf(there)];
  if (JSON.stringify(wanted) !== JSON.stringify(found))
    throw new DatabaseError('ContainerExists', `${target.name} has ${path[1]}/${path[3]} with another partition key`);
}

export function partitionKeyOf({ partitionKey }: ContainerResource): PartitionKeyDefinition {
  const paths = partitionKey?.paths ?? [];
  return {
    paths: paths.length === 0 ? ['/_partitionKey'] : paths,
    kind: partitionKey?.kind ?? 'Hash',
    // Accounts leave version 1 out.
    version: partitionKey?.version ?? 1,
    systemKey: paths.length === 0 || partitionKey?.systemKey === true,
  };
}

export interface ScriptCopy {
  readonly copied: number;
  /** Kinds that the target does not take. */
  readonly refused: readonly string[];
}

export async function copyScripts(
  source: AccountClient,
  target: AccountClient,
  path: readonly string[],
): Promise<ScriptCopy> {
  let copied = 0;
  const refused: string[] = [];
  for (const [feed, field] of scriptFeeds) {
    const scripts = await source.list<Resource>([...path, feed], field, unavailable);
    for (const script of scripts) {
      const taken = await copyOne(target, [...path, feed], script);
      if (taken) copied++;
      else if (!refused.includes(feed)) refused.push(feed);
    }
  }
  return { copied, refused };
}

/** Gives true when the target takes such keys, or there are none. */
export async function copyEncryptionKeys(
  source: AccountClient,
  target: AccountClient,
  path: readonly string[],
): Promise<boolean> {
  const feed = [...path, 'clientencryptionkeys'];
  let taken = true;
  for (const key of await source.list<Resource>(feed, 'ClientEncryptionKeys', [400, ...unavailable]))
    taken = (await copyOne(target, feed, key)) && taken;
  return taken;
}

async function copyOne(target: AccountClient, feed: readonly string[], resource: Resource): Promise<boolean> {
  const { status } = await target.send({
    method: 'POST',
    path: feed,
    body: JSON.stringify(definitionOf(resource)),
    expects: [409, ...unavailable],
  });
  return status < 300 || status === 409;
}
