// The document of the benchmarks: about 1 KB, 27 leaf values beside its id, the same from everywhere. Document `i` is
// a function of `i` alone, so nothing has to be kept to ask for it again. It is made as BSON (the engine), as an
// object (drivers) and as JSON (the SQL peers); making it is cheap, because those who measure subtract it.

import { join } from 'node:path';
import { root } from './harness.mjs';

const { BsonWriter } = await import(join(root, 'dist/model/bson/write.js'));

/** Mulberry32: small, fast, and good enough to make values look unrelated. */
function randomFrom(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const drawn = randomFrom(-7);
const words = Array.from({ length: 400 }, () =>
  Array.from({ length: 3 + Math.floor(drawn() * 6) }, () => 'abcdefghijklmnop'[Math.floor(drawn() * 16)]).join(''),
);
const textLength = 480;
const prose = Array.from({ length: 40_000 }, () => words[Math.floor(drawn() * 400)]).join(' ');

export const statuses = ['new', 'open', 'paid', 'sent', 'done'];
export const firstTime = 1_700_000_000;
/** Seconds between documents: `ts` grows with `i`, as times do. */
export const secondsApart = 3;

/** Version `version` of document `i`: the id, the partition key and the time stay, the other values are drawn anew. */
export function documentOf(i, version = 1) {
  const fixed = randomFrom(i);
  const hex = (random, bytes) => {
    let out = '';
    for (let k = 0; k < bytes; k++) out += pairs[Math.floor(random() * 256)];
    return out;
  };
  const id = hex(fixed, 12);
  const city = words[Math.floor(fixed() * 60)];
  const random = version === 1 ? fixed : randomFrom(i * 31 + version * 1_000_003);
  const below = (limit) => Math.floor(random() * limit);
  const at = below(prose.length - textLength);
  return {
    id,
    email: `${hex(random, 5)}@example.org`,
    name: `${words[below(400)]} ${words[below(400)]}`,
    percent: below(100),
    status: statuses[below(5)],
    half: random() < 0.5,
    score: Math.round(random() * 1e6) / 100 + 0.005,
    ts: firstTime + i * secondsApart,
    note: null,
    version,
    address: {
      street: `${words[below(400)]} ${below(200)}`,
      city,
      zip: String(10_000 + below(5_000)),
      country: words[below(20)],
      lat: Math.round(random() * 180e4) / 1e4 + 0.00005,
      lng: Math.round(random() * 360e4) / 1e4 + 0.00005,
    },
    tags: [`tag-${below(1_000)}`, `tag-${below(1_000)}`, `tag-${below(1_000)}`],
    lines: [
      { sku: `sku-${below(2_000)}`, quantity: 1 + below(9), price: below(9_999) / 100 + 0.005 },
      { sku: `sku-${below(2_000)}`, quantity: 1 + below(9), price: below(9_999) / 100 + 0.005 },
    ],
    meta: { source: words[below(8)], batch: `batch-${i >> 10}` },
    text: prose.slice(at, at + textLength),
  };
}

export function bsonOf(document) {
  const { address, tags, lines, meta } = document;
  const writer = new BsonWriter().beginDocument();
  writer.string('id', document.id).string('email', document.email).string('name', document.name);
  writer.int32('percent', document.percent).string('status', document.status).boolean('half', document.half);
  writer.double('score', document.score).double('ts', document.ts).null('note').int32('version', document.version);
  writer.beginObject('address').string('street', address.street).string('city', address.city);
  writer.string('zip', address.zip).string('country', address.country);
  writer.double('lat', address.lat).double('lng', address.lng).end();
  writer.beginArray('tags');
  for (const tag of tags) writer.string('', tag);
  writer.end().beginArray('lines');
  for (const { sku, quantity, price } of lines)
    writer.beginObject('').string('sku', sku).int32('quantity', quantity).double('price', price).end();
  writer.end().beginObject('meta').string('source', meta.source).string('batch', meta.batch).end();
  return writer.string('text', document.text).end().finish();
}

/** What the driver of MongoDB is given: the same values under `_id`. */
export function mongoDocumentOf(i, version = 1) {
  const { id, ...rest } = documentOf(i, version);
  return { _id: id, ...rest };
}

/** Bytes of JSON of a document, the mean over a thousand of them. */
export function jsonBytesMean(count = 1_000) {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += Buffer.byteLength(JSON.stringify(documentOf(i)));
  return bytes / count;
}

/** Every path with one value that is neither in an array nor the free text: what a peer has to declare to have it indexed. */
export const scalarPaths = [
  ...['email', 'name', 'percent', 'status', 'half', 'score', 'ts', 'note', 'version'],
  ...['address.street', 'address.city', 'address.zip', 'address.country', 'address.lat', 'address.lng'],
  ...['meta.source', 'meta.batch'],
];
