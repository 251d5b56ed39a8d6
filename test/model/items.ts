// Random items as each of five doors makes them: the stored bodies that every other door must show and keep.

import { bsonOfJson } from '../../model/bson/json-read.ts';
import { Raw } from '../../model/bson/walk.ts';
import { BsonType } from '../../model/bson/types.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { readInt64, utf8 } from '../../model/bytes.ts';
import type { EdmType } from '../../model/edm-view.ts';
import { rawOfExtended, ticksMax } from '../../model/extended.ts';
import { rawOfGraphson } from '../../model/graphson-read.ts';
import { mergeRow, type Cell, type ColumnType } from '../../model/relational-view.ts';
import { bodyOfEdm, type EdmProperty } from './edm-oracle.ts';
import {
  appendFields,
  appendRandom,
  type Random,
  randomDouble,
  randomJsonObject,
  randomName,
  randomText,
} from './random.ts';

/** The `id` of every random item. */
export const itemId = 'the id';

export type ItemKind = 'BSON' | 'JSON' | 'Edm' | 'Gremlin' | 'relational';
export const itemKinds: readonly ItemKind[] = ['BSON', 'JSON', 'Edm', 'Gremlin', 'relational'];

function randomLong(random: Random): bigint {
  return readInt64(random.bytes(8), 0) >> BigInt(random.below(64));
}

function digitsOf(random: Random, count: number): string {
  return Array.from({ length: 1 + random.below(count) }, () => random.below(10)).join('');
}

