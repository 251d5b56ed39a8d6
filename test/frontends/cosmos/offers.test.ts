// Offers as SDKs read and replace them: bounds, autoscale's figure of now, the way between the two kinds.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
let nowMs = 1_700_000_000_000;

beforeAll(async () => {
  server = await start({ nowMs: () => nowMs });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

interface Offer {
  readonly _rid: string;
  readonly offerResourceId: string;
  readonly content: {
    readonly offerThroughput: number;
    readonly offerAutopilotSettings?: { readonly maxThroughput: number };
  };
}

const autoscaleOf = (maxThroughput: number): Record<string, string> => ({
  'x-ms-cosmos-offer-autopilot-settings': JSON.stringify({ maxThroughput }),
});

async function make(id: string, headers: Record<string, string>): Promise<string> {
  const body = { id, partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  const { status, json } = await ask(server, { verb: 'POST', path: '/dbs/d/colls', headers, body });
  expect(status).toBe(201);
  const offers = (await ask(server, { path: '/offers' })).json['Offers'] as Offer[];
  return offers.find(({ offerResourceId }) => offerResourceId === json['_rid'])!._rid;
}

const readOffer = (rid: string): Promise<Answered> =>
  ask(server, { path: `/offers/${rid}`, type: 'offers', link: rid.toLowerCase() });

function replace(rid: string, content: object, headers: Record<string, string> = {}): Promise<Answered> {
  return ask(server, {
    verb: 'PUT',
    path: `/offers/${rid}`,
    type: 'offers',
    link: rid.toLowerCase(),
    headers,
    body: { offerVersion: 'V2', content },
  });
}

const contentOf = ({ json }: Answered): Offer['content'] => json['content'] as Offer['content'];

describe('bounds', () => {
  test.each([399, 300, 450, 1_000_100, -400, 1.5, 'x'])('manual throughput of %s is refused', async (throughput) => {
    const rid = await make(`m${String(throughput)}`, { 'x-ms-offer-throughput': '400' });
    const answer = await replace(rid, { offerThroughput: throughput });
    expect(answer.status).toBe(400);
    expect(answer.json.message).toContain(
      'The offer should have valid throughput values between 400 and 1000000 inclusive in increments of 100.',
    );
    expect(contentOf(await readOffer(rid)).offerThroughput).toBe(400);
  });

  test.each([1_500, 1_001_000])('an autoscale maximum of %s is refused', async (maxThroughput) => {
    const rid = await make(`a${maxThroughput}`, autoscaleOf(1_000));
    const answer = await replace(rid, { offerAutopilotSettings: { maxThroughput } });
    expect(answer.status).toBe(400);
    expect(answer.json.message).toContain('between 1000 and 1000000 inclusive in increments of 1000.');
  });

  test('the least is told, and that nothing is pending', async () => {
    const manual = await readOffer(await make('least', { 'x-ms-offer-throughput': '500' }));
    expect(manual.headers.get('x-ms-cosmos-min-throughput')).toBe('400');
    expect(manual.headers.get('x-ms-offer-replace-pending')).toBe('false');
    const autoscale = await readOffer(await make('least2', autoscaleOf(4_000)));
    expect(autoscale.headers.get('x-ms-cosmos-min-throughput')).toBe('1000');
  });
});

describe('autoscale', () => {
  test('shows a tenth at rest, what is used under load, and never more than its maximum', async () => {
    const rid = await make('scaled', autoscaleOf(1_000));
    expect(contentOf(await readOffer(rid))).toEqual({
      offerThroughput: 100,
      offerAutopilotSettings: { maxThroughput: 1_000 },
    });
    const numbers = Array.from({ length: 970 }, () => 1);
    const load = (id: string): Promise<Answered> =>
      ask(server, {
        verb: 'POST',
        path: '/dbs/d/colls/scaled/docs',
        headers: partitionKey('a'),
        body: { id, pk: 'a', numbers },
      });
    let used = 0;
    for (let i = 0; i < 3; i++) used += Number((await load(`i${i}`)).headers.get('x-ms-request-charge'));
    expect(used).toBeGreaterThan(250);
    expect(contentOf(await readOffer(rid)).offerThroughput).toBe(Math.ceil(used));
    nowMs += 1_000;
    expect(contentOf(await readOffer(rid)).offerThroughput).toBe(Math.ceil(used));
    for (let i = 3; i < 20; i++) await load(`i${i}`);
    expect(contentOf(await readOffer(rid)).offerThroughput).toBe(1_000);
    nowMs += 2_000;
    expect(contentOf(await readOffer(rid)).offerThroughput).toBe(100);
  });

  test('a replaced maximum moves the tenth', async () => {
    const rid = await make('moved', autoscaleOf(1_000));
    const replaced = await replace(rid, { offerThroughput: 100, offerAutopilotSettings: { maxThroughput: 6_000 } });
    expect(replaced.status).toBe(200);
    expect(contentOf(replaced)).toEqual({ offerThroughput: 600, offerAutopilotSettings: { maxThroughput: 6_000 } });
  });
});

describe('the way between manual and autoscale', () => {
  const toAutoscale = { 'x-ms-cosmos-migrate-offer-to-autopilot': 'true' };
  const toManual = { 'x-ms-cosmos-migrate-offer-to-manual-throughput': 'true' };

  test.each([
    [400, 1_000],
    [1_000, 1_000],
    [4_100, 5_000],
  ])('manual %i becomes autoscale up to %i', async (manual, maximum) => {
    const rid = await make(`to${manual}`, { 'x-ms-offer-throughput': String(manual) });
    const answer = await replace(rid, { offerThroughput: -1 }, toAutoscale);
    expect(answer.status).toBe(200);
    expect(contentOf(answer).offerAutopilotSettings?.maxThroughput).toBe(maximum);
    expect((await replace(rid, { offerThroughput: -1 }, toAutoscale)).status).toBe(400);
  });

  test('autoscale becomes manual at its maximum', async () => {
    const rid = await make('back', autoscaleOf(4_000));
    const answer = await replace(rid, { offerAutopilotSettings: { maxThroughput: -1 } }, toManual);
    expect(answer.status).toBe(200);
    expect(contentOf(answer)).toEqual({ offerThroughput: 4_000 });
    expect((await replace(rid, { offerThroughput: 4_000 }, toManual)).status).toBe(400);
  });

  test('is refused without its header', async () => {
    const manual = await replace(await make('r1', { 'x-ms-offer-throughput': '400' }), {
      offerAutopilotSettings: { maxThroughput: 4_000 },
    });
    expect(manual.status).toBe(400);
    expect(manual.json.message).toContain('x-ms-cosmos-migrate-offer-to-autopilot must be supplied');
    const autoscale = await replace(await make('r2', autoscaleOf(4_000)), { offerThroughput: 400 });
    expect(autoscale.status).toBe(400);
    expect(autoscale.json.message).toContain('x-ms-cosmos-migrate-offer-to-manual-throughput must be supplied');
  });
});

test('a container that is replaced keeps its offer and what was said of it, and shows neither', async () => {
  const rid = await make('kept', { 'x-ms-offer-throughput': '700' });
  const body = { id: 'kept', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 }, defaultTtl: 60 };
  const answer = await ask(server, { verb: 'PUT', path: '/dbs/d/colls/kept', body });
  expect(answer.status).toBe(200);
  expect(answer.json).not.toHaveProperty('offer');
  expect(contentOf(await readOffer(rid)).offerThroughput).toBe(700);
});
