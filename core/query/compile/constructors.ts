// Objects and arrays made by a query, written straight as BSON. Their size is checked as they grow: a text of a few
// bytes can name a large item many times.

import { BsonType } from '../../../model/bson/types.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { writeValue, type Value } from '../../../model/value.ts';
import { boundedArray } from '../elements.ts';
import type { Evaluate } from '../frame.ts';
import { checkComputedBytes } from '../limits.ts';
import { combine, type Compiled, type Compiler } from './compiler.ts';

function writeObject(fields: Iterable<readonly [string, Value]>): Raw {
  const writer = new BsonWriter(256).beginDocument();
  for (const [name, value] of fields) {
    if (value instanceof Raw) checkComputedBytes(writer.length + value.end - value.start);
    writeValue(writer, name, value);
    checkComputedBytes(writer.length);
  }
  const bytes = writer.end().finish();
  return new Raw(bytes, BsonType.object, 0, bytes.length);
}

export function objectConstructor(
  compiler: Compiler,
  fields: readonly { readonly name: string; readonly value: Compiled }[],
): Compiled {
  const parts = fields.map((field) => field.value);
  const names = new Set(fields.map((field) => field.name));
  let evaluate: Evaluate;
  if (names.size === fields.length) {
    evaluate = (frame) => writeObject(fields.map((field) => [field.name, field.value.evaluate(frame)] as const));
  } else {
    evaluate = (frame) => {
      const last = new Map<string, Value>();
      for (const field of fields) {
        const value = field.value.evaluate(frame);
        if (value !== undefined) last.set(field.name, value);
      }
      return writeObject(last);
    };
  }
  return combine(compiler, parts, evaluate);
}

export function arrayConstructor(compiler: Compiler, elements: readonly Compiled[]): Compiled {
  return combine(compiler, elements, (frame) => boundedArray(elements.map((element) => element.evaluate(frame))));
}
