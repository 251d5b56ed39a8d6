// When an item's time is over: its own time to live, or the default of its container, counted from its last write.
// Cosmos DB's rules ("Time to live"): without a default on the container nothing expires.

import { fieldOf } from '../model/bson/walk.ts';
import { secondsOf, type HybridTime } from '../model/hybrid-time.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { valueOf } from '../model/value.ts';

/** The item's own time to live: a positive number of seconds, -1 for never, 0 when it names none. */
export function ttlOf(body: Uint8Array): number {
  const value = valueOf(fieldOf(body, 'ttl'));
  return typeof value === 'number' && Number.isInteger(value) && (value === -1 || value > 0) && value < 2 ** 31
    ? value
    : 0;
}

export function isExpired(
  container: ContainerRecord,
  version: { readonly time: number; readonly ttlSeconds: number },
  nowSeconds: number,
): boolean {
  const fallback = defaultTtlOf(container);
  if (fallback === undefined) return false;
  const seconds = version.ttlSeconds === 0 ? fallback : version.ttlSeconds;
  return seconds > 0 && secondsOf(version.time as HybridTime) + seconds <= nowSeconds;
}

const defaultTtls = new WeakMap<ContainerRecord, { readonly seconds: number | undefined }>();

/** Seconds after which items of the container expire, -1 for never; undefined when none ever expires. */
export function defaultTtlOf(container: ContainerRecord): number | undefined {
  let known = defaultTtls.get(container);
  if (known === undefined) {
    const value = valueOf(fieldOf(container.settings, 'defaultTtl'));
    known = { seconds: typeof value === 'number' ? value : undefined };
    defaultTtls.set(container, known);
  }
  return known.seconds;
}
