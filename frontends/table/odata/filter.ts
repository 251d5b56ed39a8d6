// PLACE OF THE FILTER, until it is merged.

import { always, type Predicate } from '../../../model/predicate.ts';
import { refusal } from '../errors.ts';

export function parseFilter(text: string | undefined): Predicate {
  if (text === undefined || text.trim() === '') return always;
  throw refusal('NotImplemented', '$filter');
}
