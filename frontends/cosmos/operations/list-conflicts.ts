// GET …/conflicts: versions that lost to one written in another region. One region writes, so there are none.

import { catalogReadCharge } from '../../../core/charge.ts';
import { containerOf, type Call } from '../call.ts';
import { jsonOfFeed, type Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';

export function listConflicts(call: Call): Answer {
  const container = containerOf(call);
  return {
    status: 200,
    body: jsonOfFeed(linksOfContainer(container).rid, 'Conflicts', []),
    charge: catalogReadCharge,
    place: { engine: call.engine, container },
    itemCount: 0,
  };
}
