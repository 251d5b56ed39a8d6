// The change feed as @azure/cosmos reads it, unmodified, over HTTP: both modes, every start, every scope, with one
// partition and with five.

import {
  ChangeFeedMode,
  ChangeFeedPolicy,
  ChangeFeedRetentionTimeSpan,
  ChangeFeedStartFrom,
  CosmosClient,
  type ChangeFeedIteratorOptions,
  type ChangeFeedPullModelIterator,
  type Container,
  type ContainerRequest,
  type Database,
} from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './request.ts';
import { keys, start, type Started } from './start.ts';

interface Shown {
  readonly id: string;
  readonly pk: string;
  readonly n: number;
  readonly _lsn: number;
}

interface Version {
  readonly current: { readonly id?: string; readonly n?: number };
  readonly previous?: { readonly id: string; readonly n: number };
  readonly metadata: {
    readonly operationType: string;
    readonly lsn: number;
    readonly crts: number;
    readonly previousImageLSN?: number;
    readonly timeToLiveExpired?: boolean;
    readonly id?: string;
    readonly partitionKey?: object;
  };
}

type Start = Exclude<ChangeFeedIteratorOptions['changeFeedStartFrom'], undefined>;

/** Everything up to the first answer that nothing is new, and the continuation from there. */
async function drain<Entry>(iterator: ChangeFeedPullModelIterator<Entry>) {
  const pages: (readonly Entry[])[] = [];
  for (;;) {
    const page = await iterator.readNext();
    if (page.statusCode === 304) return { pages, entries: pages.flat(), continuation: page.continuationToken };
    expect(page.statusCode).toBe(200);
    expect(page.count).toBe(page.result.length);
    expect(page.requestCharge).toBeGreaterThan(0);
    pages.push(page.result);
  }
}

