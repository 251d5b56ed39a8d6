// From an operation's answer to HTTP: the JSON body and the headers that SDKs read back (docs: "Common Azure
// Cosmos DB REST response headers"). One array of names and values, one buffer.
//
// A point read is mostly this file: what depends on the container or on the LSN alone is kept between answers.

import { randomUUID } from 'node:crypto';
import { jsonOfBson, type JsonWriter } from '../../model/bson/json-write.ts';
import type { DatabaseError } from '../../model/errors.ts';
import { etagOf } from '../../model/etag.ts';
import { secondsOf, type HybridTime } from '../../model/hybrid-time.ts';
import type { Item } from '../../model/operation.ts';
import type { ContainerRecord, PartitionRecord } from '../../model/resource.ts';
import { formatSessionToken } from '../../model/session-token.ts';
import { BytesCache } from '../../core/bytes-cache.ts';
import { failureCharge } from '../../core/charge.ts';
import type { Engine } from '../../core/engine.ts';
import type { HttpAnswer } from '../http-exchange.ts';
import type { CosmosRequest } from './decode.ts';
import { cosmosErrorOf, errorBody, ownerMissing, retryAfterMsOf } from './errors.ts';
import { linksOfContainer, linksOfOwner, ridOfItem } from './links.ts';

/** What clients take for the version of the gateway and of the stored schema. */
const gatewayVersion = 'version=2.14.0.0';
const schemaVersion = '1.19';

/** What a script logged, percent-encoded. */
export const scriptLogHeader = 'x-ms-documentdb-script-log-results';

export interface Answer {
  readonly status: number;
  /** JSON, or absent. */
  readonly body?: Uint8Array | undefined;
  /** Absent or application/json. */
  readonly contentType?: string | undefined;
  readonly charge: number;
  /** Version of the one resource answered. */
  readonly etag?: HybridTime | undefined;
  /** Where the answer comes from: its partitions' LSNs make the session token. */
  readonly place?: Place | undefined;
  /** Entries in the body of a feed. */
  readonly itemCount?: number | undefined;
  readonly continuation?: string | undefined;
  /** Further names and values. */
  readonly extra?: readonly string[] | undefined;
}

export interface Place {
  readonly engine: Engine;
  readonly container: ContainerRecord;
  /** The partition of one item, or absent for the whole container. */
  readonly partition?: PartitionRecord | undefined;
  /** The answer is the container itself, which its database owns; not what is in it. */
  readonly itself?: true | undefined;
}

/** Stored fields of these names are system properties and never shown from the body. */
const systemNames = ['_rid', '_self', '_etag', '_attachments', '_ts'] as const;

// State of the item being written: the tail is a function that must not be made anew for every item.
let tailRid = '';
let tailSelf = '';
let tailTime = 0 as HybridTime;

function writeTail(writer: JsonWriter): void {
  writer.text(`,"_rid":"${tailRid}","_self":"${tailSelf}docs/${tailRid}/","_etag":"\\"`);
  writer.text(etagOf(tailTime).slice(1, -1));
  writer.text('\\"","_attachments":"attachments/","_ts":').text(String(secondsOf(tailTime)));
}

/** An item as the SQL view shows it: `id` first when the stored body has none, system properties last. */
export function jsonOfItem(container: ContainerRecord, item: Item): Buffer {
  tailRid = ridOfItem(container, item);
  tailSelf = linksOfContainer(container).self;
  tailTime = item.time;
  return jsonOfBson(item.body, { id: item.id, skip: systemNames, tail: writeTail });
}

/** Besides, a change feed shows the LSN of each version. */
const changeNames = [...systemNames, '_lsn'] as const;
let tailLsn = 0;

function writeChangeTail(writer: JsonWriter): void {
  writeTail(writer);
  writer.text(`,"_lsn":${tailLsn}`);
}

/** An item as a latest-version change feed shows it. */
export function jsonOfChangedItem(container: ContainerRecord, item: Item): Buffer {
  tailRid = ridOfItem(container, item);
  tailSelf = linksOfContainer(container).self;
  tailTime = item.time;
  tailLsn = item.lsn;
  return jsonOfBson(item.body, { id: item.id, skip: changeNames, tail: writeChangeTail });
}

