import { mkdtemp, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFull, openLevelStore, type Space } from '../../core/storage/level-store.ts';
import type { Store } from '../../core/storage/store.ts';
import { describeStore } from './store.contract.ts';

const roomy: Space = { freeBytes: 1e12, totalBytes: 1e12 };
const tight: Space = { freeBytes: 1e6, totalBytes: 1e12 };
const text = (value: string) => new TextEncoder().encode(value);

describeStore('LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'meridian-store-'));
  let space = roomy;
  const options = { space: async () => space, spaceCheckBytes: 0 };
  return {
    open: () => openLevelStore(directory, options),
    reopen: async (store) => {
      await store.close();
      return openLevelStore(directory, options);
    },
    setFull: (full) => {
      space = full ? tight : roomy;
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
});

describe('LevelDB store', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meridian-store-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('says that another handle has the directory open', async () => {
    const store = await openLevelStore(directory);
    await expect(openLevelStore(directory)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('open in another process') as unknown,
    });
    await store.close();
  });

  it('names the damaged directory when it cannot be opened', async () => {
    const store = await openLevelStore(directory);
    await store.write([{ key: text('a'), value: text('1') }], { sync: true });
    await store.close();
    for (const name of await readdir(directory))
      if (name.startsWith('MANIFEST')) await writeFile(join(directory, name), 'garbage');
    await expect(openLevelStore(directory)).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringContaining(directory) as unknown,
    });
  });

  it('recognises every way a system says that there is no room', () => {
    expect(isFull(new Error('IO error: /d/000005.log: No space left on device'))).toBe(true);
    expect(isFull(new Error('IO error: /d/000005.log: Disk quota exceeded'))).toBe(true);
    expect(isFull(new Error('IO error: /d/000005.log: File too large'))).toBe(true);
    expect(isFull(new Error('IO error: /d/000005.log: Input/output error'))).toBe(false);
  });

  it('makes one durable write of what queues while another is in flight', async () => {
    const store = await openLevelStore(directory);
    const before = store.syncs;
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => store.write([{ key: text(`k${i}`), value: text('v') }], { sync: true })),
    );
    expect(store.syncs - before).toBe(2);
    await store.close();
  });

  // The log file that LevelDB is about to begin is a link to /dev/full, so that its writes truly fail.
  it.runIf(process.platform === 'linux')(
    'survives a disk that fills up under it: nothing acknowledged is lost',
    async () => {
      const store = await openLevelStore(directory, { writeBufferBytes: 64 * 1024, space: async () => roomy });
      const stored: string[] = [];
      const refused: string[] = [];
      const write = async (name: string): Promise<string> => {
        try {
          await store.write([{ key: text(name), value: crypto.getRandomValues(new Uint8Array(8000)) }], { sync: true });
          stored.push(name);
          return 'stored';
        } catch (error) {
          refused.push(name);
          return (error as { code: string }).code;
        }
      };
      await write('first');
      const links = Array.from({ length: 40 }, (_, i) => join(directory, `${String(i + 1).padStart(6, '0')}.log`));
      const made: string[] = [];
      for (const link of links)
        await symlink('/dev/full', link).then(
          () => made.push(link),
          () => undefined,
        );
      const outcomes = new Set<string>();
      for (let i = 0; i < 40 && !outcomes.has('StorageFull'); i++) outcomes.add(await write(`during-${i}`));
      expect(outcomes).toContain('StorageFull');
      expect(await write('while full')).toBe('StorageFull');
      expect(store.getSync(text('first'))).toHaveLength(8000);
      for (const link of made) await unlink(link).catch(() => undefined);
      await expect.poll(() => write(`after-${refused.length}`), { timeout: 5000 }).toBe('stored');
      await write('last');
      await verify(store, stored, refused);
      await store.close();
      const reopened = await openLevelStore(directory);
      await verify(reopened, stored, refused);
      await reopened.close();
    },
  );

  async function verify(store: Store, stored: readonly string[], refused: readonly string[]): Promise<void> {
    for (const name of stored) expect(store.getSync(text(name)), name).toHaveLength(8000);
    for (const name of refused) expect(store.getSync(text(name)), name).toBeUndefined();
  }
});
