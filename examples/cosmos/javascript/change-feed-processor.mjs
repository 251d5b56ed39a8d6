// A change feed processor for @azure/cosmos, which brings an iterator only. Workers share the ranges of a container
// through leases, items of another container: each worker takes its part, renews it while it works, and takes over
// what a worker that ended has left. Azure Functions and the processors of .NET and Java work like this, and the
// leases have the form that Java's processor writes, so that workers of both kinds can share them.
//
// It promises each change at least once: a place is kept after `handle` has returned, so a worker that dies in
// between leaves a page to be handled again. Changes of one partition key come in order, to one worker at a time.
//
// Every step is a method: `balance` takes and renews leases, `poll` hands one page of each own range to `handle`.
// `run` does both again and again; tests call them one by one with a clock of their own.

import { setTimeout } from 'node:timers/promises';
import { ChangeFeedStartFrom } from '@azure/cosmos';

/** A lease is another's to take when its owner has not renewed it for so long. */
const expiryMsDefault = 60_000;

/** How long `run` waits when nothing is new. */
const pollMsDefault = 1_000;

const conflict = 409;
const preconditionFailed = 412;
const notFound = 404;
const notModified = 304;

export class ChangeFeedProcessor {
  #options;
  #prefix;
  #feedRid;
  /** By id: leases that this worker has, as they were last written. */
  #own = new Map();

