// GET …/docs/{item}

import { containerOf, isKnown, keyOf, touch, type Call } from '../call.ts';
import { jsonOfHotItem, type Answer } from '../encode.ts';
import { itemIdOf } from '../item-id.ts';
import { linksOfContainer } from '../links.ts';

export async function readItem(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const partitionKey = keyOf(call, container);
  const partition = touch(call, container, partitionKey);
  const id = itemIdOf(call, container, partition);
  const { item, charge } = await engine.execute(
    { kind: 'read-item', database: container.database, container: container.id, id, partitionKey },
    context,
  );
  const place = { engine, container, partition };
  if (isKnown(request, item.time)) return { status: 304, etag: item.time, charge, place };
  // Clients of several regions see by it which one served them.
  const location = `${request.origin}/${linksOfContainer(container).path}/docs/${encodeURIComponent(id)}`;
  return {
    status: 200,
    body: jsonOfHotItem(engine, container, item),
    etag: item.time,
    charge,
    place,
    extra: ['Content-Location', location, 'x-ms-item-lsn', String(item.lsn)],
  };
}
