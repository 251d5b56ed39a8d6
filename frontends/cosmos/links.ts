// `_rid` and `_self` of every resource, and the address by names that answers carry. Container texts are made once.

import { formatResourceId } from '../../model/resource-id.ts';
import type { Item } from '../../model/operation.ts';
import {
  rangeOfCreation,
  type ContainerRecord,
  type DatabaseRecord,
  type PartitionRecord,
} from '../../model/resource.ts';

function ridOfDatabaseNumber(database: number): string {
  return formatResourceId({ kind: 'database', database });
}

export function ridOfDatabase(database: DatabaseRecord): string {
  return ridOfDatabaseNumber(database.number);
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
    const rid = formatResourceId({
      kind: 'container',
      database: container.databaseNumber,
      container: container.number,
    });
    links = {
      rid,
      self: `dbs/${ridOfDatabaseNumber(container.databaseNumber)}/colls/${rid}/`,
      path: encodeURI(`dbs/${container.database}/colls/${container.id}`),
    };
    known.set(container, links);
  }
  return links;
}

/** Those of the database: an answer names the owner of what is in it, and Java's client builds addresses on that. */
export function linksOfOwner(container: ContainerRecord): Pick<ContainerLinks, 'rid' | 'path'> {
  return { rid: ridOfDatabaseNumber(container.databaseNumber), path: encodeURI(`dbs/${container.database}`) };
}

export function ridOfItem(container: ContainerRecord, item: Item): string {
  return formatResourceId({
    kind: 'item',
    database: container.databaseNumber,
    container: container.number,
    partition: rangeOfCreation(item.partition, item.created),
    number: item.created,
  });
}

export function ridOfRange(container: ContainerRecord, partition: PartitionRecord): string {
  return formatResourceId({
    kind: 'partitionKeyRange',
    database: container.databaseNumber,
    container: container.number,
    partition: 0,
    number: partition.range,
  });
}
