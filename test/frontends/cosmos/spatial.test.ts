// Spatial functions as @azure/cosmos asks for them: over several partitions, in containers of both geospatial types.

import { CosmosClient, type Container, type ContainerRequest } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let sphere: Container;
let plane: Container;

const places: Readonly<Record<string, unknown>> = {
  greenwich: { type: 'Point', coordinates: [0, 51.48] },
  suva: { type: 'Point', coordinates: [178.44, -18.14] },
  apia: { type: 'Point', coordinates: [-171.75, -13.85] },
  pole: { type: 'Point', coordinates: [0, 90] },
  far: { type: 'Point', coordinates: [500, 500] },
  text: 'nowhere',
};

beforeAll(async () => {
  server = await start({ partitions: 5 });
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  const { database } = await client.databases.create({ id: 'd' });
  const make = async (id: string, more: object): Promise<Container> => {
    const definition = { id, partitionKey: { paths: ['/id'] }, ...more };
    const { container } = await database.containers.create(definition as ContainerRequest);
    for (const [name, location] of Object.entries(places)) await container.items.create({ id: name, location });
    await container.items.create({ id: 'unplaced' });
    return container;
  };
  sphere = await make('sphere', {});
  plane = await make('plane', { geospatialConfig: { type: 'Geometry' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

async function ask(container: Container, query: string, parameters: Record<string, unknown> = {}): Promise<unknown[]> {
  const list = Object.entries(parameters).map(([name, value]) => ({ name, value: value as never }));
  const { resources } = await container.items.query<unknown>({ query, parameters: list }).fetchAll();
  return resources;
}

const fiji = { type: 'Point', coordinates: [180, -17] };
const pacific = {
  type: 'Polygon',
  coordinates: [
    [
      [160, -40],
      [-160, -40],
      [-160, 10],
      [160, 10],
      [160, -40],
    ],
  ],
};

describe('spatial functions', () => {
  it('filter by distance, across the 180th meridian', async () => {
    const query = 'SELECT VALUE c.id FROM c WHERE ST_DISTANCE(c.location, @here) < 1200000';
    expect((await ask(sphere, query, { '@here': fiji })).sort()).toEqual(['apia', 'suva']);
    expect(await ask(plane, query.replace('1200000', '2'), { '@here': fiji })).toEqual(['suva']);
  });

  it('filter by a polygon, as a parameter or a literal, and by its complement', async () => {
    const query = 'SELECT VALUE c.id FROM c WHERE ST_WITHIN(c.location, @area)';
    expect((await ask(sphere, query, { '@area': pacific })).sort()).toEqual(['apia', 'suva']);
    expect((await ask(sphere, query.replace('@area', JSON.stringify(pacific)))).sort()).toEqual(['apia', 'suva']);
    const rest = { type: 'Polygon', coordinates: [[...pacific.coordinates[0]!].reverse()] };
    expect((await ask(sphere, query, { '@area': rest })).sort()).toEqual(['greenwich', 'pole']);
  });

  it('order and project', async () => {
    const query =
      'SELECT c.id, ROUND(ST_DISTANCE(c.location, @here) / 1000) AS km FROM c WHERE ST_ISVALID(c.location) ORDER BY ST_DISTANCE(c.location, @here)';
    await expect(ask(sphere, query, { '@here': fiji })).rejects.toMatchObject({ code: 400 });
    const inner = 'SELECT c.id, ROUND(ST_DISTANCE(c.location, @here) / 1000) AS km FROM c WHERE ST_ISVALID(c.location)';
    const rows = (await ask(sphere, inner, { '@here': fiji })) as { id: string; km: number }[];
    expect(rows.sort((a, b) => a.km - b.km).map(({ id }) => id)).toEqual(['suva', 'apia', 'pole', 'greenwich']);
  });

  it('tell what is valid: a place beyond the degrees only in the plane', async () => {
    const query = 'SELECT VALUE c.id FROM c WHERE NOT ST_ISVALID(c.location)';
    expect(await ask(sphere, query)).toEqual(['far']);
    expect(await ask(plane, query)).toEqual([]);
    const detail = "SELECT VALUE ST_ISVALIDDETAILED(c.location) FROM c WHERE c.id = 'far'";
    expect(await ask(sphere, detail)).toEqual([
      { valid: false, reason: 'Latitude values must be between -90 and 90 degrees.' },
    ]);
    expect(await ask(plane, detail)).toEqual([{ valid: true }]);
  });

  it('take no more arguments than the service says', async () => {
    await expect(ask(sphere, "SELECT VALUE ST_AREA(c.location, 'Geometry') FROM c")).rejects.toMatchObject({
      code: 400,
    });
    await expect(ask(sphere, 'SELECT VALUE ST_DISTANCE(c.location) FROM c')).rejects.toMatchObject({ code: 400 });
  });

  it('refuse a container of another geospatial type', async () => {
    const definition = { id: 'odd', partitionKey: { paths: ['/id'] }, geospatialConfig: { type: 'Sphere' } };
    await expect(client.database('d').containers.create(definition as ContainerRequest)).rejects.toMatchObject({
      code: 400,
    });
  });
});
