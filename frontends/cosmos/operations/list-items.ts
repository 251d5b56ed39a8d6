// GET …/docs: every item of a container, of one partition key or of one range, in order of creation.

import { containerOf, pageItemsOf, type Call } from '../call.ts';
import { headerOf } from '../decode.ts';
import { jsonOfFeed, jsonOfItem, type Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';
import { placeOf, scopeOf } from '../scope.ts';

export async function listItems(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const scope = scopeOf(call, container);
  const { items, continuation, charge } = await engine.execute(
    {
      kind: 'read-feed',
      database: container.database,
      container: container.id,
      scope,
      itemsMax: pageItemsOf(request),
      after: headerOf(request, 'x-ms-continuation') || undefined,
    },
    context,
  );
  const documents = items.map((item) => jsonOfItem(container, item));
  return {
    status: 200,
    body: jsonOfFeed(linksOfContainer(container).rid, 'Documents', documents),
    charge,
    place: placeOf(call, container, scope),
    itemCount: documents.length,
    continuation,
  };
}
