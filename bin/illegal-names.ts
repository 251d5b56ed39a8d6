// Names of databases and containers that one door allows and another cannot show. They are data of the one and
// invisible through the other; nothing is renamed. Rules: Azure Cosmos DB "Service quotas" (ids) and MongoDB "Limits
// and Thresholds" (naming restrictions).

import { Catalog, systemPartition } from '../core/catalog.ts';
import { openDataDirectory, readManifest } from '../core/storage/data-directory.ts';
import { openEmbeddedLog } from '../core/storage/embedded-log.ts';
import { openLevelStore } from '../core/storage/level-store.ts';
import { DatabaseError } from '../model/errors.ts';
import { decodeHeader } from '../model/record.ts';
import { groupNumber } from './data.ts';
import { printable } from './settings.ts';

export interface IllegalName {
  readonly name: string;
  readonly door: string;
  readonly reason: string;
}

export type IllegalNames =
  | { readonly kind: 'none' }
  /** A server has the data directory open. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'read'; readonly names: readonly IllegalName[] };

/** Only names matter here, not what containers hold. */
const ignored = { containerPut: () => undefined, containerDropped: () => undefined };

export async function illegalNames(data: string): Promise<IllegalNames> {
  const manifest = await readManifest(data);
  if (manifest === undefined) return { kind: 'none' };
  let directory;
  try {
    directory = await openDataDirectory(data);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'Unavailable') return { kind: 'busy' };
    throw error;
  }
  try {
    const names: IllegalName[] = [];
    for (const region of manifest.regions) {
      const store = await openLevelStore(directory.storeDirectory(region.number, 0));
      try {
        for (const account of manifest.accounts) {
          const log = await openEmbeddedLog(store, { account: account.number, group: groupNumber });
          const catalog = new Catalog(ignored, { superseded: () => undefined });
          for await (const records of log.scan(0))
            for (const record of records) {
              const header = decodeHeader(record);
              if (header.partition === systemPartition) catalog.apply(header, record);
            }
          for (const { id } of catalog.databases()) {
            names.push(...faultsOf(printable(id), databaseRules, id));
            for (const container of catalog.containers(id))
              names.push(...faultsOf(`${printable(id)}/${printable(container.id)}`, containerRules, container.id));
          }
        }
      } finally {
        await store.close();
      }
    }
    return { kind: 'read', names };
  } finally {
    await directory.close();
  }
}

interface Rule {
  readonly door: string;
  readonly reason: string;
  readonly broken: (id: string) => boolean;
}

const cosmosRules: readonly Rule[] = [
  { door: 'Cosmos DB', reason: 'an id has no / \\ ? #', broken: (id) => /[/\\?#]/.test(id) },
  { door: 'Cosmos DB', reason: 'an id does not end with a space', broken: (id) => id.endsWith(' ') },
  { door: 'Cosmos DB', reason: 'an id has at most 255 characters', broken: (id) => id.length > 255 },
];

export const databaseRules: readonly Rule[] = [
  ...cosmosRules,
  { door: 'MongoDB', reason: 'a database name has no / \\ . " $ or space', broken: (id) => /[/\\. "$\0]/.test(id) },
  { door: 'MongoDB', reason: 'a database name has at most 63 bytes', broken: (id) => Buffer.byteLength(id) > 63 },
];

export const containerRules: readonly Rule[] = [
  ...cosmosRules,
  { door: 'MongoDB', reason: 'a collection name has no $', broken: (id) => /[$\0]/.test(id) },
  {
    door: 'MongoDB',
    reason: 'a collection name does not begin with "system."',
    broken: (id) => id.startsWith('system.'),
  },
  { door: 'MongoDB', reason: 'a collection name has at most 235 bytes', broken: (id) => Buffer.byteLength(id) > 235 },
];

export function faultsOf(name: string, rules: readonly Rule[], id: string): IllegalName[] {
  return rules.filter(({ broken }) => broken(id)).map(({ door, reason }) => ({ name, door, reason }));
}
