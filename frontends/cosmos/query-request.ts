// What a query request asks: the text, its parameters, and how it may be paged (docs: "Query documents").

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf, type Raw, textOfRaw } from '../../model/bson/walk.ts';
import { badRequest } from '../../model/errors.ts';
import { valueOf, type Value } from '../../model/value.ts';
import { documentOfBody } from './body.ts';
import { headerOf, isTrue, type CosmosRequest } from './decode.ts';

/** Characters of a query's text: what the account document tells clients. */
export const queryTextMax = 262_144;

export interface SqlRequest {
  readonly text: string;
  /** By name with its mark. */
  readonly parameters: ReadonlyMap<string, Value>;
}

export function sqlRequestOf(request: CosmosRequest): SqlRequest {
  return sqlQueryOf(documentOfBody(request.body));
}

/** The query in `{ query, parameters }`. */
export function sqlQueryOf(body: Uint8Array): SqlRequest {
  const query = fieldOf(body, 'query');
  if (query === undefined || query.type !== BsonType.string) throw badRequest('the body needs a query text', 'query');
  const text = textOfRaw(query);
  if (text.length > queryTextMax) throw badRequest(`a query has at most ${queryTextMax} characters`, 'query');
  return { text, parameters: parametersIn(fieldOf(body, 'parameters')) };
}

/** Refuses a query that concerns more than one logical partition, unless the client allowed that. */
export function requireCrossPartition(request: CosmosRequest): void {
  if (!isTrue(headerOf(request, 'x-ms-documentdb-query-enablecrosspartition')))
    throw badRequest(
      'Cross partition query is required but disabled. Please set x-ms-documentdb-query-enablecrosspartition to true, ' +
        'specify x-ms-documentdb-partitionkey, or revise your query to avoid this exception.',
      'x-ms-documentdb-query-enablecrosspartition',
    );
}

function parametersIn(raw: Raw | undefined): Map<string, Value> {
  const parameters = new Map<string, Value>();
  if (raw === undefined || raw.type === BsonType.null) return parameters;
  if (raw.type !== BsonType.array) throw badRequest('parameters must be an array', 'parameters');
  const cursor = new ElementCursor(raw.bytes, raw.start);
  while (cursor.next()) {
    if (cursor.type !== BsonType.object) throw badRequest('a parameter must be an object', 'parameters');
    const entry = cursor.raw().slice();
    const name = valueOf(fieldOf(entry, 'name'));
    if (typeof name !== 'string' || !name.startsWith('@'))
      throw badRequest('the name of a parameter must begin with @', 'parameters');
    parameters.set(name, valueOf(fieldOf(entry, 'value')));
  }
  return parameters;
}
