// The document an upsert inserts: the equalities its filter demands, then the update applied to them as to a new
// document, then `_id`. Source: MongoDB manual, "Upsert with Operator Expressions".

import { BsonWriter } from '../../model/bson/write.ts';
import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import type { Path, Predicate } from '../../model/predicate.ts';
import { prepareDocument } from './document.ts';
import { MongoCode, MongoError } from './errors.ts';
import { applyTree } from './update/apply.ts';
import type { EditContext } from './update/modifier.ts';
import { setModifier } from './update/scalar.ts';
import { addModifier, emptyNode, sortedTree } from './update/tree.ts';
import type { Update } from './update.ts';

const noDocument = new BsonWriter().beginDocument().end().finish();
const noFilters = new Map<string, (element: Raw) => boolean>();

interface Equality {
  readonly path: Path;
  readonly value: Raw;
}

/** Values that every matching document must have. Depth is that of a parsed filter, which is bounded. */
function equalities(predicate: Predicate, found: Equality[]): void {
  if (predicate.kind === 'and') {
    for (const clause of predicate.of) equalities(clause, found);
  } else if (predicate.kind === 'path') {
    const { path, test } = predicate;
    if (test.kind === 'compare' && test.operator === 'eq') found.push({ path, value: test.value });
    else if (test.kind === 'in' && test.values.length === 1 && test.patterns.length === 0)
      found.push({ path, value: test.values[0]! });
  }
}

/** The equalities as a document. */
function seedDocument(predicate: Predicate, context: EditContext): Uint8Array {
  const found: Equality[] = [];
  equalities(predicate, found);
  const root = emptyNode();
  for (const { path, value } of found) {
    try {
      addModifier(root, path, setModifier(value));
    } catch (error) {
      if (!(error instanceof MongoError)) throw error;
      throw new MongoError(
        MongoCode.NotSingleValueField,
        `cannot infer query fields to set, path '${path.join('.')}' is matched twice`,
      );
    }
  }
  return applyTree(sortedTree(root), noDocument, context, noFilters);
}

/** The document to insert when nothing matched `predicate`. `newId` gives an `_id`, if one is made, when neither side names one. */
export function upsertDocument(
  predicate: Predicate,
  update: Update,
  context: Omit<EditContext, 'inserting' | 'position'>,
  newId: () => Raw | undefined,
): Uint8Array {
  const inserting: EditContext = { ...context, position: -1, inserting: true };
  let seed: Uint8Array;
  if (update.kind !== 'replacement') {
    seed = seedDocument(predicate, inserting);
  } else {
    const id = fieldOf(seedDocument(predicate, inserting), '_id');
    const writer = new BsonWriter().beginDocument();
    if (id !== undefined) writer.raw('_id', id);
    seed = writer.end().finish();
  }
  return prepareDocument(update.edit(seed, inserting), context.timestamp, newId);
}
