// Request charges in request units (RU), the one table of them: docs/request-charges.md explains it and is checked
// against it. A charge follows from bytes, versions and terms alone, whatever the cache, door or machine.
// Anchors are the figures that Microsoft publishes for session consistency ("Estimate RU/s with the capacity
// planner", "Request Units"): reading 1 KB costs 1 RU and 64 KB 4.76; writing 1 KB with default indexing 4.95 and
// 64 KB 22.67. In between the cost is linear. A typical item of 1 KB has 20 values, each of them an index term.

import type { ErrorCode } from '../model/errors.ts';

export const rates = {
  /** An item read by its key, up to 1 KB; and each further KB. */
  pointRead: 1,
  pointReadKilobyte: 3.76 / 63,
  /** A version written or ended, up to 1 KB; each further KB; each index term that comes or goes. */
  write: 2.95,
  writeKilobyte: 17.72 / 63,
  writeTerm: 0.1,
  /** A page of a query or feed in one partition; each use of an index path; what is loaded and what is answered. */
  page: 2.28,
  lookup: 0.05,
  itemLoaded: 0.02,
  loadedKilobyte: 0.03,
  returnedKilobyte: 0.06,
  /** A look-up that found nothing, and a write whose condition did not hold. */
  failed: 1.24,
  /** A script started, and each KB of its source, arguments and result; what it reads and writes comes on top. */
  script: 1,
  scriptKilobyte: 0.06,
  /** Databases, containers, offers, partition key ranges and query plans. */
  catalogRead: 1,
  catalogWrite: 4.95,
} as const;

const kilobyte = 1024;

/** Charges are told with two digits, and what is told is what is taken. */
export function roundCharge(charge: number): number {
  return Math.round(charge * 100) / 100;
}

function kilobytesAbove1(bytes: number): number {
  return Math.max(0, bytes / kilobyte - 1);
}

export function readCharge(bytes: number): number {
  return roundCharge(rates.pointRead + kilobytesAbove1(bytes) * rates.pointReadKilobyte);
}

function versionCharge(bytes: number): number {
  return rates.write + kilobytesAbove1(bytes) * rates.writeKilobyte;
}

/** A new item, or one that goes: its version and all its terms. */
export function insertCharge(bytes: number, terms: number): number {
  return roundCharge(versionCharge(bytes) + terms * rates.writeTerm);
}

/** A replace ends one version and makes another; of terms only those that come or go count. */
export function replaceCharge(bytesBefore: number, bytesAfter: number, termsChanged: number): number {
  return roundCharge(versionCharge(bytesBefore) + versionCharge(bytesAfter) + termsChanged * rates.writeTerm);
}

export interface PageWork {
  /** Uses of the index. */
  readonly lookups: number;
  readonly itemsLoaded: number;
  readonly bytesLoaded: number;
  readonly bytesReturned: number;
}

/** What one page did in one physical partition; partitions add up, and so do the pages of a query. */
export function pageCharge({ lookups, itemsLoaded, bytesLoaded, bytesReturned }: PageWork): number {
  return roundCharge(
    rates.page +
      lookups * rates.lookup +
      itemsLoaded * rates.itemLoaded +
      (bytesLoaded / kilobyte) * rates.loadedKilobyte +
      (bytesReturned / kilobyte) * rates.returnedKilobyte,
  );
}

/** Items of 1 KB that a page may still load and answer for so many RU. */
export function pageItemsFor(charge: number): number {
  return Math.floor(charge / (rates.itemLoaded + rates.loadedKilobyte + rates.returnedKilobyte));
}

/** A stored procedure or trigger; `operations` is the sum of what its reads and writes were charged. */
export function scriptCharge(bytes: number, operations: number): number {
  return roundCharge(rates.script + (bytes / kilobyte) * rates.scriptKilobyte + operations);
}

/** Failures that were found out in a partition and cost the look-up. Others cost nothing: least of all a 429. */
const chargedFailures: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ItemNotFound',
  'ItemExists',
  'UniqueKeyViolation',
  'PreconditionFailed',
  'NotModified',
  'PartitionKeyMismatch',
  'ImmutableField',
]);

export function failureCharge(code: ErrorCode): number {
  return chargedFailures.has(code) ? rates.failed : 0;
}

/** Resources of the catalog cost a fixed small charge to read, a larger one to change. */
export const catalogReadCharge = rates.catalogRead;
export const catalogWriteCharge = rates.catalogWrite;
