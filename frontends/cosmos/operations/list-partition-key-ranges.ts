// GET …/pkranges: the physical partitions of a container. SDKs poll it as an incremental feed: they send the ETag
// they have until the answer is 304.

import { catalogReadCharge } from '../../../core/charge.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
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

export function listPartitionKeyRanges(call: Call): Answer {
  const container = containerOf(call);
  const { engine, request } = call;
  const version = versionOf(container);
  const place = { engine, container };
  if (headerOf(request, 'if-none-match') === version)
    return { status: 304, charge: catalogReadCharge, place, extra: ['etag', version] };
  const documents = container.partitions.map((one) => jsonOf(rangeDocument(container, one, engine.lsnOf(one.partition))));
  return {
    status: 200,
    body: jsonOfFeed(linksOfContainer(container).rid, 'PartitionKeyRanges', documents),
    charge: catalogReadCharge,
    place,
    itemCount: documents.length,
    extra: ['etag', version],
  };
}
