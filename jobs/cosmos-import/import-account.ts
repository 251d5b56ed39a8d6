// Imports an account, a database or a container of it from one endpoint of the Cosmos DB NoSQL protocol into another.
// Run again with the same state it goes on where it stopped, and then copies what changed since.
//
// What is not copied: users and permissions, and times: `_ts` and what is left of a `ttl` begin anew at the target.

import type { SourceAddress } from './address.ts';
import { headerOf, type AccountClient } from './account-client.ts';
import { copyItems, pageItemsDefault } from './copy-items.ts';
import {
  copyEncryptionKeys,
  copyScripts,
  createContainer,
  createDatabase,
  partitionKeyOf,
  throughputsOf,
  type ContainerResource,
  type Resource,
} from './copy-resources.ts';
import type { StateFile } from './state.ts';

export interface ImportOptions {
  readonly source: AccountClient;
  readonly target: AccountClient;
  readonly address: SourceAddress;
  readonly state: StateFile;
  readonly parallel: number;
  /** Items asked for at once. */
  readonly pageItems?: number | undefined;
  readonly signal: AbortSignal;
  /** Told once, before anything is written: what will be copied. Nothing is, when it gives false. */
  readonly onPlan: (plan: readonly PlannedContainer[]) => boolean;
  /** Told after every page: items copied in this run. */
  readonly onItems: (done: number) => void;
}

export interface PlannedContainer {
  readonly database: string;
  readonly container: string;
  /** As the source counts them; undefined when it does not tell. */
  readonly items: number | undefined;
}

export interface ImportReport {
  readonly containers: readonly {
    readonly database: string;
    readonly container: string;
    /** Of this run and those before it. */
    readonly items: number;
    readonly scripts: number;
  }[];
  /** What the target does not take, in words. */
  readonly left: readonly string[];
}

interface Found {
  readonly database: Resource;
  readonly container: ContainerResource;
  readonly path: readonly string[];
  readonly items: number | undefined;
}

export async function importAccount(options: ImportOptions): Promise<ImportReport> {
  const { source, target, state, signal } = options;
  const databases = await databasesOf(options);
  const found: Found[] = [];
  for (const database of databases) found.push(...(await containersOf(options, database)));
  const plan = found.map(({ database, container, items }) => ({
    database: database.id,
    container: container.id,
    items,
  }));
  const containers: ImportReport['containers'][number][] = [];
  const left: string[] = [];
  if (!options.onPlan(plan)) return { containers, left };
  const throughputs = await throughputsOf(source);
  for (const database of databases) {
    await createDatabase(target, database, throughputs);
    if (!(await copyEncryptionKeys(source, target, ['dbs', database.id])))
      left.push(`client encryption keys of ${database.id}`);
  }
  let done = 0;
  for (const { database, container, path } of found) {
    signal.throwIfAborted();
    await createContainer(target, path, container, throughputs);
    const scripts = await copyScripts(source, target, path);
    const name = `${database.id}/${container.id}`;
    left.push(...scripts.refused.map((feed) => `${feed} of ${name}`));
    const kept = state.containerOf(name, container._rid);
    await copyItems({
      source,
      target,
      path,
      definition: partitionKeyOf(container),
      state: kept,
      parallel: options.parallel,
      pageItems: options.pageItems ?? pageItemsDefault,
      signal,
      save: () => state.save(),
      onItems: (count) => options.onItems((done += count)),
    });
    await state.save();
    containers.push({ database: database.id, container: container.id, items: kept.items, scripts: scripts.copied });
  }
  return { containers, left };
}

async function databasesOf({ source, address }: ImportOptions): Promise<Resource[]> {
  if (address.database === undefined) return source.list<Resource>(['dbs'], 'Databases');
  const { body } = await source.json<Resource>({ method: 'GET', path: ['dbs', address.database] });
  return [body];
}

async function containersOf({ source, address }: ImportOptions, database: Resource): Promise<Found[]> {
  const feed = ['dbs', database.id, 'colls'];
  const ids =
    address.container === undefined
      ? (await source.list<Resource>(feed, 'DocumentCollections')).map(({ id }) => id)
      : [address.container];
  const found: Found[] = [];
  for (const id of ids) {
    const path = [...feed, id];
    const { body: container, answer } = await source.json<ContainerResource>({
      method: 'GET',
      path,
      headers: { 'x-ms-documentdb-populatequotainfo': 'True' },
    });
    const count = /(?:^|;)documentsCount=(\d+)/.exec(headerOf(answer, 'x-ms-resource-usage') ?? '')?.[1];
    found.push({ database, container, path, items: count === undefined ? undefined : Number(count) });
  }
  return found;
}
