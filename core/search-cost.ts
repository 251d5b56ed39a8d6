// What ways to some items cost, in terms of an order that are walked: by which one of them is chosen.

/** Measured: what reading one item costs, as many terms of an order walked. */
export const termsPerItem = 25;

/** Terms to walk until so many of the hits are met, if these lie evenly. */
export function termsUntil(items: number, hits: number, limit: number): number {
  return hits <= limit ? items : (items * limit) / hits;
}

/** Whether walking the order of a path costs less than reading every hit and sorting. */
export function isWorthOrder(items: number, hits: number, limit: number): boolean {
  return termsUntil(items, hits, limit) + termsPerItem * Math.min(hits, limit) < termsPerItem * hits * 1.25;
}
