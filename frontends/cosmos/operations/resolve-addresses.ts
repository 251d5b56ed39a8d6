// GET //addresses/?$resolveFor=…: where the replicas of partitions are (shape: GatewayAddressCache of the .NET SDK, whose
// client asks even in gateway mode). Every partition is behind this port, so all addresses are that of the gateway.

import { catalogReadCharge } from '../../../core/charge.ts';
import { badRequest, DatabaseError } from '../../../model/errors.ts';
import { containerOf, databaseOf, type Call } from '../call.ts';
import { queryOf } from '../decode.ts';
import type { Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';
import { endpointOf } from './read-account.ts';

/** Ids of ranges asked for at once. */
const rangesMax = 10_000;

export function resolveAddresses(call: Call): Answer {
  const { request, deployment } = call;
  const endpoint = endpointOf(deployment.advertise, request.origin);
  const address = (id: string): object => ({
    isPrimary: true,
    protocol: 'https',
    logicalUri: endpoint,
    // As the protocol spells it.
    physcialUri: endpoint,
    partitionKeyRangeId: id,
  });
  // Databases and containers themselves live in the partition of the account, which has no range of keys.
  if (request.ids.length > 0) databaseOf(call);
  const isOfItems = request.ids.length >= 2;
  const container = isOfItems ? containerOf(call) : undefined;
  const ids = container === undefined ? ['M'] : rangesIn(queryOf(request.url).get('$partitionKeyRangeIds'));
  if (container !== undefined)
    for (const id of ids)
      if (!container.partitions.some(({ range }) => String(range) === id))
        throw new DatabaseError('PartitionGone', 'there is no partition key range of that id now', {
          argument: '$partitionKeyRangeIds',
        });
  const addresses = (ids.length > 0 ? ids : container!.partitions.map(({ range }) => String(range))).map(address);
  const rid = container === undefined ? '' : linksOfContainer(container).rid;
  return {
    status: 200,
    body: Buffer.from(JSON.stringify({ _rid: rid, Addresss: addresses, _count: addresses.length })),
    charge: catalogReadCharge,
    itemCount: addresses.length,
  };
}

/** Range ids as clients write them, some with the container's _rid before each. */
function rangesIn(text: string | null): string[] {
  if (text === null || text === '') return [];
  const ids = text.split(',').filter((id) => /^\d+$/.test(id));
  if (ids.length === 0 || ids.length > rangesMax)
    throw badRequest('$partitionKeyRangeIds must be a list of ids of ranges', '$partitionKeyRangeIds');
  return ids;
}
