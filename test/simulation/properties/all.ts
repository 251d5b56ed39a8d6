// Every property, in the order in which a violation tells most.

import type { Property } from '../outcome.ts';
import { conditionsAreLinear } from './conditions-are-linear.ts';
import { denseAndChained } from './dense-and-chained.ts';
import { entriesAreWhole } from './entries-are-whole.ts';
import { nothingAcknowledgedIsLost } from './nothing-acknowledged-is-lost.ts';
import { oneWriterPerEpoch } from './one-writer-per-epoch.ts';
import { refusedForCertainIsAbsent } from './refused-for-certain-is-absent.ts';

export const properties: readonly Property[] = [
  denseAndChained,
  entriesAreWhole,
  nothingAcknowledgedIsLost,
  refusedForCertainIsAbsent,
  oneWriterPerEpoch,
  conditionsAreLinear,
];
