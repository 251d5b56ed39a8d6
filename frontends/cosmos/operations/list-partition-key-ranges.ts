// GET …/pkranges: the physical partitions of a container. SDKs poll it as an incremental feed: they send the ETag
// they have until the answer is 304. An answer to an older ETag tells the ranges that were split since once more, as
// the service does while it splits them; SDKs take a range away when another one names it as a parent.

import { catalogReadCharge } from '../../../core/charge.ts';
import type { ContainerRecord, PartitionRecord } from '../../../model/resource.ts';
import { containerOf, type Call } from '../call.ts';
import { headerOf } from '../decode.ts';
import { jsonOfFeed, type Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';
import { jsonOf, rangeDocument } from '../represent.ts';

/** Changes whenever a range is split, merged or moved: range ids are never reused and epochs only grow. */
function versionOf(container: ContainerRecord): string {
  const last = container.partitions.reduce((max, { range }) => Math.max(max, range), 0);
  const epochs = container.partitions.reduce((sum, { epoch }) => sum + epoch, 0);
  return `"${container.partitions.length}-${last}-${epochs}"`;
}

/** The highest range id of the version that a client has; undefined when it has none. */
function rangeKnownIn(version: string | undefined): number | undefined {
  const found = /^"\d+-(\d+)-\d+"$/.exec(version ?? '');
  return found === null ? undefined : Number(found[1]);
}

interface SplitRange {
  readonly partition: PartitionRecord;
  readonly lsn: number;
}

/** Ranges up to that id which are ranges no longer, as they were. Partitions stand in the order of their keys. */
function splitSince(container: ContainerRecord, known: number): readonly SplitRange[] {
  const found = new Map<number, SplitRange>();
  for (const one of container.partitions) {
    const at = one.range <= known ? -1 : one.origins.findLastIndex(({ range }) => range <= known);
    const origin = one.origins[at];
    if (origin === undefined) continue;
    const { minInclusive } = found.get(origin.range)?.partition ?? one;
    const origins = one.origins.slice(0, at);
    const partition = { ...one, range: origin.range, partition: origin.partition, minInclusive, origins };
    found.set(origin.range, { partition, lsn: origin.lastLsn });
  }
  return [...found.values()];
}

export function listPartitionKeyRanges(call: Call): Answer {
  const container = containerOf(call);
  const { engine, request } = call;
  const version = versionOf(container);
  const place = { engine, container };
  const had = headerOf(request, 'if-none-match');
  if (had === version) return { status: 304, charge: catalogReadCharge, place, extra: ['etag', version] };
  const known = headerOf(request, 'a-im') === undefined ? undefined : rangeKnownIn(had);
  const documents = (known === undefined ? [] : splitSince(container, known))
    .map(({ partition, lsn }) => jsonOf(rangeDocument(container, partition, lsn, 'splitting')))
    .concat(container.partitions.map((one) => jsonOf(rangeDocument(container, one, engine.lsnOf(one.partition)))));
  return {
    status: 200,
    body: jsonOfFeed(linksOfContainer(container).rid, 'PartitionKeyRanges', documents),
    charge: catalogReadCharge,
    place,
    itemCount: documents.length,
    extra: ['etag', version],
  };
}
