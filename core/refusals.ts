// Refusals that several places of a partition have.

import { DatabaseError } from '../model/errors.ts';
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
