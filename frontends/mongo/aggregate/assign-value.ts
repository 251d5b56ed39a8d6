// One value put at a path of a document, as `$addFields` puts it: where `$lookup` and `$graphLookup` leave what they found.

import { BsonType } from '../../../model/bson/types.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { fieldPath } from '../field-path.ts';
import { assign, type Assignments } from './assign.ts';
import { Frame } from './scope.ts';

/** What puts an array, given as its bytes, at the path. */
export function compileAssigner(dotted: string): (document: Uint8Array, array: Uint8Array) => Uint8Array {
  const frame = new Frame(0);
  let leaf: Assignments | (() => Raw | undefined) = () => frame.root;
  for (const name of [...fieldPath(dotted)].reverse()) leaf = { children: new Map([[name, leaf]]) };
  const root = leaf as Assignments;
  return (document, array) => {
    frame.root = new Raw(array, BsonType.array, 0, array.length);
    const writer = new BsonWriter(document.length + array.length + 64).beginDocument();
    assign(root, document, 0, writer, frame);
    return writer.end().finish();
  };
}
