// Stored procedures as @azure/cosmos runs them: the server-side API, one transaction, errors.

import { CosmosClient, type Container } from '@azure/cosmos';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, partitionKey } from './request.ts';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let container: Container;
let count = 0;

beforeAll(async () => {
  server = await start();
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  await client.databases.create({ id: 'shop' });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

beforeEach(async () => {
  const definition = { id: `c${++count}`, partitionKey: { paths: ['/pk'] } };
  ({ container } = await client.database('shop').containers.create(definition));
});

/** Stores a script and runs it in the logical partition 'a'. */
async function run(body: string, parameters: unknown[] = [], options: object = {}, key: string = 'a') {
  const id = `p${++count}`;
  await container.scripts.storedProcedures.create({ id, body });
  return container.scripts.storedProcedure(id).execute(key, parameters, options);
}

async function idsIn(key = 'a'): Promise<string[]> {
  const query = container.items.query<string>('SELECT VALUE c.id FROM c', { partitionKey: key });
  return (await query.fetchAll()).resources.sort();
}

const put = (doc: object) => container.items.create({ pk: 'a', ...doc });

describe('procedures', () => {
  it('answer what they set as body, and an empty text when they set none', async () => {
    expect((await run('function () { getContext().getResponse().setBody({ n: 1, t: "é" }); }')).resource).toEqual({
      n: 1,
      t: 'é',
    });
    expect((await run('function () {}')).resource).toBe('');
    const appended = 'function () { for (var i = 0; i < 10; i++) getContext().getResponse().appendValue("Body", i); }';
    expect((await run(appended)).resource).toBe('0123456789');
  });

  it('take their arguments from the array that was sent', async () => {
    const script = 'function (a, b) { __.response.setBody([a, b, arguments.length]); }';
    expect((await run(script, [{ x: 1 }, 'two'])).resource).toEqual([{ x: 1 }, 'two', 2]);
    expect((await run(script)).resource).toEqual([null, null, 0]);
  });

  it('may be arrows, asynchronous, or a program whose first function is meant', async () => {
    expect((await run('() => { __.response.setBody(1); }')).resource).toBe(1);
    expect((await run('async function main() { __.response.setBody(await Promise.resolve(2)); }')).resource).toBe(2);
    const program = 'function main() { __.response.setBody(helper()); }\nfunction helper() { return 3; }';
    expect((await run(program)).resource).toBe(3);
    expect((await run('// it answers\nfunction main() { __.response.setBody(4); };')).resource).toBe(4);
  });

  it('create, read, replace, upsert and delete documents', async () => {
    const { resource } = await run(`function () {
      var c = getContext().getCollection(), done = [];
      var ok = c.createDocument(c.getSelfLink(), { id: '1', pk: 'a', n: 1 }, function (err, doc) {
        if (err) throw err;
        done.push('created ' + doc.n);
        c.readDocument(doc._self, function (err, doc, options) {
          done.push('read ' + doc.n + ' ' + options.statusCode);
          doc.n = 2;
          c.replaceDocument(doc._self, doc, { etag: doc._etag }, function (err, doc) {
            if (err) throw err;
            c.upsertDocument(c.getAltLink(), { id: '1', pk: 'a', n: 3 }, function (err, doc) {
              done.push('upserted ' + doc.n);
              c.createDocument(c.getAltLink(), { pk: 'a' }, function (err, made) {
                c.deleteDocument(c.getAltLink() + '/docs/' + made.id, {}, function (err) {
                  done.push('deleted ' + (err === undefined));
                  getContext().getResponse().setBody(done);
                });
              });
            });
          });
        });
      });
      if (!ok) throw new Error('not accepted');
    }`);
    expect(resource).toEqual(['created 1', 'read 1 200', 'upserted 3', 'deleted true']);
    expect(await idsIn()).toEqual(['1']);
    expect((await container.item('1', 'a').read()).resource).toMatchObject({ n: 3 });
  });

  it('answer documents with the ETag and _rid that they are stored with', async () => {
    const { resource } = await run(`function () {
      __.createDocument(__.getSelfLink(), { id: 'x', pk: 'a' }, function (err, doc) { __.response.setBody(doc); });
    }`);
    const { resource: stored } = await container.item('x', 'a').read();
    expect(resource).toEqual({ ...stored, _ts: (resource as { _ts: number })._ts });
  });

  it('query with parameters, by pages, and see their own writes', async () => {
    for (let i = 0; i < 5; i++) await put({ id: `${i}`, n: i });
    const { resource } = await run(`function () {
      var c = getContext().getCollection(), pages = [];
      var query = { query: 'SELECT VALUE r.n FROM root r WHERE r.n >= @n', parameters: [{ name: '@n', value: 1 }] };
      c.createDocument(c.getSelfLink(), { id: 'new', pk: 'a', n: 9 });
      c.deleteDocument(c.getAltLink() + '/docs/2');
      (function page(continuation) {
        c.queryDocuments(c.getSelfLink(), query, { pageSize: 2, continuation: continuation }, function (err, feed, options) {
          if (err) throw err;
          pages.push(feed);
          if (options.continuation) page(options.continuation);
          else getContext().getResponse().setBody(pages);
        });
      })();
    }`);
    expect((resource as number[][]).flat()).toEqual([1, 3, 4, 9]);
    expect((resource as number[][])[0]).toHaveLength(2);
  });

  it('see one logical partition only, and write no other', async () => {
    await put({ id: 'here' });
    await container.items.create({ id: 'there', pk: 'b' });
    const ids = await run(`function () {
      __.queryDocuments(__.getSelfLink(), 'SELECT VALUE c.id FROM c', function (e, feed) { __.response.setBody(feed); });
    }`);
    expect(ids.resource).toEqual(['here']);
    const other = `function () { __.createDocument(__.getSelfLink(), { id: 'n', pk: 'b' }); }`;
    await expect(run(other)).rejects.toMatchObject({ code: 400 });
    expect(await idsIn('b')).toEqual(['there']);
  });

  it('chain filter, map, pluck, flatten, unwind and sorts', async () => {
    for (let i = 0; i < 6; i++) await put({ id: `${i}`, n: (i * 5) % 7, tags: [`t${i}`, ['x']] });
    const { resource } = await run(`function () {
      var out = {}, keep = function (name) { return function (err, feed) { if (err) throw err; out[name] = feed; __.response.setBody(out); }; };
      __.filter(function (d) { return d.n > 3; }, keep('filter'));
      __.map(function (d) { return d.n * 2; }, keep('map'));
      __.pluck('n', keep('pluck'));
      __.chain().sortByDescending(function (d) { return d.n; }).pluck('n').value(keep('sorted'));
      __.chain().filter(function (d) { return d.id < '2'; }).map(function (d) { return d.tags; }).flatten().value(keep('flat'));
      __.chain().filter(function (d) { return d.id == '1'; }).unwind(function (d) { return d.tags; }).value(keep('unwound'));
    }`);
    const n = [0, 5, 3, 1, 6, 4];
    const found = resource as Record<string, unknown[]>;
    expect(found['filter']!.map((doc) => (doc as { n: number }).n)).toEqual([5, 6, 4]);
    expect(found['map']).toEqual(n.map((one) => one * 2));
    expect(found['pluck']).toEqual(n);
    expect(found['sorted']).toEqual([6, 5, 4, 3, 1, 0]);
    expect(found['flat']).toEqual(['t0', 'x', 't1', 'x']);
    expect(found['unwound']).toEqual(['t1', ['x']]);
  });

  it('page through a chain by its continuation', async () => {
    for (let i = 0; i < 7; i++) await put({ id: `${i}` });
    const script = `function (at) {
      __.chain().filter(function (d) { return d.id != '3'; }).pluck('id').value({ pageSize: 4, continuation: at }, function (err, feed, options) {
        if (err) throw err;
        __.response.setBody({ feed: feed, next: options.continuation });
      });
    }`;
    const first = (await run(script)).resource as { feed: string[]; next: string };
    expect(first.feed).toEqual(['0', '1', '2', '4']);
    const second = (await run(script, [first.next])).resource as { feed: string[]; next?: string };
    expect(second).toEqual({ feed: ['5', '6'] });
  });

  it('log into a header when the client asks for it', async () => {
    const script = `function () { console.log('The value of %s is %s.', 'x', 1); __.response.setBody(1); }`;
    const header = 'x-ms-documentdb-script-log-results';
    expect((await run(script)).headers[header]).toBeUndefined();
    const logged = await run(script, [], { enableScriptLogging: true });
    expect(logged.headers[header]).toBe(encodeURIComponent('The value of x is 1.'));
  });
});

describe('a transaction', () => {
  it('stores all writes in one entry, or none when the script throws', async () => {
    const before = server.engine.counters.entries;
    await run(
      `function () { for (var i = 0; i < 3; i++) __.createDocument(__.getSelfLink(), { id: '' + i, pk: 'a' }); }`,
    );
    // The procedure itself is one, too.
    expect(server.engine.counters.entries).toBe(before + 2);
    const failing = `function () {
      for (var i = 3; i < 6; i++) __.createDocument(__.getSelfLink(), { id: '' + i, pk: 'a' });
      __.readDocument(__.getAltLink() + '/docs/3', function (err, doc) { if (doc.id == '3') throw new Error('enough'); });
    }`;
    await expect(run(failing)).rejects.toMatchObject({ code: 400, substatus: 400 });
    expect(await idsIn()).toEqual(['0', '1', '2']);
  });

  it('gives errors of calls to callbacks by number, and fails when there is none', async () => {
    const uniqueKeyPolicy = { uniqueKeys: [{ paths: ['/u'] }] };
    const definition = { id: `c${++count}`, partitionKey: { paths: ['/pk'] }, uniqueKeyPolicy };
    ({ container } = await client.database('shop').containers.create(definition));
    await put({ id: '1', u: 1 });
    const { resource } = await run(`function () {
      var numbers = [], note = function (err) { numbers.push(err ? err.number : 0); __.response.setBody(numbers); };
      __.createDocument(__.getSelfLink(), { id: '1', pk: 'a' }, note);
      __.createDocument(__.getSelfLink(), { id: '2', pk: 'a', u: 1 }, note);
      __.readDocument(__.getAltLink() + '/docs/none', note);
      __.replaceDocument(__.getAltLink() + '/docs/1', { id: '1', pk: 'a' }, { etag: '"00000000-0000-0000-0000-000000000000"' }, note);
      __.queryDocuments(__.getSelfLink(), 'SELECT FROM', note);
      __.createDocument(__.getSelfLink(), { id: '2', pk: 'a', u: 2 }, note);
    }`);
    expect(resource).toEqual([409, 409, 404, 412, 400, 0]);
    const unhandled = `function () { __.createDocument(__.getSelfLink(), { id: '1', pk: 'a' }); }`;
    await expect(run(unhandled)).rejects.toMatchObject({ code: 400, substatus: 409 });
  });

  it('fails with the number, text and stack of what was thrown', async () => {
    const thrown = run('function () { throw new Error(1234, "no such order"); }');
    await expect(thrown).rejects.toMatchObject({ code: 400, substatus: 1234 });
    await expect(thrown).rejects.toThrow(/Exception = Error: no such order.*Stack trace/s);
    await expect(run('function () { throw "a text"; }')).rejects.toThrow(/Exception = a text/);
    await expect(run('async function () { throw new Error("late"); }')).rejects.toThrow(/Exception = Error: late/);
    await expect(run('function () { getContext().abort(new Error("stop")); }')).rejects.toThrow(/Error: stop/);
    await expect(run('function () { return (; }')).rejects.toThrow(/SyntaxError/);
  });

  it('runs again when what it read was written meanwhile', async () => {
    await put({ id: 'counter', n: 0 });
    await container.scripts.storedProcedures.create({
      id: 'add',
      body: `function () {
        var link = __.getAltLink() + '/docs/counter';
        __.readDocument(link, function (err, doc) {
          doc.n++;
          __.replaceDocument(link, doc, function (err, doc) { if (err) throw err; __.response.setBody(doc.n); });
        });
      }`,
    });
    const adding = Array.from({ length: 20 }, () => container.scripts.storedProcedure('add').execute('a'));
    const patching = Array.from({ length: 20 }, () =>
      container.item('counter', 'a').patch([{ op: 'incr', path: '/n', value: 1 }]),
    );
    const answers = await Promise.all([...adding, ...patching]);
    expect(answers).toHaveLength(40);
    expect((await container.item('counter', 'a').read()).resource).toMatchObject({ n: 40 });
  });
});

describe('an execution', () => {
  it('needs a partition key, and a procedure that exists', async () => {
    await container.scripts.storedProcedures.create({ id: 'p', body: 'function () {}' });
    const path = `/dbs/shop/colls/${container.id}/sprocs`;
    expect((await ask(server, { verb: 'POST', path: `${path}/p`, body: [] })).status).toBe(400);
    expect((await ask(server, { verb: 'POST', path: `${path}/q`, body: [], headers: partitionKey('a') })).status).toBe(
      404,
    );
    expect(
      (await ask(server, { verb: 'POST', path: `${path}/p`, body: 'no json', headers: partitionKey('a') })).status,
    ).toBe(400);
    expect(
      (await ask(server, { verb: 'POST', path: `${path}/p`, body: '"one"', headers: partitionKey('a') })).status,
    ).toBe(200);
  });

  it('costs what its calls cost, and tells the session token of its partition', async () => {
    const idle = await run('function () {}');
    const busy = await run(`function () { __.createDocument(__.getSelfLink(), { pk: 'a' }); }`);
    expect(idle.requestCharge).toBe(1);
    expect(busy.requestCharge).toBeGreaterThan(4);
    expect(busy.headers['x-ms-session-token']).toMatch(/^0:/);
  });
});
