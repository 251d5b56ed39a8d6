// Writes that are one: a batch. Their records say so, because no page of a change feed may split them.

import { RecordFlag } from '../model/record.ts';
import type { Staging } from './proposal.ts';

/** A staging whose records belong to one transaction: all that this proposal stages. */
export function asTransaction(staging: Staging): Staging {
  return {
    nextSequence: () => staging.nextSequence(),
    hybridTime: () => staging.hybridTime(),
    add: (draft) => {
      draft.flags |= RecordFlag.transaction;
      staging.add(draft);
    },
  };
}