describe.each([1, 5])('with %i partitions', (partitions) => {
  let server: Started;
  let client: CosmosClient;
  let database: Database;
  let count = 0;
  let aheadMs = 0;

  beforeAll(async () => {
    server = await start({ partitions, nowMs: () => Date.now() + aheadMs });
    client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
    ({ database } = await client.databases.create({ id: 'shop' }));
  });

  afterAll(async () => {
    expect(server.faults).toEqual([]);
    client.dispose();
    await server.stop();
  });

  async function fresh(settings: Partial<ContainerRequest> = {}): Promise<Container> {
    const { container } = await database.containers.create({
      id: `c${++count}`,
      partitionKey: { paths: ['/pk'] },
      ...settings,
    });
    return container;
  }

  const put = (container: Container, id: string, n: number, pk = `pk${id}`) => container.items.upsert({ id, pk, n });
  const latest = (container: Container, options: ChangeFeedIteratorOptions) =>
    container.items.getChangeFeedIterator<Shown>(options);
  const beginning = (resource?: Parameters<typeof ChangeFeedStartFrom.Beginning>[0]) => ({
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning(resource),
  });

  describe('latest version', () => {
    it('from the beginning it shows every live item once, as it is, and no deletes', async () => {
      const container = await fresh();
      for (let i = 0; i < 20; i++) await put(container, `${i}`, i);
      for (let i = 0; i < 20; i += 2) await put(container, `${i}`, i + 100);
      await container.item('1', 'pk1').delete();
      const { entries } = await drain(latest(container, { ...beginning(), maxItemCount: 3 }));
      expect(entries.map(({ id, n }) => [id, n]).sort()).toEqual(
        Array.from({ length: 20 }, (_, i) => [`${i}`, i % 2 === 0 ? i + 100 : i])
          .filter(([id]) => id !== '1')
          .sort(),
      );
      for (const entry of entries) expect(entry._lsn).toBeGreaterThan(0);
    });

    it('shows the items of one partition in the order of their last write', async () => {
      const container = await fresh();
      for (const id of ['a', 'b', 'c', 'a']) await put(container, id, 1, 'same');
      const { entries } = await drain(latest(container, beginning('same')));
      expect(entries.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
      const lsns = entries.map(({ _lsn }) => _lsn);
      expect(lsns).toEqual([...lsns].sort((a, b) => a - b));
    });

    it('from now on it shows only what comes later, first nothing', async () => {
      const container = await fresh();
      await put(container, '1', 1);
      const iterator = latest(container, { changeFeedStartFrom: ChangeFeedStartFrom.Now() });
      expect((await drain(iterator)).entries).toEqual([]);
      await put(container, '2', 2);
      await put(container, '1', 3);
      const { entries } = await drain(iterator);
      expect(entries.map(({ id, n }) => `${id}=${n}`).sort()).toEqual(['1=3', '2=2']);
    });

    it('from a time on it shows what was written since then', async () => {
      const container = await fresh();
      await put(container, 'early', 1);
      aheadMs += 2000;
      const time = new Date(Date.now() + aheadMs);
      await put(container, 'late', 2);
      const from = (date: Date) => latest(container, { changeFeedStartFrom: ChangeFeedStartFrom.Time(date) });
      expect((await drain(from(time))).entries.map(({ id }) => id)).toEqual(['late']);
      expect((await drain(from(new Date(0)))).entries).toHaveLength(2);
      const future = from(new Date(time.getTime() + 3_600_000));
      expect((await drain(future)).entries).toEqual([]);
    });

    it('goes on from a continuation, in another client', async () => {
      const container = await fresh();
      for (let i = 0; i < 10; i++) await put(container, `${i}`, i);
      const iterator = latest(container, { ...beginning(), maxItemCount: 2 });
      const seen: string[] = [];
      let continuation = '';
      for (let pages = 0; pages < 3; pages++) {
        const page = await iterator.readNext();
        seen.push(...page.result.map(({ id }) => id));
        continuation = page.continuationToken;
      }
      const other = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
      const rest = await drain(
        latest(other.database('shop').container(container.id), {
          changeFeedStartFrom: ChangeFeedStartFrom.Continuation(continuation),
        }),
      );
      other.dispose();
      expect([...seen, ...rest.entries.map(({ id }) => id)].sort()).toEqual(
        Array.from({ length: 10 }, (_, i) => `${i}`),
      );
    });

    it('by feed ranges every item is in exactly one', async () => {
      const container = await fresh();
      for (let i = 0; i < 30; i++) await put(container, `${i}`, i);
      const ranges = await container.getFeedRanges();
      expect(ranges).toHaveLength(partitions);
      const seen: string[] = [];
      for (const range of ranges)
        seen.push(...(await drain(latest(container, beginning(range)))).entries.map(({ id }) => id));
      expect(seen).toHaveLength(30);
      expect(new Set(seen).size).toBe(30);
    });

    it('of a prefix of a hierarchical key it shows the items under it', async () => {
      const container = await fresh({
        partitionKey: { paths: ['/tenant', '/user'], kind: 'MultiHash' as never, version: 2 },
      });
      for (const tenant of ['a', 'b', 'c'])
        for (const user of ['x', 'y']) await container.items.create({ id: `${tenant}${user}`, tenant, user });
      const { entries } = await drain(latest(container, beginning(['b'])));
      expect(entries.map(({ id }) => id).sort()).toEqual(['bx', 'by']);
      expect((await drain(latest(container, beginning(['b', 'y'])))).entries.map(({ id }) => id)).toEqual(['by']);
    });

    it('never splits a transactional batch over pages', async () => {
      const container = await fresh();
      await put(container, 'first', 0, 'p');
      const operations = Array.from({ length: 7 }, (_, i) => ({
        operationType: 'Create' as const,
        resourceBody: { id: `b${i}`, pk: 'p' },
      }));
      expect((await container.items.batch(operations, 'p')).code).toBe(200);
      await put(container, 'last', 0, 'p');
      const { pages } = await drain(latest(container, { ...beginning('p'), maxItemCount: 2 }));
      expect(pages.map((page) => page.length)).toEqual([8, 1]);
    });

    it('puts what is known about a change beside it when asked to, as processors do', async () => {
      const container = await fresh();
      await put(container, '1', 1, 'p');
      const answer = await ask(server, {
        path: `/dbs/shop/colls/${container.id}/docs`,
        headers: { 'a-im': 'Incremental Feed', 'x-ms-cosmos-changefeed-wire-format-version': '2021-09-15' },
      });
      const [change] = answer.json['Documents'] as readonly Version[];
      expect(change!.current).toMatchObject({ id: '1', n: 1 });
      expect(change!.metadata).toEqual({ lsn: expect.any(Number), crts: expect.any(Number) });
    });

    it('answers the older iterator of the SDK', async () => {
      const container = await fresh();
      await put(container, '1', 1, 'p');
      await put(container, '2', 2, 'p');
      const iterator = container.items.changeFeed('p', { startFromBeginning: true, maxItemCount: 1 });
      const first = await iterator.fetchNext();
      expect(first.result.map(({ id }: Shown) => id)).toEqual(['1']);
      const again = container.items.changeFeed('p', { continuation: first.continuation });
      expect((await again.fetchNext()).result.map(({ id }: Shown) => id)).toEqual(['2']);
      expect((await again.fetchNext()).statusCode).toBe(304);
      expect(again.hasMoreResults).toBe(false);
    });
  });

  describe('all versions and deletes', () => {
    const kept = () => fresh({ changeFeedPolicy: new ChangeFeedPolicy(ChangeFeedRetentionTimeSpan.fromMinutes(5)) });
    const versions = (
      container: Container,
      changeFeedStartFrom: Start = ChangeFeedStartFrom.Now(),
      maxItemCount?: number,
    ) =>
      container.items.getChangeFeedIterator<Version>({
        changeFeedMode: ChangeFeedMode.AllVersionsAndDeletes,
        changeFeedStartFrom,
        ...(maxItemCount === undefined ? {} : { maxItemCount }),
      });

    it('keeps the policy of the container', async () => {
      const container = await kept();
      expect((await container.read()).resource?.changeFeedPolicy).toEqual({ retentionDuration: 5 });
      await expect(
        database.containers.create({ id: 'bad', changeFeedPolicy: { retentionDuration: -1 } as never }),
      ).rejects.toMatchObject({ code: 400 });
    });

    it('shows each create, replace and delete with what the service tells of them', async () => {
      const container = await kept();
      const iterator = versions(container);
      expect((await drain(iterator)).entries).toEqual([]);
      await put(container, '1', 1, 'p');
      await put(container, '1', 2, 'p');
      await container.item('1', 'p').delete();
      const { entries } = await drain(iterator);
      expect(entries.map(({ metadata }) => metadata.operationType)).toEqual(['create', 'replace', 'delete']);
      const [created, replaced, deleted] = entries as [Version, Version, Version];
      expect(created.current).toMatchObject({ id: '1', n: 1 });
      expect(created.metadata.previousImageLSN).toBeUndefined();
      expect(replaced.current).toMatchObject({ id: '1', n: 2 });
      expect(replaced.metadata.previousImageLSN).toBe(created.metadata.lsn);
      expect(replaced.previous).toBeUndefined();
      expect(deleted.current).toEqual({});
      expect(deleted.previous).toMatchObject({ id: '1', n: 2 });
      expect(deleted.metadata).toMatchObject({
        previousImageLSN: replaced.metadata.lsn,
        timeToLiveExpired: false,
        id: '1',
        partitionKey: { pk: 'p' },
      });
      for (const { metadata } of entries) expect(Math.abs(metadata.crts - Date.now() / 1000)).toBeLessThan(60);
    });

    it('goes on from a continuation, page by page', async () => {
      const container = await kept();
      const { continuation } = await drain(versions(container));
      for (let n = 0; n < 6; n++) for (const id of ['a', 'b', 'c', 'd']) await put(container, id, n);
      const from = ChangeFeedStartFrom.Continuation(continuation);
      const { entries } = await drain(versions(container, from, 5));
      expect(entries).toHaveLength(24);
      for (const id of ['a', 'b', 'c', 'd'])
        expect(entries.filter(({ current }) => current.id === id).map(({ current }) => current.n)).toEqual([
          0, 1, 2, 3, 4, 5,
        ]);
      const other = await drain(versions(container, ChangeFeedStartFrom.Continuation(continuation)));
      expect(other.entries).toHaveLength(24);
    });

    it('can be read for one partition key', async () => {
      const container = await kept();
      const iterator = versions(container, ChangeFeedStartFrom.Now('p'));
      await drain(iterator);
      await put(container, '1', 1, 'p');
      await put(container, '2', 2, 'q');
      await container.item('2', 'q').delete();
      expect((await drain(iterator)).entries.map(({ current }) => current.id)).toEqual(['1']);
    });

    it('is refused from before its retention', async () => {
      const container = await kept();
      const iterator = versions(container, ChangeFeedStartFrom.Now('p'));
      await drain(iterator);
      await put(container, '1', 1, 'p');
      aheadMs += 10 * 60_000;
      await expect(iterator.readNext()).rejects.toMatchObject({ code: 400 });
    });

    it('is refused without a policy, and from the beginning', async () => {
      const plain = await fresh();
      await expect(versions(plain).readNext()).rejects.toThrow(/All Versions and Deletes.*must be enabled/);
      const container = await kept();
      await expect(versions(container, ChangeFeedStartFrom.Beginning()).readNext()).rejects.toThrow(
        /must have valid If-None-Match header/,
      );
    });
  });

  describe('over plain HTTP', () => {
    const get = (container: Container, headers: Record<string, string>) =>
      ask(server, {
        path: `/dbs/shop/colls/${container.id}/docs`,
        headers: { 'A-IM': 'Incremental feed', ...headers },
      });

    it('a whole container can be followed without naming ranges', async () => {
      const container = await fresh();
      const seen: string[] = [];
      let etag: string | undefined;
      for (let i = 0; i < 20; i++) await put(container, `${i}`, i);
      for (let pages = 0; ; pages++) {
        const answer = await get(container, {
          'x-ms-max-item-count': '3',
          ...(etag === undefined ? {} : { 'if-none-match': etag }),
        });
        etag = answer.headers.get('etag') ?? '';
        expect(etag).toMatch(/^".+"$/);
        if (answer.status === 304) break;
        expect(answer.headers.get('x-ms-item-count')).toBe(String((answer.json['Documents'] as Shown[]).length));
        seen.push(...(answer.json['Documents'] as Shown[]).map(({ id }) => id));
        if (pages === 2) await put(container, 'more', 1);
      }
      expect(seen.sort()).toEqual([...Array.from({ length: 20 }, (_, i) => `${i}`), 'more'].sort());
    });

    it.each([
      [{ 'A-IM': 'some feed' }, 400],
      [{ 'if-modified-since': 'yesterday' }, 400],
      [{ 'if-none-match': '"x"' }, 400],
      [{ 'if-none-match': '"0:1,0:1"' }, 400],
      [{ 'if-none-match': '"77:1"' }, 400],
      [{ 'x-ms-documentdb-partitionkeyrangeid': '77' }, 410],
      [{ 'x-ms-documentdb-partitionkeyrangeid': '77', 'x-ms-start-epk': '', 'x-ms-end-epk': 'FF' }, 410],
      [{ 'x-ms-max-item-count': '0' }, 400],
    ])('%j is answered with %i', async (headers, status) => {
      expect((await get(await fresh(), headers)).status).toBe(status);
    });
  });
});
