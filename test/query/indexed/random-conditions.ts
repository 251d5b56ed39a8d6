// Random items of every BSON type and random conditions on their paths, as Cosmos SQL texts.

import { type BsonWriter } from '../../../model/bson/write.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { appendRandom, type Random } from '../../model/random.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { itemOf } from './host.ts';

const names = ['a', 'b', 'c'] as const;
const long = 'x'.repeat(95);
const texts = ['', 'a', 'b', 'ab', 'é', '😀', long, `${long}x`, `${long}xa`, `${long}xb`, `${long}xab`, '\uffff'];
const numbers = [0, -0, 1, 2, 3, -1, 0.5, 1e21, 2 ** 53, 2 ** 53 + 2, 1.7976931348623157e308, -1.7976931348623157e308];
const longs = [1n, 2n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n];

function decimal(text: 'NaN' | 'Infinity' | '1' | '0.1' | '1e400' | '-1e400' | 'max'): Raw {
  const bytes = new Uint8Array(16);
  const finite = (coefficient: number, exponent: number, negative = false): void => {
    bytes[0] = coefficient;
    const biased = exponent + 6176;
    bytes[14] = (biased << 1) & 0xff;
    bytes[15] = (biased >> 7) | (negative ? 0x80 : 0);
  };
  if (text === 'NaN') bytes[15] = 0x7c;
  else if (text === 'Infinity') bytes[15] = 0x78;
  else if (text === '1') finite(1, 0);
  else if (text === '0.1') finite(1, -1);
  else if (text === 'max') finite(18, 307);
  else finite(1, 400, text.startsWith('-'));
  return new Raw(bytes, BsonType.decimal128, 0, 16);
}

export function writeRandom(random: Random, writer: BsonWriter, name: string, depth: number): void {
  switch (random.below(depth > 0 ? 20 : 14)) {
    case 0:
    case 1:
    case 2:
      writer.string(name, random.pick(texts));
      return;
    case 3:
    case 4:
      writer.double(name, random.pick(numbers));
      return;
    case 5:
    case 6:
      writer.int32(name, random.below(6) - 1);
      return;
    case 7:
      writer.int64(name, random.pick(longs));
      return;
    case 8:
      writer.boolean(name, random.chance(50));
      return;
    case 9:
      writer.null(name);
      return;
    case 10:
      writer.double(name, random.pick([NaN, Infinity, -Infinity]));
      return;
    case 11:
      writer.raw(name, decimal(random.pick(['NaN', 'Infinity', '1', '0.1', '1e400', '-1e400', 'max'] as const)));
      return;
    case 12:
    case 13:
      appendRandom(random, writer, name, 1);
      return;
    case 14:
    case 15:
    case 16:
      writer.beginArray(name);
      for (let count = random.below(4); count > 0; count--) writeRandom(random, writer, '', depth - 1);
      writer.end();
      return;
    default:
      writer.beginObject(name);
      writeFields(random, writer, depth - 1);
      writer.end();
  }
}

function writeFields(random: Random, writer: BsonWriter, depth: number): void {
  for (const name of names) if (random.chance(60)) writeRandom(random, writer, name, depth);
  if (random.chance(8)) writer.string('$oid', random.pick(texts));
}

/** Values that SQL orders as their terms lie: no arrays, no objects. */
function writeOrdered(random: Random, writer: BsonWriter, name: string): void {
  switch (random.below(6)) {
    case 0:
      writer.string(name, random.pick(texts));
      return;
    case 1:
      writer.double(name, random.pick(numbers));
      return;
    case 2:
      writer.int32(name, random.below(6) - 1);
      return;
    case 3:
      writer.int64(name, random.pick(longs));
      return;
    case 4:
      writer.boolean(name, random.chance(50));
      return;
    default:
      writer.null(name);
  }
}

