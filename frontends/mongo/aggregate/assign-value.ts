// One value put at a path of a document, as `$addFields` puts it: where `$lookup` and `$graphLookup` leave what they found.

import type { Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { fieldPath } from '../field-path.ts';
import { addChild, assign, noAssignments, type Assignments } from './assign.ts';
import { Frame } from './scope.ts';

/** What puts a value at the path. */
export function compileAssigner(dotted: string): (document: Uint8Array, value: Raw) => Uint8Array {
  const frame = new Frame(0);
  let leaf: Assignments | (() => Raw | undefined) = () => frame.root;
  for (const name of [...fieldPath(dotted)].reverse()) {
    const node = noAssignments();
    addChild(node, name, leaf);
    leaf = node;
  }
  const root = leaf as Assignments;
  return (document, value) => {
    frame.root = value;
    const writer = new BsonWriter(document.length + value.end - value.start + 64).beginDocument();
    assign(root, document, 0, writer, frame);
    return writer.end().finish();
  };
}
