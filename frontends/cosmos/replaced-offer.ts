// What a PUT makes of an offer. Between manual throughput and autoscale an offer goes only with a header that says
// so, and then the server chooses the figure (REST reference, "Replace an Offer"; "autoscale FAQ", migration).

import { provisionedBy, throughputDefault } from '../../core/offer.ts';
import { badRequest } from '../../model/errors.ts';
import { BsonType } from '../../model/bson/types.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { headerOf, isTrue, type CosmosRequest } from './decode.ts';
import { autoscaleMin, autoscaleStep, autoscaleThroughput, manualThroughput } from './offers.ts';
import { throughputIn } from './settings.ts';

const toAutoscale = 'x-ms-cosmos-migrate-offer-to-autopilot';
const toManual = 'x-ms-cosmos-migrate-offer-to-manual-throughput';

/** The content of an offer after the request, whose body is given; `before` is its content until now. */
export function replacedContent(request: CosmosRequest, body: Uint8Array, before: Uint8Array): Uint8Array {
  const { kind, throughput } = provisionedBy(before) ?? { kind: 'manual', throughput: throughputDefault };
  const content = fieldOf(body, 'content');
  const asksAutoscale =
    content?.type === BsonType.object && fieldOf(content.slice(), 'offerAutopilotSettings')?.type === BsonType.object;
  if (isTrue(headerOf(request, toAutoscale))) {
    if (kind === 'autoscale') throw badRequest('The offer has autoscale throughput already.', toAutoscale);
    if (asksAutoscale) throw needsHeader(toAutoscale, 'autopilotSettings', 'manual throughput to autoscale');
    const maxThroughput = Math.max(autoscaleMin, Math.ceil(throughput / autoscaleStep) * autoscaleStep);
    return autoscaleThroughput({ maxThroughput, incrementPercent: undefined });
  }
  if (isTrue(headerOf(request, toManual))) {
    if (kind === 'manual') throw badRequest('The offer has manual throughput already.', toManual);
    // The figure in the body is ignored.
    return manualThroughput(throughput);
  }
  if (kind === 'manual' && asksAutoscale)
    throw needsHeader(toAutoscale, 'autopilotSettings', 'manual throughput to autoscale');
  if (kind === 'autoscale' && !asksAutoscale)
    throw needsHeader(toManual, 'offerThroughput', 'autoscale to manual throughput');
  return throughputIn(body);
}

function needsHeader(header: string, field: string, way: string): Error {
  return badRequest(
    `${header} must be supplied and offercontent must not contain ${field} for migration from ${way}.`,
    header,
  );
}