/** Bytes of JSON kept per engine, so that an item read again is not encoded again. */
const hotBytesMax = 16 * 1024 * 1024;

/** By version stamp: within an engine no two versions of any items share one. */
const hotItems = new WeakMap<Engine, BytesCache>();

/** As `jsonOfItem`, remembered: for reads of one item, which tend to come again. */
export function jsonOfHotItem(engine: Engine, container: ContainerRecord, item: Item): Uint8Array {
  let hot = hotItems.get(engine);
  if (hot === undefined) hotItems.set(engine, (hot = new BytesCache(hotBytesMax)));
  let json = hot.get(item.time);
  if (json === undefined) hot.put(item.time, (json = jsonOfItem(container, item)));
  return json;
}

const comma = Buffer.from(',');

/** `{"_rid":…,"<name>":[…],"_count":n}` around values that are JSON already. */
export function jsonOfFeed(rid: string, name: string, values: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`{"_rid":"${rid}","${name}":[`)];
  for (const [i, value] of values.entries()) {
    if (i > 0) parts.push(comma);
    parts.push(value);
  }
  parts.push(Buffer.from(`],"_count":${values.length}}`));
  return Buffer.concat(parts);
}

interface Kept {
  lsn: number;
  token: string;
  usage: string;
}

/** Session token and usage by partition, as of the LSN they were made at. */
const keptByPartition = new WeakMap<PartitionRecord, Kept>();

function keptOf(engine: Engine, partition: PartitionRecord, lsn: number): Kept {
  let kept = keptByPartition.get(partition);
  if (kept?.lsn === lsn) return kept;
  const found = engine.state.partition(partition.partition);
  const kilobytes = Math.ceil((found?.liveBytes ?? 0) / 1024);
  kept = {
    lsn,
    token: formatSessionToken(
      new Map([
        [
          String(partition.range),
          { epoch: partition.epoch, csn: lsn, lsnByRegion: new Map([[engine.region.id, lsn]]) },
        ],
      ]),
    ),
    usage: `documentSize=0;documentsSize=${kilobytes};documentsCount=${found?.itemCount ?? 0};collectionSize=${kilobytes};`,
  };
  keptByPartition.set(partition, kept);
  return kept;
}

/** Quota in the service's own unit, KB: an item, a logical partition, a container. We set no limit but the first. */
const quota = 'documentSize=2048;documentsSize=-1;documentsCount=-1;collectionSize=-1;';

function pushPlace(headers: string[], place: Place): void {
  const { engine, container } = place;
  const { rid, path } = place.itself === true ? linksOfOwner(container) : linksOfContainer(container);
  headers.push('x-ms-alt-content-path', path, 'x-ms-content-path', rid);
  if (place.partition !== undefined) {
    const lsn = engine.lsnOf(place.partition.partition);
    const kept = keptOf(engine, place.partition, lsn);
    const text = String(lsn);
    headers.push(
      'x-ms-documentdb-partitionkeyrangeid',
      String(place.partition.range),
      'x-ms-session-token',
      kept.token,
      'lsn',
      text,
      'x-ms-global-committed-lsn',
      text,
      'x-ms-resource-quota',
      quota,
      'x-ms-resource-usage',
      kept.usage,
    );
    return;
  }
  let tokens = '';
  let lsnMax = 0;
  for (const partition of container.partitions) {
    const lsn = engine.lsnOf(partition.partition);
    if (lsn > lsnMax) lsnMax = lsn;
    // Java's client takes the token of every answer about a container, and knows only those of one partition.
    if (place.itself === true && tokens !== '') continue;
    tokens = tokens === '' ? keptOf(engine, partition, lsn).token : `${tokens},${keptOf(engine, partition, lsn).token}`;
  }
  headers.push('x-ms-session-token', tokens, 'lsn', String(lsnMax), 'x-ms-global-committed-lsn', String(lsnMax));
  headers.push('x-ms-resource-quota', quota, 'x-ms-resource-usage', usageOf(engine, container));
}

