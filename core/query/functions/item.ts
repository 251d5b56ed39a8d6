// Functions of a whole item.

import { isObject } from '../elements.ts';
import { fieldOfValue } from '../compile/path.ts';
import type { FunctionRow } from './row.ts';

/** The last 8 of a resource id's 16 bytes number the item within its container. */
function itemNumber(resourceId: string): number | undefined {
  const base64 = resourceId.replaceAll('-', '/');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  let bytes: string;
  try {
    bytes = atob(base64);
  } catch {
    // A text of the right letters and a wrong length is no resource id.
    return undefined;
  }
  if (bytes.length !== 16) return undefined;
  let number = 0;
  for (let i = 15; i >= 8; i--) number = number * 256 + bytes.charCodeAt(i);
  return number;
}

export const itemFunctions: readonly FunctionRow[] = [
  {
    name: 'DOCUMENTID',
    arity: [1, 1],
    evaluate: (context, item) => {
      if (!isObject(item)) return undefined;
      const resourceId = fieldOfValue(context.semantics, item, '_rid');
      return typeof resourceId === 'string' ? itemNumber(resourceId) : undefined;
    },
  },
];
