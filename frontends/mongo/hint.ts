// The hint of a read or write: an index by name or key pattern, or `$natural`. Every path is indexed, so a hint of an
// index changes nothing but must name one that exists; `$natural` makes the server look at every document.
// Source: MongoDB manual, "cursor.hint()".

import { declaredIndexesOf } from '../../core/declared-index.ts';
import { BsonType } from '../../model/bson/types.ts';
import { fieldOf, rawDocument, textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Arguments } from './arguments.ts';
import { fieldsOf, isNumber, numberOf, truthOf } from './bson-input.ts';
import { collectionOf, type Call } from './call.ts';
import { badValue, failedToParse } from './errors.ts';
import { idIndexName, sameKey } from './index-specification.ts';
import type { Namespace } from './namespace.ts';

/** Direction of a look at every document. */
export type NaturalHint = 1 | -1;

const idKey = rawDocument(new BsonWriter(16).beginDocument().int32('_id', 1).end().finish());

/** Throws BadValue for an index that the collection does not have. */
export function hintOf(call: Call, namespace: Namespace, args: Arguments): NaturalHint | undefined {
  const hint = args.get('hint');
  if (hint === undefined) return undefined;
  if (hint.type !== BsonType.string && hint.type !== BsonType.object)
    throw failedToParse("'hint' must be either a string or an object");
  const fields = hint.type === BsonType.object ? fieldsOf(hint) : [];
  if (hint.type === BsonType.object && fields.length === 0) return undefined;
  const natural = fields.find(({ name }) => name === '$natural')?.value;
  if (natural !== undefined) {
    const direction = isNumber(natural) ? numberOf(natural) : NaN;
    if (fields.length > 1 || (direction !== 1 && direction !== -1))
      throw badValue('$natural hint must be 1 for a forward collection scan, or -1 for a reverse one');
    return direction;
  }
  const container = collectionOf(call, namespace);
  if (container !== undefined && !hasIndex(container, hint))
    throw badValue(
      `error processing query: ns=${namespace.text} planner returned error :: caused by :: ` +
        'hint provided does not correspond to an existing index',
    );
  return undefined;
}

function hasIndex(container: ContainerRecord, hint: Raw): boolean {
  const isIt = (name: string, key: Raw): boolean =>
    hint.type === BsonType.string ? textOfRaw(hint) === name : sameKey(hint, key);
  return (
    isIt(idIndexName, idKey) ||
    declaredIndexesOf(container).some(({ name, definition }) => {
      const hidden = fieldOf(definition, 'hidden');
      return (hidden === undefined || !truthOf(hidden)) && isIt(name, fieldOf(definition, 'key')!);
    })
  );
}
