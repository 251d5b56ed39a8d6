// Provisioned throughput as the settings of a container or database keep it, in Cosmos DB's own words, and whether
// it is enforced there. Doors write it; this reads it.

import { BsonType } from '../model/bson/types.ts';
import { ElementCursor, fieldOf } from '../model/bson/walk.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { valueOf } from '../model/value.ts';

/** Names in settings; neither is part of what a container or database shows. */
export const offerField = 'offer';
export const enforcedField = 'enforceThroughput';

/** RU/s of a container that has no offer and no database with one. */
export const throughputDefault = 400;

/** RU/s that one physical partition serves at most. */
export const partitionThroughputMax = 10_000;

/** The share of its maximum that autoscale never goes below. */
export const autoscaleFloor = 0.1;

export interface Provisioned {
  readonly kind: 'manual' | 'autoscale';
  /** RU/s; of autoscale the most. */
  readonly throughput: number;
}

/** The offer in settings, if there is one. */
export function provisionedIn(settings: Uint8Array): Provisioned | undefined {
  const content = contentIn(settings);
  return content && provisionedBy(content);
}

export function contentIn(settings: Uint8Array): Uint8Array | undefined {
  const content = fieldOf(settings, offerField);
  return content?.type === BsonType.object ? content.slice() : undefined;
}

/** What the content of an offer provisions; undefined when it says nothing that can be enforced. */
export function provisionedBy(content: Uint8Array): Provisioned | undefined {
  const autoscale = fieldOf(content, 'offerAutopilotSettings');
  const kind = autoscale?.type === BsonType.object ? 'autoscale' : 'manual';
  const throughput = valueOf(
    autoscale?.type === BsonType.object
      ? fieldOf(autoscale.slice(), 'maxThroughput')
      : fieldOf(content, 'offerThroughput'),
  );
  return typeof throughput === 'number' && throughput > 0 ? { kind, throughput } : undefined;
}

/** Whether these settings say that throughput is enforced, or not; undefined when they leave it to the server. */
export function enforcedIn(settings: Uint8Array): boolean | undefined {
  const value = valueOf(fieldOf(settings, enforcedField));
  return typeof value === 'boolean' ? value : undefined;
}

/** Settings that say so; undefined leaves it to the server again. */
export function withEnforced(settings: Uint8Array, enforced: boolean | undefined): Uint8Array {
  const writer = new BsonWriter(settings.length + 32).beginDocument();
  const cursor = new ElementCursor(settings);
  while (cursor.next()) {
    const name = cursor.name();
    if (name !== enforcedField) writer.raw(name, cursor.raw());
  }
  if (enforced !== undefined) writer.boolean(enforcedField, enforced);
  return writer.end().finish();
}

/** Physical partitions that a container with these settings needs at least. */
export function partitionsNeeded(settings: Uint8Array): number {
  return Math.max(1, Math.ceil((provisionedIn(settings)?.throughput ?? 0) / partitionThroughputMax));
}
