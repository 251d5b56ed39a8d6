// GET …/docs with A-IM: what was written to a container, a partition key or a range since a place. 304 with the
// place to go on from when there is nothing new. Of all versions it shows the previous one for deletes only, as
// "Change feed modes in Azure Cosmos DB" says.

import { secondsOf } from '../../../model/hybrid-time.ts';
import type { Change } from '../../../model/operation.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { containerOf, pageItemsOf, type Call } from '../call.ts';
import { askedChangesOf, changeEtagOf } from '../change-start.ts';
import { jsonOfChangedItem, jsonOfFeed, jsonOfItem, type Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';
import { placeOf, scopeOf } from '../scope.ts';

export async function readChangeFeed(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const scope = scopeOf(call, container);
  const { enveloped, ...asked } = askedChangesOf(request, container, engine.nowSeconds);
  const { changes, continuation, charge } = await engine.execute(
    {
      kind: 'read-changes',
      database: container.database,
      container: container.id,
      scope,
      ...asked,
      changesMax: pageItemsOf(request),
    },
    context,
  );
  const place = placeOf(call, container, scope);
  const extra = ['etag', changeEtagOf(continuation)];
  if (changes.length === 0) return { status: 304, charge, place, extra };
  const documents = changes.map((change) =>
    enveloped ? jsonOfChange(container, change, asked.mode) : jsonOfChangedItem(container, change.item),
  );
  return {
    status: 200,
    body: jsonOfFeed(linksOfContainer(container).rid, 'Documents', documents),
    charge,
    place,
    itemCount: documents.length,
    extra,
  };
}

const noItem = Buffer.from('{}');

/**
 * `{"current":…,"previous":…,"metadata":…}`, the form of wire format 2021-09-15. Of a latest version only place and
 * time are told: whether the item is new in the feed depends on where the reader began.
 */
function jsonOfChange(container: ContainerRecord, change: Change, mode: 'latest' | 'all'): Buffer {
  const { operation, item, previous } = change;
  const deleted = operation === 'delete';
  const parts = [Buffer.from('{"current":'), deleted ? noItem : jsonOfItem(container, item)];
  if (deleted && previous !== undefined) parts.push(Buffer.from(',"previous":'), jsonOfItem(container, previous));
  const metadata = {
    ...(mode === 'latest' ? {} : { operationType: operation }),
    lsn: item.lsn,
    crts: secondsOf(item.time),
    ...(previous === undefined ? {} : { previousImageLSN: previous.lsn }),
    ...(deleted ? { timeToLiveExpired: change.expired, id: item.id, partitionKey: keyOf(container, change) } : {}),
  };
  parts.push(Buffer.from(`,"metadata":${JSON.stringify(metadata)}}`));
  return Buffer.concat(parts);
}

/** Values of the partition key by their paths; a value that the item did not have is missing. */
function keyOf(container: ContainerRecord, { partitionKey }: Change): object {
  const { paths } = container.partitionKey;
  return Object.fromEntries(
    (partitionKey ?? []).flatMap((part, level) => (part === undefined ? [] : [[paths[level]!.slice(1), part]])),
  );
}