function randomDigits(random: Random): string {
  const sign = random.chance(50) ? '-' : '';
  return `${sign}${digitsOf(random, 50)}${random.chance(60) ? `.${digitsOf(random, 12)}` : ''}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** A UTC time with up to `digits` digits of a second. */
function randomTime(random: Random, digits: number): string {
  const count = random.below(digits + 1);
  const fraction = count === 0 ? '' : `.${Array.from({ length: count }, () => random.below(10)).join('')}`;
  const date = `${1 + random.below(9999)}`.padStart(4, '0');
  return `${date}-${twoDigits(1 + random.below(12))}-${twoDigits(1 + random.below(28))}T${twoDigits(random.below(24))}:${twoDigits(random.below(60))}:${twoDigits(random.below(60))}${fraction}Z`;
}

function randomGuid(random: Random): string {
  const hex = Buffer.from(random.bytes(16)).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A value of each kind of `extended.ts`, canonical or not, and payloads that are opaque. */
function randomExtended(random: Random): Raw {
  switch (random.below(9)) {
    case 0:
      return rawOfExtended({ kind: 'ticks', ticks: (BigInt(random.bits()) * ticksMax) >> 32n });
    case 1:
      return rawOfExtended({ kind: 'byte', value: random.below(256) - 128 });
    case 2:
      return rawOfExtended({ kind: 'short', value: random.below(65536) - 32768 });
    case 3:
      return rawOfExtended({
        kind: 'float',
        value: random.pick([0, -0, 1, NaN, Infinity, Math.fround(randomDouble(random))]),
      });
    case 4:
      return rawOfExtended({ kind: 'bigInteger', value: randomLong(random) * randomLong(random) });
    case 5:
      return rawOfExtended({ kind: 'bigDecimal', unscaled: randomLong(random), scale: random.below(80) - 40 });
    case 6:
      return rawOfExtended({ kind: 'duration', seconds: randomLong(random), nanos: random.below(1e9) });
    case 7:
      return rawOfExtended({
        kind: 'offsetDateTime',
        seconds: BigInt(random.bits()),
        nanos: random.below(1e9),
        offsetSeconds: random.below(36 * 3600) - 18 * 3600,
      });
    default: {
      const bytes = random.bytes(1 + random.below(18));
      bytes[0] = random.below(10);
      const document = new BsonWriter().beginDocument().binary('', 0x80, bytes).end().finish();
      return new Raw(document, BsonType.binary, 6, document.length - 1);
    }
  }
}

function bsonItem(random: Random): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('id', itemId);
  appendFields(random, writer, 3);
  if (random.chance(50)) writer.raw('extended', randomExtended(random));
  if (random.chance(20))
    writer.beginArray('more').raw('', randomExtended(random)).raw('', randomExtended(random)).end();
  if (random.chance(10)) writer.int64('_ts', 5n);
  if (random.chance(10)) appendRandom(random, writer, 'label', 1);
  return writer.end().finish();
}

function jsonItem(random: Random): Uint8Array {
  return bsonOfJson(utf8(JSON.stringify({ id: itemId, ...randomJsonObject(random, 3) })));
}

/** A count of different names, none of them `id`. */
function randomNames(random: Random): string[] {
  const names = new Set(Array.from({ length: random.below(8) }, () => randomName(random)));
  return [...names].filter((name) => name !== 'id');
}

function randomEdm(random: Random): { readonly type: EdmType; readonly value: string } {
  switch (random.below(8)) {
    case 0:
      return { type: 'Edm.String', value: randomText(random) };
    case 1:
      return { type: 'Edm.Binary', value: Buffer.from(random.bytes(random.below(12))).toString('base64') };
    case 2:
      return { type: 'Edm.Boolean', value: String(random.chance(50)) };
    case 3:
      return { type: 'Edm.DateTime', value: randomTime(random, 7) };
    case 4: {
      const value = random.pick([NaN, Infinity, -Infinity, -0, randomDouble(random), randomDouble(random)]);
      return { type: 'Edm.Double', value: Object.is(value, -0) ? '-0' : String(value) };
    }
    case 5:
      return { type: 'Edm.Guid', value: randomGuid(random) };
    case 6:
      return { type: 'Edm.Int32', value: String(random.bits() | 0) };
    default:
      return { type: 'Edm.Int64', value: randomLong(random).toString() };
  }
}

function edmItem(random: Random): Uint8Array {
  const properties: EdmProperty[] = [{ name: 'id', type: 'Edm.String', value: itemId }];
  for (const name of randomNames(random)) properties.push({ name, ...randomEdm(random) });
  return bodyOfEdm(properties);
}

function typed(type: string, value: string): string {
  return `{"@type":"${type}","@value":${value}}`;
}

function randomGraphson(random: Random, levels: number): string {
  const text = (): string => JSON.stringify(randomText(random));
  switch (random.below(levels > 0 ? 19 : 16)) {
    case 0:
      return random.pick(['true', 'false', 'null']);
    case 1:
      return typed('g:Int32', String(random.bits() | 0));
    case 2:
      return typed('g:Int64', randomLong(random).toString());
    case 3:
      return typed('g:Double', random.chance(20) ? '"NaN"' : JSON.stringify(randomDouble(random)));
    case 4:
      return typed('g:Float', random.pick(['"Infinity"', '0.1', '-0.0', '16777217', '1e-45', '3.4028235e38']));
    case 5:
      return typed('gx:Byte', String(random.below(256) - 128));
    case 6:
      return typed('gx:Int16', String(random.below(65536) - 32768));
    case 7:
      return typed('gx:BigInteger', (randomLong(random) * randomLong(random)).toString());
    case 8:
      return typed('gx:BigDecimal', randomDigits(random).replace(/^(-?)0+(?=\d)/, '$1'));
    case 9:
      return typed('gx:Duration', `"PT${random.below(1e6)}.${random.below(1e9)}S"`);
    case 10:
      return typed('g:UUID', `"${randomGuid(random)}"`);
    case 11:
      return typed('g:Date', String(randomLong(random)));
    case 12:
      return typed(
        'gx:OffsetDateTime',
        `"${randomTime(random, 9).replace('Z', random.pick(['Z', '+02:00']))}"`
          .replace('"0001', '"0002')
          .replace('"9999', '"9998'),
      );
    case 13:
      return typed('gx:ByteBuffer', `"${Buffer.from(random.bytes(random.below(9))).toString('base64')}"`);
    case 14:
    case 15:
      return text();
    case 16:
    case 17:
      return typed(
        random.pick(['g:List', 'g:Set']),
        `[${Array.from({ length: random.below(4) }, () => randomGraphson(random, levels - 1)).join(',')}]`,
      );
    default:
      return typed(
        'g:Map',
        `[${randomNames(random)
          .map((name) => `${JSON.stringify(name)},${randomGraphson(random, levels - 1)}`)
          .join(',')}]`,
      );
  }
}

/** A vertex, or now and then an edge, in the stored form of data-model.md "Graph". */
function gremlinItem(random: Random): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('id', itemId).string('label', 'person');
  const value = (): Raw => rawOfGraphson(randomGraphson(random, 2));
  const names = randomNames(random).filter((name) => name !== 'label' && name !== 'pk');
  if (random.chance(20)) {
    writer.boolean('_isEdge', true).string('_vertexId', 'a').string('_sink', 'b').string('pk', 'p');
    for (const name of names) writer.raw(name, value());
    return writer.end().finish();
  }
  writer.string('pk', 'p');
  for (const name of names) {
    writer.beginArray(name);
    for (let count = 1 + random.below(3); count > 0; count--) {
      writer.beginObject('').string('id', `${random.bits()}`).raw('_value', value());
      if (random.chance(20)) {
        writer.beginObject('_meta');
        for (const key of randomNames(random)) writer.raw(key, value());
        writer.end();
      }
      writer.end();
    }
    writer.end();
  }
  return writer.end().finish();
}

function randomCell(random: Random): { readonly type: ColumnType; readonly value: string | null } {
  const edm = randomEdm(random);
  switch (random.below(10)) {
    case 0:
      return { type: 'text', value: randomText(random) };
    case 1:
      return { type: 'integer', value: String(random.bits() | 0) };
    case 2:
      return { type: 'bigint', value: randomLong(random).toString() };
    case 3:
      return { type: 'double precision', value: edm.type === 'Edm.Double' ? edm.value : '-0' };
    case 4:
      return {
        type: 'numeric',
        value: random.chance(10) ? random.pick(['NaN', '-Infinity', '-0.00']) : randomDigits(random),
      };
    case 5:
      return { type: 'boolean', value: String(random.chance(50)) };
    case 6:
      return { type: 'timestamp', value: randomTime(random, 7) };
    case 7:
      return { type: 'bytea', value: `\\x${Buffer.from(random.bytes(random.below(9))).toString('hex')}` };
    case 8:
      return { type: 'uuid', value: randomGuid(random) };
    default:
      return { type: 'jsonb', value: JSON.stringify(randomJsonObject(random, 2)) };
  }
}

function relationalItem(random: Random): Uint8Array {
  const cells: Cell[] = [{ name: 'id', type: 'text', value: itemId }];
  for (const name of randomNames(random)) cells.push({ name, ...randomCell(random) });
  return mergeRow(new BsonWriter().beginDocument().end().finish(), cells);
}

const makers: Readonly<Record<ItemKind, (random: Random) => Uint8Array>> = {
  BSON: bsonItem,
  JSON: jsonItem,
  Edm: edmItem,
  Gremlin: gremlinItem,
  relational: relationalItem,
};

export function randomItemOf(kind: ItemKind, random: Random): Uint8Array {
  return makers[kind](random);
}
