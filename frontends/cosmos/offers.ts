// Offers: throughput as a resource of its own, one for each container, and for each database that was made with
// throughput for its containers to share. It is kept in the settings of what it belongs to, so it has that one's
// version. Its `_rid` is a number of its own space.

import type { Engine } from '../../core/engine.ts';
import {
  autoscaleFloor,
  contentIn,
  offerField,
  partitionThroughputMax,
  provisionedBy,
  throughputDefault,
} from '../../core/offer.ts';
import { ElementCursor } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { DatabaseError } from '../../model/errors.ts';
import { etagOf } from '../../model/etag.ts';
import { secondsOf } from '../../model/hybrid-time.ts';
import type { ContainerRecord, DatabaseRecord } from '../../model/resource.ts';
import { linksOfContainer, ridOfDatabase, selfOfDatabase } from './links.ts';

export interface Offer {
  readonly owner:
    | { readonly kind: 'database'; readonly record: DatabaseRecord }
    | { readonly kind: 'container'; readonly record: ContainerRecord };
  /** Unique among offers: databases have the odd numbers. */
  readonly number: number;
  /** As it is kept. */
  readonly content: Uint8Array;
  /** RU/s that are provisioned now: of autoscale what it is scaled to. */
  readonly throughput: number;
  /** More partitions are being made for it. */
  readonly isPending: boolean;
}

/** Every offer of the account. A container without throughput of its own shares its database's, or has the default. */
export function offersOf(engine: Engine): Offer[] {
  const offers: Offer[] = [];
  for (const database of engine.catalog.databases()) {
    const shared = contentIn(database.settings);
    if (shared !== undefined)
      offers.push({
        owner: { kind: 'database', record: database },
        number: database.number * 2 + 1,
        content: shared,
        throughput: throughputNow(shared, (maximum) => engine.throughput.scaledOfDatabase(database, maximum)),
        isPending: false,
      });
    for (const container of engine.catalog.containers(database.id)) {
      const content =
        contentIn(container.settings) ?? (shared === undefined ? manualThroughput(throughputDefault) : undefined);
      if (content !== undefined)
        offers.push({
          owner: { kind: 'container', record: container },
          number: container.number * 2,
          content,
          throughput: throughputNow(content, (maximum) => engine.throughput.scaledOf(container, maximum)),
          isPending: engine.splits.isPending(container),
        });
    }
  }
  return offers;
}

function throughputNow(content: Uint8Array, scaledOf: (maximum: number) => number): number {
  const provisioned = provisionedBy(content);
  if (provisioned === undefined) return throughputDefault;
  return provisioned.kind === 'autoscale' ? scaledOf(provisioned.throughput) : provisioned.throughput;
}

export function offerOf(engine: Engine, id: string): Offer {
  const found = offersOf(engine).find((offer) => ridOfOffer(offer) === id);
  if (found === undefined) throw new DatabaseError('ResourceNotFound', 'no offer with that id', { argument: 'offer' });
  return found;
}

/** Three bytes in the alphabet of other ids, more when they are not enough. */
function ridOfOffer({ number }: Offer): string {
  const bytes = Buffer.alloc(number < 2 ** 24 ? 3 : 6);
  bytes.writeUIntBE(number, 0, bytes.length);
  return bytes.toString('base64').replaceAll('/', '-');
}

export function ownerRidOf({ owner }: Offer): string {
  return owner.kind === 'database' ? ridOfDatabase(owner.record) : linksOfContainer(owner.record).rid;
}

export function offerDocument(offer: Offer): Uint8Array {
  const { owner } = offer;
  const rid = ridOfOffer(offer);
  const { time } = owner.record;
  return new BsonWriter()
    .beginDocument()
    .string('id', rid)
    .string('offerVersion', 'V2')
    .string('offerType', 'Invalid')
    .document('content', shownContent(offer))
    .string('resource', owner.kind === 'database' ? selfOfDatabase(owner.record) : linksOfContainer(owner.record).self)
    .string('offerResourceId', ownerRidOf(offer))
    .string('_rid', rid)
    .string('_self', `offers/${rid}/`)
    .string('_etag', etagOf(time))
    .double('_ts', secondsOf(time))
    .end()
    .finish();
}

/** The content with the throughput of now. */
function shownContent({ content, throughput, isPending }: Offer): Uint8Array {
  const writer = new BsonWriter(content.length + 16).beginDocument().double('offerThroughput', throughput);
  const cursor = new ElementCursor(content);
  while (cursor.next()) {
    const name = cursor.name();
    if (name !== 'offerThroughput') writer.raw(name, cursor.raw());
  }
  if (isPending) writer.boolean('isOfferReplacePending', true);
  return writer.end().finish();
}

/** Least RU/s of a manual offer, and least maximum of autoscale; both rise in steps. */
export const manualMin = 400;
export const manualStep = 100;
export const autoscaleMin = 1_000;
export const autoscaleStep = 1_000;

/** What SDKs read of an offer beside its body: how low it may go, and whether all of a change is in force. */
export function offerHeaders({ content, isPending }: Offer): readonly string[] {
  const least = provisionedBy(content)?.kind === 'autoscale' ? autoscaleMin : manualMin;
  return ['x-ms-cosmos-min-throughput', String(least), 'x-ms-offer-replace-pending', String(isPending)];
}

export function manualThroughput(requestUnits: number): Uint8Array {
  return new BsonWriter().beginDocument().double('offerThroughput', requestUnits).end().finish();
}

/** What the service gives each physical partition when a container needs several. */
const partitionThroughputAtFirst = 6_000;

/** Physical partitions that a container made with this throughput needs for it. */
export function partitionsFor(content: Uint8Array): number {
  const throughput = provisionedBy(content)?.throughput ?? 0;
  return throughput <= partitionThroughputMax ? 1 : Math.ceil(throughput / partitionThroughputAtFirst);
}

export interface Autoscale {
  readonly maxThroughput: number;
  /** By how much the maximum may rise on its own; kept and shown. */
  readonly incrementPercent: number | undefined;
}

/** Autoscale runs between a tenth of its maximum and the maximum. */
export function autoscaleThroughput({ maxThroughput, incrementPercent }: Autoscale): Uint8Array {
  const writer = new BsonWriter().beginDocument().double('offerThroughput', maxThroughput * autoscaleFloor);
  writer.beginObject('offerAutopilotSettings').double('maxThroughput', maxThroughput);
  if (incrementPercent !== undefined)
    writer
      .beginObject('autoUpgradePolicy')
      .beginObject('throughputPolicy')
      .double('incrementPercent', incrementPercent)
      .end()
      .end();
  return writer.end().end().finish();
}

/** Settings with another offer in them. */
export function withOffer(settings: Uint8Array, content: Uint8Array): Uint8Array {
  const writer = new BsonWriter(settings.length + content.length + 16).beginDocument();
  const cursor = new ElementCursor(settings);
  while (cursor.next()) {
    const name = cursor.name();
    if (name !== offerField) writer.raw(name, cursor.raw());
  }
  return writer.document(offerField, content).end().finish();
}
