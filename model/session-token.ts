// Session tokens: how far a client has seen each partition, as text that SDKs keep, merge and send back.
// Form: `{range}:{epoch}#{csn}#{region}={lsn}[#{region}={lsn}…]`, joined by commas over ranges. On input also
// `{range}:{lsn}` and `{range}:-1#{lsn}`, the older ones (protocol facts §3.6; @azure/cosmos 4.9.3,
// VectorSessionToken). Range ids are never reused, so tokens of split partitions stay meaningful.

import { badRequest, type DatabaseError } from './errors.ts';

/** What one partition has shown. Regions are numbers of the topology; positions are LSNs there. */
export interface PartitionProgress {
  readonly epoch: number;
  readonly csn: number;
  readonly lsnByRegion: ReadonlyMap<number, number>;
}

/** Progress by range id. */
export type SessionToken = ReadonlyMap<string, PartitionProgress>;

/** Characters of a token that is read. A header of Node's default limit holds fewer. */
const tokenCharactersMax = 64 * 1024;
const rangesMax = 4096;
const regionsMax = 64;

/** The epoch of tokens in the older forms, which know none. */
const noEpoch = -1;

export const emptySessionToken: SessionToken = new Map();

function bad(message: string): DatabaseError {
  return badRequest(`invalid session token: ${message}`, 'x-ms-session-token');
}

function numberOf(text: string | undefined): number {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw bad('a position is not a number');
  return value;
}

function parseProgress(text: string): PartitionProgress {
  const segments = text.split('#');
  const first = segments[0]!;
  if (segments.length === 1) return { epoch: noEpoch, csn: numberOf(first), lsnByRegion: new Map() };
  if (segments.length > regionsMax + 2) throw bad(`more than ${regionsMax} regions`);
  const lsnByRegion = new Map<number, number>();
  for (const segment of segments.slice(2)) {
    const equals = segment.indexOf('=');
    if (equals < 0) throw bad('a region has no position');
    lsnByRegion.set(numberOf(segment.slice(0, equals)), numberOf(segment.slice(equals + 1)));
  }
  return { epoch: first === String(noEpoch) ? noEpoch : numberOf(first), csn: numberOf(segments[1]), lsnByRegion };
}

/** Reads a token. Of a range that stands twice the maxima count. Throws BadRequest. */
export function parseSessionToken(text: string): SessionToken {
  if (text.length > tokenCharactersMax) throw bad(`more than ${tokenCharactersMax} characters`);
  const token = new Map<string, PartitionProgress>();
  for (const part of text.split(',')) {
    const trimmed = part.trim();
    if (trimmed === '') continue;
    const colon = trimmed.indexOf(':');
    if (colon <= 0) throw bad('a range id is missing');
    const range = trimmed.slice(0, colon);
    if (!token.has(range) && token.size === rangesMax) throw bad(`more than ${rangesMax} ranges`);
    const progress = parseProgress(trimmed.slice(colon + 1));
    token.set(range, mergeProgress(token.get(range), progress));
  }
  return token;
}

/** The further of two states in each position. A newer epoch has its own set of regions; older ones it lacks are dropped. */
function mergeProgress(a: PartitionProgress | undefined, b: PartitionProgress): PartitionProgress {
  if (a === undefined) return b;
  const [newer, older] = a.epoch < b.epoch ? [b, a] : [a, b];
  const lsnByRegion = new Map(newer.lsnByRegion);
  for (const [region, lsn] of older.lsnByRegion) {
    const known = lsnByRegion.get(region);
    if (known !== undefined ? known < lsn : newer.epoch === older.epoch) lsnByRegion.set(region, lsn);
  }
  return { epoch: newer.epoch, csn: Math.max(a.csn, b.csn), lsnByRegion };
}

/** What a client knows that has seen both. Merging is associative, commutative and idempotent within an epoch. */
export function mergeSessionTokens(a: SessionToken, b: SessionToken): SessionToken {
  const merged = new Map(a);
  for (const [range, progress] of b) merged.set(range, mergeProgress(merged.get(range), progress));
  return merged;
}

function formatProgress(progress: PartitionProgress): string {
  let text = `${progress.epoch}#${progress.csn}`;
  const regions = [...progress.lsnByRegion].sort(([a], [b]) => a - b);
  for (const [region, lsn] of regions) text += `#${region}=${lsn}`;
  return text;
}

/** The token's text; equal tokens give equal texts when their ranges were met in the same order. */
export function formatSessionToken(token: SessionToken): string {
  let text = '';
  for (const [range, progress] of token) text += `${text === '' ? '' : ','}${range}:${formatProgress(progress)}`;
  return text;
}
