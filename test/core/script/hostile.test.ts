// Scripts that mean harm, run as procedures are: each ends as it should, within its bound, and the next script runs.

import { afterAll, describe, expect, it } from 'vitest';
import type { ScriptOutcome } from '../../../core/script/messages.ts';
import { ScriptThreads } from '../../../core/script/script-threads.ts';

const threads = new ScriptThreads();
afterAll(() => threads.close());

/** Long for whatever ends by itself; a script that does not is given less. */
const timeMs = 10_000;
const endlessMs = 300;

interface Options {
  readonly answer?: (calls: string) => Promise<string>;
  readonly parameters?: string;
  readonly timeMs?: number;
}

function run(body: string, options: Options = {}): Promise<ScriptOutcome> {
  const bounds = { callsMax: 10_000, charactersMax: 1_000_000, logMax: 1_000, responseMax: 1_000_000, isLogging: true };
  const links = { selfLink: 'dbs/d/colls/c/', altLink: 'dbs/n/colls/m' };
  const messages = { request: {}, response: { Body: { value: '', isWritable: true } } };
  const setup = `${JSON.stringify({ ...links, ...bounds, ...messages }).slice(0, -1)},"parameters":${options.parameters ?? '[]'}}`;
  const answerNone = (): Promise<string> => Promise.resolve('[]');
  return threads.run(
    { text: body, file: 'hostile.js', setup, timeMs: options.timeMs ?? timeMs },
    options.answer ?? answerNone,
  );
}

/** Refuses calls that cannot be read, as the door does. */
const answerAll = async (calls: string): Promise<string> => {
  const list = JSON.parse(calls) as { id: number }[];
  return JSON.stringify(list.map(({ id }) => ({ id, resource: {}, options: {} })));
};

async function response(body: string, options?: Options): Promise<unknown> {
  const outcome = await run(body, options);
  expect(outcome).toMatchObject({ kind: 'done' });
  return JSON.parse((outcome as { response: string }).response);
}

describe('a script that does not end', () => {
  const endless = {
    'a loop': 'function () { for (;;); }',
    'a loop in a catch': 'function () { for (;;) try { for (;;); } catch {} finally { for (;;); } }',
    'a loop of promises': 'async function () { for (;;) await 0; }',
    'promises that make promises': 'function () { (function again() { Promise.resolve().then(again); })(); }',
    'a generator': 'function () { function* all() { for (;;) yield 1; } for (const one of all()); }',
    'a regular expression': 'function () { /(a+)+$/.test("a".repeat(60) + "b"); }',
    'a getter in the answer': 'function () { __.response.setBody({ get a() { for (;;); } }); }',
    'an error whose text never comes': 'function () { throw { toString() { for (;;); } }; }',
    'a proxy as an error': 'function () { throw new Proxy({}, { get() { for (;;); } }); }',
    'a sort whose comparison never ends': 'function () { [1, 2].sort(() => { for (;;); }); }',
    'a built-in that asks nobody': 'function () { "a".repeat(3e6).indexOf("a".repeat(1e6) + "b"); }',
    'a search through an array that is not there': 'function () { [].indexOf.call({ length: 2 ** 53 - 1 }, 1); }',
    'strings without end': 'function () { const all = []; for (;;) all.push("x".repeat(1e6) + all.length); }',
    'callbacks that make calls': `function () {
      (function again() { __.readDocument('dbs/d/colls/c/docs/x', again) || again(); })();
    }`,
  };
  for (const [name, body] of Object.entries(endless))
    it(`is ended: ${name}`, async () => {
      const outcome = await run(body, { answer: answerAll, timeMs: endlessMs });
      // A recursion that is not caught ends by itself.
      expect(['ended', 'failed']).toContain(outcome.kind);
      expect(await response('function () { __.response.setBody(1); }')).toBe(1);
    });
});

describe('a script that takes too much', () => {
  const greedy = {
    'an array of 512 MiB': 'function () { new ArrayBuffer(512 << 20); }',
    'a string of a gigabyte': 'function () { "x".repeat(2 ** 30 - 1); }',
    'a number without end': 'function () { String(2n ** (2n ** 24n)); }',
    'recursion without end': 'function () { (function deeper() { return 1 + deeper(); })(); }',
    'JSON of great depth': 'function () { JSON.parse("[".repeat(1e6)); }',
    'an answer that is too long': 'function () { __.response.setBody("x".repeat(2e6)); }',
    'a log that is too long': 'function () { for (;;) console.log("x".repeat(100)); }',
  };
  for (const [name, body] of Object.entries(greedy))
    it(`fails: ${name}`, async () => {
      expect((await run(body)).kind).toBe('failed');
      expect(await response('function () { __.response.setBody(1); }')).toBe(1);
    });

  it('may catch that, and is then still within its bounds', async () => {
    const body = `function () {
      let depth = 0, out = [];
      try { (function deeper() { depth++; deeper(); })(); } catch (e) { out.push(e instanceof Error); }
      try { new ArrayBuffer(512 << 20); } catch (e) { out.push('caught'); }
      __.response.setBody([...out, depth > 100]);
    }`;
    expect(await response(body)).toEqual([true, 'caught', true]);
  });

  it('has calls refused beyond their number', async () => {
    const body = `function () {
      let accepted = 0;
      for (let i = 0; i < 100000; i++) if (__.createDocument(__.getSelfLink(), { id: '' + i })) accepted++;
      __.response.setBody(accepted);
    }`;
    expect(await response(body, { answer: answerAll })).toBeLessThanOrEqual(10_000);
  });
});

