// Request charges: deterministic from bytes and counts, whatever the cache, door or machine (data-model.md).
// Anchors are Microsoft's published figures for session consistency: reading 1 KB costs 1 RU and 64 KB
// 4.76; writing 1 KB with default indexing 4.95 and 64 KB 22.67. In between the cost is linear.

const kilobyte = 1024;

function kilobytesAbove1(bytes: number): number {
  return Math.max(0, bytes / kilobyte - 1);
}

function round(charge: number): number {
  return Math.round(charge * 100) / 100;
}

export function readCharge(bytes: number): number {
  return round(1 + kilobytesAbove1(bytes) * (3.76 / 63));
}

export function insertCharge(bytes: number): number {
  return round(4.95 + kilobytesAbove1(bytes) * (17.72 / 63));
}

/** A replace removes the old version's terms and adds the new one's. */
export function replaceCharge(bytesBefore: number, bytesAfter: number): number {
  return round(insertCharge(bytesBefore) + insertCharge(bytesAfter));
}

export function deleteCharge(bytes: number): number {
  return insertCharge(bytes);
}

/** A condition that did not hold still cost the look-up. */
export const failedConditionCharge = 1.24;

/** Resources of the catalog cost a fixed small charge to read, a larger one to change. */
export const catalogReadCharge = 1;
export const catalogWriteCharge = 4.95;

/** A feed or query page: its start, what it examined and what it returned. */
export function pageCharge(examined: number, bytesReturned: number): number {
  return round(2.28 + examined * 0.03 + (bytesReturned / kilobyte) * (3.76 / 63) * 2);
}
