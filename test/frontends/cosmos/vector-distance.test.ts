// VectorDistance over several partitions, as @azure/cosmos merges it, and over one logical partition.

import { CosmosClient, type Container, type ContainerRequest } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let container: Container;

const vectors: Readonly<Record<string, unknown>> = {
  east: [1, 0],
  far: [8, 0.1],
  north: [0, 1],
  west: [-1, 0],
  diagonal: [0.5, 0.5],
  short: [1],
  text: 'none',
  missing: undefined,
};

beforeAll(async () => {
  server = await start({ partitions: 5 });
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  const { database } = await client.databases.create({ id: 'd' });
  const definition = {
    id: 'c',
    partitionKey: { paths: ['/pk'] },
    vectorEmbeddingPolicy: {
      vectorEmbeddings: [{ path: '/deep/"v"', dataType: 'float32', dimensions: 2, distanceFunction: 'euclidean' }],
    },
  };
  ({ container } = await database.containers.create(definition as ContainerRequest));
  for (const [id, v] of Object.entries(vectors)) {
    await container.items.create({ id, pk: id, v, deep: { v } });
    await container.items.create({ id, pk: 'one', v, deep: { v } });
  }
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

async function ask(query: string, partitionKey?: string): Promise<unknown[]> {
  const { resources } = await container.items
    .query<unknown>(query, { partitionKey, vectorSearchBufferSize: 100 } as object)
    .fetchAll();
  return resources;
}

const by = (options: string): string => `VectorDistance(c.v, [1, 0], false, {distanceFunction: '${options}'})`;

describe('ORDER BY VectorDistance', () => {
  it.each([
    ['cosine', ['east', 'far', 'diagonal', 'north', 'west']],
    ['dotproduct', ['far', 'east', 'diagonal', 'north', 'west']],
    ['euclidean', ['east', 'diagonal', 'north', 'west', 'far']],
    ['EUCLIDEAN', ['east', 'diagonal', 'north', 'west', 'far']],
  ])('puts the most similar by %s first, and leaves out what has no distance', async (name, ids) => {
    const where = "c.pk != 'one'";
    expect(await ask(`SELECT TOP 20 VALUE c.id FROM c WHERE ${where} ORDER BY ${by(name)}`)).toEqual(ids);
    expect(await ask(`SELECT TOP 20 VALUE c.id FROM c ORDER BY ${by(name)}`, 'one')).toEqual(ids);
    const cut = `SELECT VALUE c.id FROM c WHERE ${where} ORDER BY ${by(name)} OFFSET 1 LIMIT 2`;
    expect(await ask(cut)).toEqual(ids.slice(1, 3));
  });

  it('takes the distance of the container for a path that has one, else cosine', async () => {
    const text = (path: string): string =>
      `SELECT TOP 2 c.id, VectorDistance(c.${path}, [1, 0]) AS d FROM c ORDER BY VectorDistance([1, 0], c.${path})`;
    expect(await ask(text('deep.v'), 'one')).toEqual([
      { id: 'east', d: 0 },
      { id: 'diagonal', d: Math.SQRT1_2 },
    ]);
    expect(await ask(text('v'), 'one')).toEqual([
      { id: 'east', d: 1 },
      { id: 'far', d: expect.closeTo(0.99992, 4) as number },
    ]);
  });

  it.each([
    ['a direction', `${by('cosine')} DESC`],
    ['a direction that is the default', `${by('cosine')} ASC`],
    ['another key', `${by('cosine')}, c.id`],
    ['an unknown distance', by('taxi')],
    ['options that are not written out', 'VectorDistance(c.v, [1, 0], false, c.options)'],
    ['one vector', 'VectorDistance(c.v)'],
  ])('is refused with %s', async (_what, key) => {
    await expect(ask(`SELECT TOP 2 c.id FROM c ORDER BY ${key}`)).rejects.toMatchObject({ code: 400 });
    await expect(ask(`SELECT TOP 2 c.id FROM c ORDER BY ${key}`, 'one')).rejects.toMatchObject({ code: 400 });
  });
});

describe('VectorDistance', () => {
  it('can be grouped by', async () => {
    const query = `SELECT ${by('dotproduct')} AS d, COUNT(1) AS n FROM c GROUP BY ${by('dotproduct')}`;
    expect(await ask(query, 'one')).toContainEqual({ d: -1, n: 1 });
  });

  it('can be filtered by', async () => {
    const query = `SELECT VALUE c.id FROM c WHERE ${by('euclidean')} < 1`;
    expect(await ask(query, 'one')).toEqual(['east', 'diagonal']);
  });

  it('is undefined for what are not two vectors of one length', async () => {
    const query =
      'SELECT VALUE [VectorDistance([1], [1, 2]), VectorDistance([], []), VectorDistance(["a"], [1]), VectorDistance([0], [0])]';
    expect(await ask(`${query} FROM c WHERE c.id = 'east'`, 'one')).toEqual([[]]);
  });
});
