// `_rid` and `_self` of every resource, and the address by names that answers carry. Container texts are made once.

import { containerResourceId, databaseResourceId, itemResourceId, offerResourceId, rangeResourceId } from '../../model/resource-id.ts';
import type { Item } from '../../model/operation.ts';
import type { ContainerRecord, DatabaseRecord, PartitionRecord } from '../../model/resource.ts';

export function ridOfDatabase(database: DatabaseRecord): string {
  return databaseResourceId(database.number);
}

export function selfOfDatabase(database: DatabaseRecord): string {
  return `dbs/${ridOfDatabase(database)}/`;
}

export interface ContainerLinks {
  readonly rid: string;
  readonly self: string;
  /** `dbs/{id}/colls/{id}`, percent-encoded as clients encode it: they file session tokens under it. */
  readonly path: string;
}

const known = new WeakMap<ContainerRecord, ContainerLinks>();

export function linksOfContainer(container: ContainerRecord): ContainerLinks {
  let links = known.get(container);
  if (links === undefined) {
    const rid = containerResourceId(container.databaseNumber, container.number);
    links = {
      rid,
      self: `dbs/${databaseResourceId(container.databaseNumber)}/colls/${rid}/`,
      path: encodeURI(`dbs/${container.database}/colls/${container.id}`),
    };
    known.set(container, links);
  }
  return links;
}

export function ridOfItem(container: ContainerRecord, item: Item): string {
  return itemResourceId(container.databaseNumber, container.number, item.partition.partition, item.created);
}

export function ridOfRange(container: ContainerRecord, partition: PartitionRecord): string {
  return rangeResourceId(container.databaseNumber, container.number, partition.range);
}

/** Every container has one offer, named after it. */
export function ridOfOffer(container: ContainerRecord): string {
  return offerResourceId(container.number);
}
