// The data of `meridian demo`: airports of the United States, flights between them and a week of earthquakes, as
// the package vega-datasets ships them (works of the U.S. government: Federal Aviation Administration, Bureau of
// Transportation Statistics, Geological Survey).

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { BsonWriter } from '../model/bson/write.ts';

export interface DemoContainer {
  readonly id: string;
  readonly partitionKey: string;
  /** Items as BSON. */
  readonly items: () => Promise<Uint8Array[]>;
}

/** Beside the package's entry: its data files are not among its exports. */
function pathOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  return join(dirname(entry), '..', 'data', name);
}

export const demoContainers: readonly DemoContainer[] = [
  { id: 'airports', partitionKey: '/state', items: airports },
  { id: 'flights', partitionKey: '/origin', items: flights },
  { id: 'earthquakes', partitionKey: '/network', items: earthquakes },
];

async function airports(): Promise<Uint8Array[]> {
  const lines = createInterface({ input: createReadStream(pathOf('airports.csv')), crlfDelay: Infinity });
  const items: Uint8Array[] = [];
  let columns: string[] | undefined;
  for await (const line of lines) {
    const values = fieldsOf(line);
    if (columns === undefined) {
      columns = values;
      continue;
    }
    const at = (name: string): string => values[columns!.indexOf(name)] ?? '';
    const item = new BsonWriter(256).beginDocument();
    item.string('id', at('iata')).string('name', at('name')).string('city', at('city'));
    item.string('state', at('state')).string('country', at('country'));
    point(item, Number(at('longitude')), Number(at('latitude')));
    items.push(item.end().finish());
  }
  return items;
}

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

async function flights(): Promise<Uint8Array[]> {
  const rows = JSON.parse(await readFile(pathOf('flights-10k.json'), 'utf8')) as readonly Flight[];
  return rows.map((row, i) => {
    const item = new BsonWriter(256).beginDocument();
    item.string('id', `flight-${i + 1}`).string('date', row.date.replaceAll('/', '-').replace(' ', 'T'));
    item.double('delay', row.delay).double('distance', row.distance);
    return item.string('origin', row.origin).string('destination', row.destination).end().finish();
  });
}

interface Earthquake {
  readonly id: string;
  readonly properties: { readonly mag: number | null; readonly place: string | null; readonly time: number; readonly net: string };
  readonly geometry: { readonly coordinates: readonly [number, number, number] };
}

async function earthquakes(): Promise<Uint8Array[]> {
  const { features } = JSON.parse(await readFile(pathOf('earthquakes.json'), 'utf8')) as { readonly features: readonly Earthquake[] };
  return features.map(({ id, properties, geometry }) => {
    const item = new BsonWriter(256).beginDocument();
    item.string('id', id).string('network', properties.net).string('place', properties.place ?? '');
    if (properties.mag !== null) item.double('magnitude', properties.mag);
    item.string('time', new Date(properties.time).toISOString()).double('depth', geometry.coordinates[2]);
    point(item, geometry.coordinates[0], geometry.coordinates[1]);
    return item.end().finish();
  });
}

/** A place as GeoJSON (RFC 7946). */
function point(item: BsonWriter, longitude: number, latitude: number): void {
  item.beginObject('location').string('type', 'Point').beginArray('coordinates');
  item.double('', longitude).double('', latitude).end().end();
}

/** Fields of one CSV line (RFC 4180); the file has no line ends inside quotes. */
export function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  const pattern = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;
  for (const [, quoted, plain] of line.matchAll(pattern)) fields.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
  return fields;
}
