// Between strings and other values: ToString and the StringTo… family, which read JSON and nothing looser.

import { isWellFormed } from '../../../model/bytes.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { BsonType } from '../../../model/bson/types.ts';
import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import { elementsOf, fieldsOf } from '../elements.ts';
import { checkComputedBytes, checkTextLength } from '../limits.ts';
import type { FunctionRow } from './row.ts';

/** Levels of nesting the text given to StringToArray and StringToObject may have; deeper gives undefined. */
const textDepthMax = 128;

/** JSON text of a value as the language shows it. Stored depth is bounded, computed depth by the query's. */
function jsonText(context: EvaluationContext, value: Value, parts: string[], length: { total: number }): void {
  const { semantics } = context;
  const add = (text: string): void => {
    checkTextLength((length.total += text.length));
    parts.push(text);
  };
  if (typeof value === 'string') return add(JSON.stringify(value));
  if (typeof value === 'bigint') return add(String(value));
  if (value instanceof Raw) {
    const number = semantics.numberOf(value);
    if (number !== undefined) return add(String(number));
    const shown = semantics.view(value) as Raw;
    const isList = shown.type === BsonType.array;
    add(isList ? '[' : '{');
    let first = true;
    const children: readonly (readonly [string | undefined, Value])[] = isList
      ? elementsOf(shown).map((element) => [undefined, element] as const)
      : fieldsOf(shown);
    for (const [name, child] of children) {
      if (!first) add(',');
      first = false;
      if (name !== undefined) add(`${JSON.stringify(name)}:`);
      jsonText(context, child, parts, length);
    }
    return add(isList ? ']' : '}');
  }
  const shown = semantics.view(value);
  if (shown instanceof Raw) return jsonText(context, shown, parts, length);
  add(String(shown));
}

/** Depth of brackets outside strings, to refuse deep text before the parser recurses into it. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === 92) i++;
      else if (unit === 34) inString = false;
    } else if (unit === 34) inString = true;
    else if (unit === 91 || unit === 123) {
      if (++depth > textDepthMax) return true;
    } else if (unit === 93 || unit === 125) depth--;
  }
  return false;
}

function parseJson(text: string): unknown {
  if (!isWellFormed(text) || isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: the functions answer undefined.
    return undefined;
  }
}

function writeJson(writer: BsonWriter, name: string, json: unknown): void {
  if (json === null) writer.null(name);
  else if (typeof json === 'boolean') writer.boolean(name, json);
  else if (typeof json === 'number') writer.double(name, json);
  else if (typeof json === 'string') writer.string(name, json);
  else if (Array.isArray(json)) {
    writer.beginArray(name);
    for (const element of json) writeJson(writer, '', element);
    writer.end();
  } else {
    writer.beginObject(name);
    for (const [field, child] of Object.entries(json as object)) writeJson(writer, field, child);
    writer.end();
  }
  checkComputedBytes(writer.length);
}

/** A BSON name ends at its first zero, so a JSON name with one cannot be kept. */
function hasZeroInName(json: unknown): boolean {
  if (json === null || typeof json !== 'object') return false;
  if (Array.isArray(json)) return json.some(hasZeroInName);
  return Object.entries(json).some(([name, child]) => name.includes('\0') || hasZeroInName(child));
}

function container(text: Value, wants: 'array' | 'object'): Value {
  if (typeof text !== 'string') return undefined;
  const json = parseJson(text);
  if (json === null || typeof json !== 'object' || Array.isArray(json) !== (wants === 'array')) return undefined;
  if (hasZeroInName(json)) return undefined;
  const writer = new BsonWriter().beginDocument();
  writeJson(writer, '', json);
  const bytes = writer.end().finish();
  // int32 length, type, empty name: the value's own bytes start at 6.
  return new Raw(bytes, wants === 'array' ? BsonType.array : BsonType.object, 6, bytes.length - 1);
}

function scalar(name: string, accepts: (json: unknown) => boolean): FunctionRow {
  return {
    name,
    arity: [1, 1],
    evaluate: (_context, text) => {
      // The longest scalar is a number; anything much longer is none and need not be parsed.
      if (typeof text !== 'string' || text.length > 2_000) return undefined;
      const json = parseJson(text);
      return accepts(json) ? (json as Value) : undefined;
    },
  };
}

export const textConversionFunctions: readonly FunctionRow[] = [
  {
    name: 'TOSTRING',
    arity: [1, 1],
    evaluate: (context, value) => {
      if (value === undefined || typeof value === 'string') return value;
      const parts: string[] = [];
      jsonText(context, value, parts, { total: 0 });
      return parts.join('');
    },
  },
  { name: 'STRINGTOARRAY', arity: [1, 1], evaluate: (_context, text) => container(text, 'array') },
  { name: 'STRINGTOOBJECT', arity: [1, 1], evaluate: (_context, text) => container(text, 'object') },
  scalar('STRINGTOBOOLEAN', (json) => typeof json === 'boolean'),
  scalar('STRINGTONULL', (json) => json === null),
  scalar('STRINGTONUMBER', (json) => typeof json === 'number' && Number.isFinite(json)),
];
