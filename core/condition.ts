// The condition of a write on the version that it meets (If-Match, If-None-Match of RFC 9110).

import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { Condition } from '../model/operation.ts';

/** Throws PreconditionFailed unless the version with that stamp (undefined: no item) is as the condition says. */
export function checkCondition(condition: Condition | undefined, time: HybridTime | undefined): void {
  if (condition === undefined) return;
  const { ifMatch, ifNoneMatch } = condition;
  if (ifMatch !== undefined && (time === undefined || (ifMatch !== '*' && ifMatch !== time)))
    throw new DatabaseError('PreconditionFailed', 'the item has another version than If-Match names', {
      argument: 'If-Match',
    });
  if (ifNoneMatch !== undefined && time !== undefined && (ifNoneMatch === '*' || ifNoneMatch === time))
    throw new DatabaseError('PreconditionFailed', 'the item has the version If-None-Match excludes', {
      argument: 'If-None-Match',
    });
}