describe('a script that wants out', () => {
  it('finds nothing of the host', async () => {
    const names = [
      'process',
      'require',
      'module',
      'global',
      'globalThis.process',
      'Buffer',
      'fetch',
      'WebAssembly',
      'std',
      'os',
    ];
    const body = `function () { __.response.setBody(${JSON.stringify(names)}.map((name) => { try { return typeof (0, eval)(name); } catch { return 'undefined'; } })); }`;
    expect(await response(body)).toEqual(names.map(() => 'undefined'));
  });

  it('reaches no other function by constructors than its own', async () => {
    const body = `function () {
      const paths = [getContext, __.createDocument, console.log, Error, getContext().getResponse().setBody, (async () => {})];
      __.response.setBody(paths.map((f) => typeof f.constructor('return typeof process + typeof this.constructor')()).concat(
        paths.map((f) => f.constructor.constructor('return typeof process')())));
    }`;
    const found = (await response(body)) as string[];
    expect(found.slice(6).every((one) => one === 'undefined')).toBe(true);
  });

  it('cannot import modules', async () => {
    const body = `async function () { try { await import('node:fs'); } catch (e) { __.response.setBody('no'); } }`;
    expect(await response(body)).toBe('no');
  });

  it('leaves nothing behind for the next one', async () => {
    await run(
      'function () { globalThis.left = 1; Object.prototype.left = 1; Array.prototype.map = null; JSON.parse = null; }',
    );
    expect(
      await response('function () { __.response.setBody([typeof left, typeof ({}).left, [1].map((x) => x)]); }'),
    ).toEqual(['undefined', 'undefined', [1]]);
  });

  it('harms only itself by changing what it shares with the API', async () => {
    const tampering = [
      'JSON.stringify = () => "c[]"',
      'Array.prototype.join = () => "x"',
      'Map.prototype.get = () => { throw 1; }',
      'Object.defineProperty(Object.prototype, "kind", { set() { throw 1; }, configurable: true })',
      'Object.prototype.toJSON = () => "x"',
      'String.prototype.startsWith = () => true',
      'Promise.prototype.then = () => { throw 1; }',
      'Date.now = () => 0',
      'Symbol.iterator in Array.prototype && delete Array.prototype[Symbol.iterator]',
    ];
    for (const line of tampering) {
      await run(`function () { ${line}; __.readDocument('dbs/d/colls/c/docs/x'); __.response.setBody({ a: [1] }); }`, {
        answer: answerAll,
      }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(SyntaxError);
      });
      expect(await response('function () { __.response.setBody(1); }')).toBe(1);
    }
  });

  it('keeps __proto__ and constructor as data', async () => {
    const parameters = '[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]';
    const body = 'function (given) { __.response.setBody([typeof ({}).polluted, Object.keys(given)]); }';
    expect(await response(body, { parameters })).toEqual(['undefined', ['__proto__', 'constructor']]);
  });
});

describe('the main thread', () => {
  it('goes on while scripts run', async () => {
    const turns = { count: 0 };
    const timer = setInterval(() => turns.count++, 1);
    await Promise.all([
      run('function () { for (;;); }', { timeMs: endlessMs }),
      run('function () { [].indexOf.call({ length: 2 ** 53 - 1 }, 1); }', { timeMs: endlessMs }),
    ]);
    clearInterval(timer);
    expect(turns.count).toBeGreaterThan(20);
  });

  it('ends threads that have nothing to do', async () => {
    const short = new ScriptThreads(1);
    await short.run(
      { text: 'function () {}', file: 'x.js', setup: '{"request":{},"parameters":[]}', timeMs },
      answerAll,
    );
    await expect.poll(() => short.count).toBe(0);
    await short.close();
    const closed = short.run({ text: '', file: '', setup: '{}', timeMs }, answerAll);
    await expect(closed).rejects.toMatchObject({ code: 'Unavailable' });
  });
});
