// A page of databases, containers or offers. They are few and live in the catalog, so a continuation is only the
// number of the last one given; numbers are never reused.

import { DatabaseError } from '../../model/errors.ts';
import { headerOf, type CosmosRequest } from './decode.ts';
import { jsonOfFeed, type Answer } from './encode.ts';
import { pageItemsOf } from './call.ts';
import { jsonOf } from './represent.ts';

export interface Numbered {
  readonly number: number;
}

export function pageOf<Entry extends Numbered>(
  request: CosmosRequest,
  rid: string,
  name: string,
  entries: readonly Entry[],
  documentOf: (entry: Entry) => Uint8Array,
  charge: number,
): Answer {
  const after = continuationOf(request);
  const rest = [...entries].sort((a, b) => a.number - b.number).filter((entry) => entry.number > after);
  const page = rest.slice(0, pageItemsOf(request));
  return {
    status: 200,
    body: jsonOfFeed(rid, name, page.map((entry) => jsonOf(documentOf(entry)))),
    charge,
    itemCount: page.length,
    continuation: page.length < rest.length ? String(page.at(-1)!.number) : undefined,
  };
}

function continuationOf(request: CosmosRequest): number {
  const text = headerOf(request, 'x-ms-continuation');
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,15}$/.test(text))
    throw new DatabaseError('InvalidContinuation', 'the continuation is not one of this feed', { argument: 'x-ms-continuation' });
  return Number(text);
}
