// PLACE OF THE FILTER OF TABLES, until it is merged.

import { refusal } from '../errors.ts';

export function parseTableFilter(text: string | undefined): (name: string) => boolean {
  if (text === undefined || text.trim() === '') return () => true;
  throw refusal('NotImplemented', '$filter');
}
