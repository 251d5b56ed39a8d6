// Refusals that several places of core have.

import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { ContainerRecord } from '../model/resource.ts';

export function itemMissing(): DatabaseError {
  return new DatabaseError('ItemNotFound', 'no item with that id in this logical partition', { argument: 'id' });
}

export function itemExists(): DatabaseError {
  return new DatabaseError('ItemExists', 'an item with the same id exists in this logical partition', {
    argument: 'id',
  });
}

export function immutable(what: string): DatabaseError {
  return new DatabaseError('ImmutableField', `${what} of an item cannot change`);
}

/** The container of what is read or written was deleted meanwhile. */
export function containerGone(container: ContainerRecord): DatabaseError {
  return new DatabaseError('ContainerNotFound', 'the container was deleted', { argument: container.id });
}

export function databaseMissing(): DatabaseError {
  return new DatabaseError('DatabaseNotFound', 'no database with that id', { argument: 'database' });
}

export function containerMissing(): DatabaseError {
  return new DatabaseError('ContainerNotFound', 'no container with that id in this database', {
    argument: 'container',
  });
}

/** The partition was split since the request was routed: whoever routes it again finds its place. */
export function partitionGone(): DatabaseError {
  return new DatabaseError('PartitionGone', 'the partition was split: resolve the ranges again');
}

export function childMissing(): DatabaseError {
  return new DatabaseError('ResourceNotFound', 'no resource with that id here', { argument: 'id' });
}

export function childExists(): DatabaseError {
  return new DatabaseError('ResourceExists', 'a resource with that id exists here', { argument: 'id' });
}

/** Refuses when `ifMatch` names another version than the present one. */
export function checkStamp(ifMatch: HybridTime | undefined, time: HybridTime): void {
  if (ifMatch !== undefined && ifMatch !== time)
    throw new DatabaseError('PreconditionFailed', 'the resource has another version than If-Match names', {
      argument: 'If-Match',
    });
}