/** `o` and `p` hold what has a place in the order of terms; all else is of any type. */
export function randomItem(random: Random, id: string): Uint8Array {
  return itemOf(id, random.pick(['p', 'q']), (writer) => {
    writeFields(random, writer, 3);
    if (random.chance(80)) writeOrdered(random, writer, 'o');
    if (random.chance(80)) writer.int32('p', random.below(4));
    if (random.chance(70)) {
      writer.beginArray('tags');
      for (let count = random.below(4); count > 0; count--) writeRandom(random, writer, '', 1);
      writer.end();
    }
  });
}

export class ConditionMaker {
  readonly #random: Random;
  readonly parameters: Record<string, unknown> = {};

  constructor(random: Random) {
    this.#random = random;
  }

  path(root = 'c'): string {
    const random = this.#random;
    let text = root;
    const length = 1 + random.below(3);
    for (let i = 0; i < length; i++) {
      const kind = random.below(20);
      if (kind === 0) text += '[0]';
      else if (kind === 1 && i > 0)
        text += `["${random.pick(['$oid', '$date', '$numberDouble', '$binary', '$numberDecimal'])}"]`;
      else if (kind === 2 && i === 0 && root === 'c') return random.pick(['c.id', 'c._ts', 'c.o', 'c._etag']);
      else if (kind === 3 && i === 0) text += '.tags';
      else text += `.${random.pick(names)}`;
    }
    return text;
  }

