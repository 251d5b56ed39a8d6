// GET /dbs/{database}/colls/{container}

import { catalogReadCharge } from '../../../core/charge.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { containerOf, isKnown, type Call } from '../call.ts';
import { headerOf, isTrue } from '../decode.ts';
import type { Answer, Place } from '../encode.ts';
import { containerDocument, jsonOf, type PartitionSize } from '../represent.ts';

export function readContainer(call: Call): Answer {
  const container = containerOf(call);
  const place: Place = { engine: call.engine, container, itself: true };
  if (isKnown(call.request, container.time))
    return { status: 304, etag: container.time, charge: catalogReadCharge, place };
  const counted = isTrue(headerOf(call.request, 'x-ms-documentdb-populatepartitionstatistics'));
  return {
    status: 200,
    body: jsonOf(containerDocument(container, counted ? sizesOf(call, container) : undefined)),
    etag: container.time,
    charge: catalogReadCharge,
    place,
    extra: ['x-ms-documentdb-collection-index-transformation-progress', String(progressOf(call, container))],
  };
}

/** Per cent of the container's items that its present indexing policy is in force for: 100 unless indexes are rebuilt. */
function progressOf({ engine }: Call, container: ContainerRecord): number {
  let total = 0;
  let done = 0;
  for (const { partition } of container.partitions) {
    const found = engine.state.partition(partition);
    if (found === undefined) continue;
    total += found.itemCount;
    done += !found.isIndexOutdated ? found.itemCount : Math.min(found.rebuilding?.done ?? 0, found.itemCount);
  }
  return total === 0 ? 100 : Math.floor((100 * done) / total);
}

function sizesOf({ engine }: Call, container: ContainerRecord): PartitionSize[] {
  return container.partitions.map(({ partition, range }) => {
    const found = engine.state.partition(partition);
    return { range, bytes: found?.liveBytes ?? 0, items: found?.itemCount ?? 0 };
  });
}
