// GET …/docs/{item}/attachments: every item's `_attachments` leads here. The service takes no attachments any more, so an
// item has none.

import { catalogReadCharge } from '../../../core/charge.ts';
import { containerOf, type Call } from '../call.ts';
import { jsonOfFeed, type Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';

export function listAttachments(call: Call): Answer {
  const container = containerOf(call);
  return {
    status: 200,
    body: jsonOfFeed(linksOfContainer(container).rid, 'Attachments', []),
    charge: catalogReadCharge,
    place: { engine: call.engine, container },
    itemCount: 0,
  };
}