function usageOf(engine: Engine, container: ContainerRecord): string {
  let bytes = 0;
  let count = 0;
  for (const { partition } of container.partitions) {
    const found = engine.state.partition(partition);
    bytes += found?.liveBytes ?? 0;
    count += found?.itemCount ?? 0;
  }
  const kilobytes = Math.ceil(bytes / 1024);
  return `documentSize=0;documentsSize=${kilobytes};documentsCount=${count};collectionSize=${kilobytes};`;
}

function fixedHeaders(activityId: string, charge: number, request: CosmosRequest | undefined): string[] {
  const durationMs = request === undefined ? 0 : performance.now() - request.receivedMs;
  return [
    'Cache-Control',
    'no-store, no-cache',
    'x-ms-activity-id',
    activityId,
    'x-ms-request-charge',
    String(charge),
    'x-ms-request-duration-ms',
    String(Math.round(durationMs * 1000) / 1000),
    'x-ms-gatewayversion',
    gatewayVersion,
    'x-ms-serviceversion',
    gatewayVersion,
    'x-ms-schemaversion',
    schemaVersion,
  ];
}

const noBytes = new Uint8Array(0);

const activityIdShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id that the client gave its request, by which it finds the answer in its logs. */
function activityIdOf(request: CosmosRequest | undefined): string | undefined {
  const given = request?.headers['x-ms-activity-id'];
  return typeof given === 'string' && activityIdShape.test(given) ? given : undefined;
}

export function encode(answer: Answer, request: CosmosRequest): HttpAnswer {
  const headers = fixedHeaders(activityIdOf(request) ?? randomUUID(), answer.charge, request);
  const body = answer.body ?? noBytes;
  if (answer.status !== 204 && answer.status !== 304) {
    headers.push('Content-Type', answer.contentType ?? 'application/json', 'Content-Length', String(body.length));
  }
  if (answer.etag !== undefined) headers.push('etag', etagOf(answer.etag));
  if (answer.place !== undefined) pushPlace(headers, answer.place);
  if (answer.itemCount !== undefined) headers.push('x-ms-item-count', String(answer.itemCount));
  if (answer.continuation !== undefined) headers.push('x-ms-continuation', answer.continuation);
  if (answer.extra !== undefined) headers.push(...answer.extra);
  return { status: answer.status, headers, body: answer.body };
}

/** Substatus of a failure: the error's own, or that of a missing database or container which is not itself the resource asked for. */
function substatusOf(error: DatabaseError, request: CosmosRequest | undefined): number {
  const given = error.details?.['substatus'];
  if (typeof given === 'number') return given;
  const { resourceType, ids } = request ?? { resourceType: '', ids: [] };
  if (error.code === 'DatabaseNotFound' && !(resourceType === 'dbs' && ids.length === 1)) return ownerMissing;
  if (error.code === 'ContainerNotFound' && !(resourceType === 'colls' && ids.length === 2)) return ownerMissing;
  return cosmosErrorOf(error).substatus;
}

export function encodeFailure(
  error: DatabaseError,
  request: CosmosRequest | undefined,
  ownActivityId: string,
): HttpAnswer {
  const { status } = cosmosErrorOf(error);
  // A fault of ours is in our log under our own id.
  const activityId = (error.code === 'Internal' ? undefined : activityIdOf(request)) ?? ownActivityId;
  const headers = fixedHeaders(activityId, failureCharge(error.code), request);
  const substatus = substatusOf(error, request);
  if (substatus !== 0) headers.push('x-ms-substatus', String(substatus));
  const retryAfterMs = retryAfterMsOf(error);
  const scriptLog = error.details?.['scriptLog'];
  if (typeof scriptLog === 'string' && scriptLog !== '') headers.push(scriptLogHeader, encodeURIComponent(scriptLog));
  if (retryAfterMs !== undefined) headers.push('x-ms-retry-after-ms', String(retryAfterMs));
  const touched = request?.touched;
  if (touched !== undefined) pushPlace(headers, touched);
  if (status === 304) return { status, headers, body: undefined };
  const body = errorBody(error, activityId);
  headers.push('Content-Type', 'application/json', 'Content-Length', String(body.length));
  return { status, headers, body };
}
