// Names that one door allows and another cannot show.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containerRules, databaseRules, faultsOf, illegalNames } from '../../bin/illegal-names.ts';
import { serve } from '../serving.ts';

test.each([
  ['shop', [], []],
  ['a/b', ['Cosmos DB', 'MongoDB'], ['Cosmos DB']],
  ['a#b', ['Cosmos DB'], ['Cosmos DB']],
  ['a.b', ['MongoDB'], []],
  ['two words', ['MongoDB'], []],
  ['ends with space ', ['Cosmos DB', 'MongoDB'], ['Cosmos DB']],
  ['$money', ['MongoDB'], ['MongoDB']],
  ['system.users', ['MongoDB'], ['MongoDB']],
  ['é'.repeat(40), ['MongoDB'], []],
  ['x'.repeat(256), ['Cosmos DB', 'MongoDB'], ['Cosmos DB', 'MongoDB']],
])('%s', (name, asDatabase, asContainer) => {
  const doors = (rules: typeof databaseRules): string[] => [
    ...new Set(faultsOf(name, rules, name).map(({ door }) => door)),
  ];
  expect(doors(databaseRules)).toEqual(asDatabase);
  expect(doors(containerRules)).toEqual(asContainer);
});

test('a data directory is looked through when no server has it open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-names-'));
  try {
    const data = join(folder, 'data');
    expect(await illegalNames(data)).toEqual({ kind: 'none' });
    const server = await serve({ data });
    const { engine } = server.deployment.accounts[0]!;
    await engine.execute({ kind: 'create-database', id: 'two words' }, { account: 1 });
    expect(await illegalNames(data)).toEqual({ kind: 'busy' });
    await server.stop();
    expect(await illegalNames(data)).toMatchObject({ kind: 'read', names: [{ name: 'two words', door: 'MongoDB' }] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
