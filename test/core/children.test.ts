// Resources that belong to databases, containers and users: scripts, users, permissions, keys, roles.

import { beforeEach, describe, expect, test } from 'vitest';
import { Engine } from '../../core/engine.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import type { Context } from '../../model/operation.ts';
import type { ResourceOwner, ResourceType } from '../../model/resource.ts';

const context: Context = { account: 1 };

async function openEngine(store: MemoryStore): Promise<Engine> {
  return Engine.open({
    log: await openEmbeddedLog(store, { account: 1, group: 0 }),
    clock: new HybridClock(() => Date.UTC(2026, 0, 1)),
    region: { id: 0, name: 'South Central US' },
    partitionsDefault: 1,
    pause: async () => undefined,
  });
}

function bodyOf(text: string): Uint8Array {
  return new BsonWriter().beginDocument().string('text', text).end().finish();
}

let store: MemoryStore;
let engine: Engine;
let database: ResourceOwner;
let container: ResourceOwner;

const create = (owner: ResourceOwner, type: ResourceType, id: string, text = id) =>
  engine.execute({ kind: 'create-resource', owner, type, id, body: bodyOf(text) }, context);
const idsOf = (owner: ResourceOwner, type: ResourceType) => engine.catalog.children(owner, type).map(({ id }) => id);

async function restart(): Promise<void> {
  await engine.close();
  engine = await openEngine(store);
}

beforeEach(async () => {
  store = new MemoryStore();
  engine = await openEngine(store);
  const { number } = await engine.execute({ kind: 'create-database', id: 'd' }, context);
  database = { kind: 'database', number };
  const made = await engine.execute(
    { kind: 'create-container', database: 'd', container: 'c', profile: 'documents' },
    context,
  );
  container = { kind: 'container', number: made.number };
});

describe('resources of a container or database', () => {
  test('are found by owner, type and id, also after a restart', async () => {
    const made = await create(container, 'trigger', 't');
    await create(container, 'storedProcedure', 't');
    await restart();
    const found = await engine.execute({ kind: 'read-resource', owner: container, type: 'trigger', id: 't' }, context);
    expect(found).toEqual(made);
    expect(idsOf(database, 'trigger')).toEqual([]);
  });

  test('an id is taken once per owner and type', async () => {
    await create(container, 'trigger', 't');
    await expect(create(container, 'trigger', 't')).rejects.toMatchObject({ code: 'ResourceExists' });
    await create(database, 'user', 't');
  });

  test('two creations at once give one resource', async () => {
    const outcomes = await Promise.allSettled([create(container, 'trigger', 't'), create(container, 'trigger', 't')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('a replace keeps the number, and honours If-Match', async () => {
    const before = await create(container, 'trigger', 't');
    const replace = (ifMatch: typeof before.time) =>
      engine.execute(
        { kind: 'replace-resource', owner: container, type: 'trigger', id: 't', body: bodyOf('new'), ifMatch },
        context,
      );
    const after = await replace(before.time);
    expect(after).toMatchObject({ number: before.number, body: bodyOf('new') });
    await expect(replace(before.time)).rejects.toMatchObject({ code: 'PreconditionFailed' });
  });

  test('deleting one leaves the others', async () => {
    await create(container, 'trigger', 'a');
    await create(container, 'trigger', 'b');
    await engine.execute({ kind: 'delete-resource', owner: container, type: 'trigger', id: 'a' }, context);
    await restart();
    expect(idsOf(container, 'trigger')).toEqual(['b']);
  });

  test('a resource of nobody is refused', async () => {
    await expect(create({ kind: 'container', number: 99 }, 'trigger', 't')).rejects.toMatchObject({
      code: 'ResourceNotFound',
    });
  });
});

describe('with the owner', () => {
  test('everything that belongs to a database ends, and does not come back with another of its name', async () => {
    const user = await create(database, 'user', 'u');
    const owner: ResourceOwner = { kind: 'user', number: user.number };
    await create(owner, 'permission', 'p');
    await create(container, 'trigger', 't');
    await engine.execute({ kind: 'delete-database', id: 'd' }, context);
    await engine.execute({ kind: 'create-database', id: 'd' }, context);
    for (const round of ['before', 'after'] as const) {
      if (round === 'after') await restart();
      expect([idsOf(database, 'user'), idsOf(owner, 'permission'), idsOf(container, 'trigger')]).toEqual([[], [], []]);
    }
  });

  test('a permission on a user who is being deleted is refused', async () => {
    const user = await create(database, 'user', 'u');
    const owner: ResourceOwner = { kind: 'user', number: user.number };
    const outcomes = await Promise.allSettled([
      engine.execute({ kind: 'delete-resource', owner: database, type: 'user', id: 'u' }, context),
      create(owner, 'permission', 'p'),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('a user with another id keeps its permissions, whatever was trimmed of the log', async () => {
    const user = await create(database, 'user', 'u');
    const owner: ResourceOwner = { kind: 'user', number: user.number };
    await create(owner, 'permission', 'p');
    await engine.execute(
      { kind: 'replace-resource', owner: database, type: 'user', id: 'u', body: bodyOf('v'), renamed: 'v' },
      context,
    );
    await engine.log.trim(superseded(engine));
    await restart();
    expect(idsOf(database, 'user')).toEqual(['v']);
    expect(idsOf(owner, 'permission')).toEqual(['p']);
    expect(engine.catalog.childOrNone(database, 'user', 'u')).toBeUndefined();
  });
});

/** Everything that the catalog does not need any more. */
function superseded({ catalog, state }: Engine): number[] {
  const needed = new Set(catalog.sequencesAt(state.sequence));
  return Array.from({ length: state.sequence - 1 }, (_, i) => i + 1).filter((sequence) => !needed.has(sequence));
}
