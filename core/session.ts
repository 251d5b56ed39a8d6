// Session consistency: a read is refused where this region has not reached what the caller has seen.

import { DatabaseError } from '../model/errors.ts';
import type { Context } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { parseSessionToken } from '../model/session-token.ts';
import type { GroupState } from './group.ts';
import type { Partition } from './partition.ts';

interface SessionEngine {
  readonly state: GroupState;
  readonly region: { readonly id: number };
}

/** Refuses a read over partitions of which one has not reached the caller's session token. */
export function requireSession({ state, region }: SessionEngine, container: ContainerRecord, context: Context): void {
  if (context.sessionToken === undefined) return;
  for (const { partition } of container.partitions) {
    const found = state.partition(partition);
    if (found !== undefined) checkSession(context.sessionToken, found, region.id);
  }
}

/** Refuses a read in a partition that has not reached the token. A range that was split since has, with all its parts. */
export function checkSession(token: string, partition: Partition, region: number): void {
  const seen = parseSessionToken(token).get(String(partition.record.range));
  if (seen === undefined) return;
  const wanted = seen.lsnByRegion.get(region) ?? seen.csn;
  if (wanted > partition.lsn)
    throw new DatabaseError('SessionNotAvailable', 'this replica has not reached the session token', {
      argument: 'sessionToken',
    });
}
