// The records of the catalog as BSON: what each resource is called in the log, and its bytes. The version stamp is the
// record's hybrid time and not repeated.

import { DatabaseError } from '../model/errors.ts';
import { BsonType } from '../model/bson/types.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { ElementCursor, fieldOf, type rawDocument, textOfRaw } from '../model/bson/walk.ts';
import { valueOf } from '../model/value.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { PartitionKeyDefinition } from '../model/partition-key.ts';
import type {
  ContainerRecord,
  DatabaseRecord,
  PartitionOrigin,
  PartitionRecord,
  Profile,
  ResourceOwner,
  ResourceRecord,
  ResourceType,
} from '../model/resource.ts';

/** Counters handed on from record to record. */
export interface Counters {
  readonly database: number;
  readonly container: number;
  readonly partition: number;
  readonly resource: number;
}

export type Resource =
  | { readonly kind: 'database'; readonly database: DatabaseRecord }
  | { readonly kind: 'container'; readonly container: ContainerRecord }
  | { readonly kind: 'child'; readonly child: ResourceRecord }
  | { readonly kind: 'counters'; readonly counters: Counters };

export const emptyDocument = new BsonWriter(8).beginDocument().end().finish();
export const countersName = 'counters';

// Names of resources in the log: lengths first, so that no user-given id can look like another's.

export function databaseName(id: string): string {
  return `database:${id}`;
}

export const containerPrefix = 'container:';

export function containerName(database: string, id: string): string {
  return `${containerPrefix}${database.length}:${database}/${id}`;
}

export function containerIdIn(name: string, database: string): string | undefined {
  const prefix = `${containerPrefix}${database.length}:${database}/`;
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** Text of an owner: unlike those of all others. */
export function ownerKey({ kind, number }: ResourceOwner): string {
  return `${kind}:${number}`;
}

/** Of its number, so that it keeps its name in the log when its id changes. */
export function childName({ number }: { readonly number: number }): string {
  return `child:${number}`;
}

export function encodeResource(name: string, resource: Resource): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('name', name).string('kind', resource.kind);
  switch (resource.kind) {
    case 'counters':
      writer.double('database', resource.counters.database);
      writer.double('container', resource.counters.container);
      writer.double('partition', resource.counters.partition);
      writer.double('resource', resource.counters.resource);
      break;
    case 'database':
      writer.string('id', resource.database.id).double('number', resource.database.number);
      writer.document('settings', resource.database.settings);
      break;
    case 'child': {
      const { child } = resource;
      writer.string('type', child.type).string('ownerKind', child.owner.kind).double('owner', child.owner.number);
      writer.string('id', child.id).double('number', child.number).document('settings', child.body);
      break;
    }
    case 'container': {
      const { container } = resource;
      writer.string('id', container.id).string('database', container.database);
      writer.double('databaseNumber', container.databaseNumber).double('number', container.number);
      writer.string('profile', container.profile);
      writer.beginObject('partitionKey').beginArray('paths');
      for (const path of container.partitionKey.paths) writer.string('', path);
      writer.end().string('keyKind', container.partitionKey.kind).double('version', container.partitionKey.version);
      writer.boolean('versionStated', container.partitionKey.versionStated === true);
      writer.boolean('systemKey', container.partitionKey.systemKey === true).end();
      writer.beginArray('partitions');
      for (const partition of container.partitions) {
        writer.beginObject('').double('range', partition.range).double('partition', partition.partition);
        writer.string('min', partition.minInclusive).string('max', partition.maxExclusive);
        writer.beginArray('origins');
        for (const origin of partition.origins) {
          writer.beginObject('').double('range', origin.range).double('partition', origin.partition);
          writer.double('lastLsn', origin.lastLsn).end();
        }
        writer.end().double('epoch', partition.epoch).end();
      }
      writer.end().document('settings', container.settings);
    }
  }
  return writer.end().finish();
}

export function decodeResource(body: Uint8Array, time: HybridTime): Resource {
  const text = (name: string): string => textOfRaw(fieldOf(body, name)!);
  const number = (name: string): number => valueOf(fieldOf(body, name)) as number;
  switch (text('kind')) {
    case 'counters':
      return {
        kind: 'counters',
        counters: {
          database: number('database'),
          container: number('container'),
          partition: number('partition'),
          // Catalogs from before there were such resources have no such counter.
          resource: fieldOf(body, 'resource') === undefined ? 0 : number('resource'),
        },
      };
    case 'database':
      return {
        kind: 'database',
        database: { id: text('id'), number: number('number'), settings: settingsOf(body), time },
      };
    case 'child':
      return {
        kind: 'child',
        child: {
          type: text('type') as ResourceType,
          owner: { kind: text('ownerKind') as ResourceOwner['kind'], number: number('owner') },
          id: text('id'),
          number: number('number'),
          body: settingsOf(body),
          time,
        },
      };
    case 'container': {
      const key = fieldOf(body, 'partitionKey')!.slice();
      const systemKey = valueOf(fieldOf(key, 'systemKey')) === true;
      const versionStated = valueOf(fieldOf(key, 'versionStated')) === true;
      const partitionKey = {
        paths: elementsOf(fieldOf(key, 'paths')!.slice()).map((raw) => textOfRaw(raw)),
        kind: textOfRaw(fieldOf(key, 'keyKind')!) as PartitionKeyDefinition['kind'],
        version: valueOf(fieldOf(key, 'version')) as PartitionKeyDefinition['version'],
        ...(versionStated ? { versionStated } : {}),
        ...(systemKey ? { systemKey } : {}),
      };
      const partitions = elementsOf(fieldOf(body, 'partitions')!.slice()).map((raw): PartitionRecord => {
        const at = raw.slice();
        const field = (name: string): number => valueOf(fieldOf(at, name)) as number;
        return {
          range: field('range'),
          partition: field('partition'),
          minInclusive: textOfRaw(fieldOf(at, 'min')!),
          maxExclusive: textOfRaw(fieldOf(at, 'max')!),
          origins: originsOf(fieldOf(at, 'origins')?.slice()),
          epoch: field('epoch'),
        };
      });
      return {
        kind: 'container',
        container: {
          id: text('id'),
          database: text('database'),
          databaseNumber: number('databaseNumber'),
          number: number('number'),
          profile: text('profile') as Profile,
          partitionKey,
          partitions,
          settings: settingsOf(body),
          time,
        },
      };
    }
    default:
      throw new DatabaseError('Internal', 'the catalog holds a resource of unknown kind');
  }
}

/** A copy: the record's buffer is shared and may be trimmed. */
function settingsOf(body: Uint8Array): Uint8Array {
  const settings = fieldOf(body, 'settings');
  return settings?.type === BsonType.object ? settings.slice().slice() : emptyDocument;
}

/** Catalogs from before partitions were split have no such field. */
function originsOf(array: Uint8Array | undefined): PartitionOrigin[] {
  if (array === undefined) return [];
  return elementsOf(array).map((raw) => {
    const at = raw.slice();
    const field = (name: string): number => valueOf(fieldOf(at, name)) as number;
    return { range: field('range'), partition: field('partition'), lastLsn: field('lastLsn') };
  });
}

function elementsOf(array: Uint8Array): ReturnType<typeof rawDocument>[] {
  const cursor = new ElementCursor(array);
  const found = [];
  while (cursor.next()) found.push(cursor.raw());
  return found;
}
