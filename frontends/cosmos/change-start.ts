// Which changes a request for a change feed means: the mode, where it begins and from what time on. Sources: "Get
// items with change feed" of the REST reference, "Change feed modes in Azure Cosmos DB", and the SDKs, which send
// the time of their start again with every continuation.

import { declaredRetentionMsOf } from '../../core/declared-retention.ts';
import { badRequest } from '../../model/errors.ts';
import { hybridTimeOfMs, type HybridTime } from '../../model/hybrid-time.ts';
import type { ChangeStart } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { headerOf, type CosmosRequest } from './decode.ts';

const modes: ReadonlyMap<string, 'latest' | 'all'> = new Map([
  ['incremental feed', 'latest'],
  ['full-fidelity feed', 'all'],
]);

/** The one form in which SDKs ask for changes with what is known about them beside the item. */
const wireFormat = '2021-09-15';
const wireFormatHeader = 'x-ms-cosmos-changefeed-wire-format-version';

export interface AskedChanges {
  readonly mode: 'latest' | 'all';
  readonly start: ChangeStart;
  readonly since: HybridTime | undefined;
  readonly historySince: HybridTime | undefined;
  /** Each change as `{current, metadata}`: always of all versions, of latest ones when asked for. */
  readonly enveloped: boolean;
}

export function askedChangesOf(request: CosmosRequest, container: ContainerRecord, nowSeconds: number): AskedChanges {
  const mode = modes.get((headerOf(request, 'a-im') ?? '').trim().toLowerCase());
  if (mode === undefined) throw badRequest('A-IM names no kind of feed that this server knows', 'A-IM');
  const place = (headerOf(request, 'if-none-match') ?? '').trim();
  const since = sinceOf(headerOf(request, 'if-modified-since'));
  const format = headerOf(request, wireFormatHeader);
  if (format !== undefined && format !== wireFormat)
    throw badRequest(`${wireFormatHeader} must be ${wireFormat}`, wireFormatHeader);
  if (mode === 'latest')
    return { mode, start: startOf(place), since, historySince: undefined, enveloped: format !== undefined };
  const retentionMs = declaredRetentionMsOf(container);
  if (retentionMs === 0)
    throw badRequest(
      "Change Feed 'All Versions and Deletes' mode must be enabled: give the container a changeFeedPolicy with a retentionDuration.",
      'changeFeedPolicy',
    );
  // The service begins this feed nowhere but at the end or where an earlier page ended.
  if (place === '') throw badRequest('FullFidelity Change Feed must have valid If-None-Match header.', 'If-None-Match');
  const historySince = hybridTimeOfMs(nowSeconds * 1000 - retentionMs);
  return { mode, start: startOf(place), since, historySince, enveloped: true };
}

function startOf(place: string): ChangeStart {
  if (place === '') return { kind: 'beginning' };
  if (place === '*') return { kind: 'now' };
  return { kind: 'after', continuation: /^".*"$/.test(place) ? place.slice(1, -1) : place };
}

/** An HTTP date; what was written within its second counts as later. */
function sinceOf(text: string | undefined): HybridTime | undefined {
  if (text === undefined || text === '') return undefined;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw badRequest('If-Modified-Since must be a date', 'If-Modified-Since');
  return hybridTimeOfMs(milliseconds);
}

/** The continuation as clients send it back. */
export function changeEtagOf(continuation: string): string {
  return `"${continuation}"`;
}