  #plain(depth = 1): unknown {
    const random = this.#random;
    const kind = random.below(depth > 0 ? 14 : 10);
    if (kind < 4) return random.pick(texts);
    if (kind < 8) return random.chance(50) ? random.below(6) - 1 : random.pick(numbers);
    if (kind === 8) return random.chance(50);
    if (kind === 9) return null;
    if (kind < 12) return Array.from({ length: random.below(3) }, () => this.#plain(depth - 1));
    if (random.chance(20)) return { $numberDouble: random.pick(['NaN', 'Infinity']) };
    return Object.fromEntries(
      names.filter(() => random.chance(40)).map((name) => [name, this.#plain(depth - 1)] as const),
    );
  }

  constant(): string {
    const random = this.#random;
    const kind = random.below(12);
    if (kind === 0) return 'undefined';
    if (kind === 1) return '(1 / 0)';
    if (kind === 2) return '(1 + 1)';
    if (kind === 3) return "CONCAT('a', 'b')";
    if (kind === 4) return "'item-3'";
    if (kind === 5) return String(Date.UTC(2026, 0, 1) / 1000 + random.below(60));
    const plain = this.#plain();
    if (random.chance(50)) {
      const name = `@p${Object.keys(this.parameters).length}`;
      this.parameters[name] = plain;
      return name;
    }
    return JSON.stringify(plain);
  }

  leaf(root: string): string {
    const random = this.#random;
    const path = this.path(root);
    switch (random.below(22)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const operator = random.pick(['=', '!=', '<', '<=', '>', '>=']);
        return random.chance(80) ? `${path} ${operator} ${this.constant()}` : `${this.constant()} ${operator} ${path}`;
      }
      case 4:
        return `${path}${random.chance(30) ? ' NOT' : ''} BETWEEN ${this.constant()} AND ${this.constant()}`;
      case 5:
        return `${path}${random.chance(30) ? ' NOT' : ''} IN (${Array.from({ length: 1 + random.below(7) }, () => this.constant()).join(', ')})`;
      case 6:
        return `IS_DEFINED(${path})`;
      case 7:
        return `${random.pick(['IS_NULL', 'IS_STRING', 'IS_NUMBER', 'IS_BOOL', 'IS_ARRAY', 'IS_OBJECT', 'IS_PRIMITIVE', 'IS_INTEGER', 'IS_FINITE_NUMBER'])}(${path})`;
      case 8:
        return `STARTSWITH(${path}, ${this.constant()}${random.chance(30) ? ', true' : ''})`;
      case 9:
        return `${path}${random.chance(30) ? ' NOT' : ''} LIKE '${random.pick(['a%', 'a', '%', '', 'a_', '%b', `${long}x%`, `${long}xa%`])}'`;
      case 10:
      case 11:
        return `ARRAY_CONTAINS(${random.chance(50) ? `${root}.tags` : path}, ${this.constant()}${random.chance(40) ? `, ${random.pick(['true', 'false'])}` : ''})`;
      case 12:
        return `ARRAY_LENGTH(${path}) ${random.pick(['=', '!=', '<', '<=', '>', '>='])} ${random.chance(70) ? random.below(4) : this.constant()}`;
      case 13:
        return `STRINGEQUALS(${path}, ${this.constant()})`;
      case 14:
        return path;
      case 15: {
        const array = random.chance(60) ? `${root}.tags` : path;
        const element = `t${root.length}`;
        const select = random.pick(['1', element, `${element}.a`]);
        const where = random.chance(85) ? ` WHERE ${this.condition(1, element)}` : '';
        return `EXISTS(SELECT VALUE ${select} FROM ${element} IN ${array}${where})`;
      }
      case 16:
        return random.pick([
          'true',
          'false',
          '1 = 2',
          `${path} = ${this.path(root)}`,
          `CONTAINS(${path}, 'a')`,
          '1 + 1',
        ]);
      case 17:
      case 18:
      case 19:
      case 20:
        return this.#tested(path);
      default:
        return `${path} = ${JSON.stringify(random.pick(texts))}`;
    }
  }

  /** Tests that no range of terms expresses. */
  #tested(path: string): string {
    const random = this.#random;
    return random.pick([
      `CONTAINS(${path}, ${this.constant()})`,
      `CONTAINS(${path}, 'A', true)`,
      `ENDSWITH(${path}, ${this.constant()})`,
      `STRINGEQUALS(${path}, 'AB', true)`,
      `STARTSWITH(${path}, 'A', true)`,
      `REGEXMATCH(${path}, '^a?b$')`,
      `${path} LIKE '%b%'`,
      `${path} NOT LIKE 'a_'`,
      `UPPER(${path}) = 'AB'`,
      `LENGTH(${path}) ${random.pick(['=', '<', '>=', '!='])} ${random.below(3)}`,
      `LEFT(${path}, 1) = 'a'`,
      `${path} % 3 = ${random.below(3)}`,
      `${path} + 1 ${random.pick(['=', '<', '>=', '!='])} 2`,
      `-${path} > ${random.below(3)}`,
      `ABS(${path}) ${random.pick(['<', '='])} 1`,
      `1 / ${path} > 0`,
      `(${path} & 1) = 1`,
      `${path} * 0 = 0`,
      `TOSTRING(${path}) = '${random.pick(['1', 'true', 'a'])}'`,
      `(${path} ?? 1) = 1`,
      `(${path} > 1 ? ${path} < 3 : ${path} = 'a')`,
      `${path} || 'b' = 'ab'`,
      `ARRAY_LENGTH(${path}) + 1 = 2`,
      `${path} IN (1, ${path})`,
      `NOT CONTAINS(${path}, 'a')`,
      `IS_INTEGER(${path})`,
      `[${path}] = [1]`,
      `ARRAY_CONTAINS([1, 'a', null], ${path})`,
    ]);
  }

  condition(depth: number, root = 'c'): string {
    const random = this.#random;
    // An element can itself be what is compared.
    const leaf = (): string => {
      const text = this.leaf(root);
      return root !== 'c' && random.chance(40) ? text.replace(this.#firstPath(text, root), root) : text;
    };
    if (depth <= 0 || random.chance(25)) return leaf();
    const kind = random.below(5);
    if (kind === 0) return `NOT (${this.condition(depth - 1, root)})`;
    const count = 2 + random.below(2);
    const parts = Array.from({ length: count }, () => `(${this.condition(depth - 1, root)})`);
    return parts.join(kind < 3 ? ' AND ' : ' OR ');
  }

  #firstPath(text: string, root: string): string {
    const found = new RegExp(`${root}(\\.[a-z]+|\\[[^\\]]*\\])+`).exec(text);
    return found?.[0] ?? root;
  }
}
