// Offers: the throughput of containers as resources of their own. Each container has exactly one, addressed by a
// `_rid` made from the container's number.

import type { Engine } from '../../core/engine.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { ridOfOffer } from './links.ts';

export function containersWithOffers(engine: Engine): ContainerRecord[] {
  return engine.catalog.databases().flatMap((database) => engine.catalog.containers(database.id));
}

export function containerOfOffer(engine: Engine, id: string): ContainerRecord {
  const found = containersWithOffers(engine).find((container) => ridOfOffer(container) === id);
  if (found === undefined) throw new DatabaseError('ResourceNotFound', 'no offer with that id', { argument: 'offer' });
  return found;
}
