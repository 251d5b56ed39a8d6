// POST /partitions/split: puts several partitions in the place of one, as the service does when throughput or size ask
// for it. What is being read and written goes on.

import { badRequest } from '../../../model/errors.ts';
import { accountOf } from '../arguments.ts';
import type { Operation } from '../surface.ts';

export const splitPartition: Operation = async (call) => {
  const { number, engine } = accountOf(call);
  const { database, container, range, parts = 2 } = call.body;
  if (typeof database !== 'string') throw badRequest('the body needs the name of a database', 'database');
  if (typeof container !== 'string') throw badRequest('the body needs the name of a container', 'container');
  if (typeof range !== 'number' && typeof range !== 'string')
    throw badRequest('the body needs the id of a partition key range', 'range');
  if (typeof parts !== 'number') throw badRequest('parts must be a number', 'parts');
  const split = await engine.execute(
    { kind: 'split-partition', database, container, range: Number(range), parts },
    { account: number },
  );
  const partitions = split.partitions.map(({ range: id, minInclusive, maxExclusive, origins }) => ({
    id: String(id),
    minInclusive,
    maxExclusive,
    parents: origins.map((origin) => String(origin.range)),
  }));
  return { status: 200, body: { partitions } };
};