  /**
   * `feed` and `leases` are containers (`leases` has the partition key `/id`), `owner` names this worker,
   * `account` is the host name of the account, and `handle(items, { range })` is awaited for every page.
   */
  constructor({ feed, leases, owner, account, handle, ...rest }) {
    this.#options = {
      feed,
      leases,
      owner,
      account,
      handle,
      now: Date.now,
      expiryMs: expiryMsDefault,
      pollMs: pollMsDefault,
      maxItemCount: 100,
      startFrom: 'beginning',
      ...rest,
    };
  }

  /** Ranges that this worker has leased. */
  get ranges() {
    return [...this.#own.values()].map(({ LeaseToken }) => LeaseToken).sort();
  }

  /** Works until the signal is aborted, then gives its leases back. */
  async run(signal) {
    const { pollMs, expiryMs, now } = this.#options;
    let balanced = -Infinity;
    while (!signal.aborted) {
      if (now() - balanced > expiryMs / 4) {
        await this.balance();
        balanced = now();
      }
      if ((await this.poll()) === 0) await pause(pollMs, signal);
    }
    await this.release();
  }

  /** Renews this worker's leases, and takes others until it has its part. */
  async balance() {
    const { leases, owner, now, expiryMs } = this.#options;
    await this.#prepare();
    for (const lease of [...this.#own.values()]) await this.#write(lease, {});
    const { resources: all } = await leases.items
      .query({
        query: 'SELECT * FROM c WHERE STARTSWITH(c.id, @prefix)',
        parameters: [{ name: '@prefix', value: `${this.#prefix}..` }],
      })
      .fetchAll();
    const isFree = (lease) => !lease.Owner || Date.parse(lease.timestamp) + expiryMs < now();
    const counts = new Map([[owner, 0]]);
    for (const lease of all) if (!isFree(lease)) counts.set(lease.Owner, (counts.get(lease.Owner) ?? 0) + 1);
    const share = Math.ceil(all.length / counts.size);
    let wanted = share - this.#own.size;
    for (const lease of all.filter((one) => isFree(one) && !this.#own.has(one.id)))
      if (wanted > 0 && (await this.#write(lease, { Owner: owner }))) wanted--;
    if (wanted <= 0) return;
    // Nothing free: one lease a time from who has more than a share, so that workers do not fight.
    const [richest, most] = [...counts].sort(([, a], [, b]) => b - a)[0];
    const taken = all.find((lease) => lease.Owner === richest && !isFree(lease));
    if (richest !== owner && most > share && taken !== undefined) await this.#write(taken, { Owner: owner });
  }

  /** Handles the next page of each of this worker's ranges; gives the number of changes. */
  async poll() {
    let count = 0;
    for (const lease of [...this.#own.values()]) count += await this.#pollOne(lease);
    return count;
  }

  /** Gives every lease back, for others to take at once. */
  async release() {
    for (const lease of [...this.#own.values()]) {
      await this.#write(lease, { Owner: null });
      this.#own.delete(lease.id);
    }
  }

  async #pollOne(lease) {
    const { feed, handle, maxItemCount } = this.#options;
    const page = await feed.items
      .getChangeFeedIterator({ maxItemCount, changeFeedStartFrom: this.#startOf(lease) })
      .readNext();
    const items = page.statusCode === notModified ? [] : page.result;
    if (items.length > 0) await handle(items, { range: lease.LeaseToken });
    const place = placeText(this.#feedRid, lease, page.continuationToken);
    // Also a place with nothing new is kept, the first one: it says where `now` was.
    if (items.length > 0 || lease.ContinuationToken === null) await this.#write(lease, { ContinuationToken: place });
    return items.length;
  }

  #startOf({ ContinuationToken, feedRange: { Range } }) {
    const [min, max] = [Range.min, Range.max];
    const first = [{ token: this.#options.startFrom === 'now' ? '*' : '', range: { min, max } }];
    const places = ContinuationToken === null ? first : placesIn(ContinuationToken);
    return ChangeFeedStartFrom.Continuation(iteratorText(this.#feedRid, places));
  }

  /** Replaces a lease if it is as it was read; another worker was quicker when this gives false. */
  async #write(lease, change) {
    const { leases, owner, now } = this.#options;
    const written = { ...lease, ...change, timestamp: new Date(now()).toISOString() };
    try {
      const { resource } = await leases
        .item(lease.id, lease.id)
        .replace(written, { accessCondition: { type: 'IfMatch', condition: lease._etag } });
      if (resource.Owner === owner) this.#own.set(lease.id, resource);
      return true;
    } catch (error) {
      if (error.code !== preconditionFailed && error.code !== notFound) throw error;
      this.#own.delete(lease.id);
      return false;
    }
  }

  /** Makes the leases once, whoever comes first; the item `.info` says that they are there. */
  async #prepare() {
    if (this.#prefix !== undefined) return;
    const { feed, leases, account } = this.#options;
    const { resource: container } = await feed.read();
    const { resource: database } = await feed.database.read();
    this.#feedRid = container._rid;
    const prefix = `${account}_${database._rid}_${container._rid}`;
    const info = `${prefix}.info`;
    if ((await leases.item(info, info).read()).statusCode === notFound) {
      for (const { minInclusive: min, maxExclusive: max } of await feed.getFeedRanges())
        await createUnlessThere(leases, {
          id: `${prefix}..${min}-${max}`,
          LeaseToken: `${min}-${max}`,
          ContinuationToken: null,
          timestamp: new Date(0).toISOString(),
          Owner: null,
          version: 1,
          feedRange: { Range: { min, max, isMinInclusive: true, isMaxInclusive: false } },
        });
      await createUnlessThere(leases, { id: info });
    }
    this.#prefix = prefix;
  }
}

async function createUnlessThere(container, item) {
  try {
    await container.items.create(item);
  } catch (error) {
    if (error.code !== conflict) throw error;
  }
}

/** Places by range; a lease has several of them once its range was split. */
function placesIn(text) {
  return JSON.parse(Buffer.from(text, 'base64').toString()).Continuation.Continuation;
}

/** The continuation that the iterator of @azure/cosmos takes. A range given by itself would have to be the SDK's. */
function iteratorText(rid, places) {
  return JSON.stringify({
    rid,
    Continuation: places.map(({ token, range: { min, max } }) => ({
      minInclusive: min,
      maxExclusive: max,
      continuationToken: token,
    })),
  });
}

/** Of the iterator's continuation, the place as Java's processor keeps it. */
function placeText(rid, { feedRange: { Range } }, continuation) {
  const Continuation = JSON.parse(continuation).Continuation.map(
    ({ minInclusive, maxExclusive, epkMinHeader, epkMaxHeader, continuationToken }) => ({
      token: continuationToken,
      range: { min: epkMinHeader ?? minInclusive, max: epkMaxHeader ?? maxExclusive },
    }),
  );
  const range = { min: Range.min, max: Range.max };
  return Buffer.from(
    JSON.stringify({
      V: 1,
      Rid: rid,
      Mode: 'INCREMENTAL',
      StartFrom: { Type: 'BEGINNING' },
      Continuation: { V: 1, Rid: rid, Continuation, Range: range },
    }),
  ).toString('base64');
}

/** Ends early when it is told to stop. */
function pause(milliseconds, signal) {
  return setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
}
