// `npm run conformance:plans`: the query plans of the Cosmos door against the baselines of the public .NET SDK.
//
//   MERIDIAN_PLAN_BASELINES   where the baselines lie: their folder, a checkout, or a bare repository of the SDK;
//                             without it they are cloned from its public repository
//   --wrong NAME              answers spoilt that way (or `all`, one after another): each must turn the run red
//   --only REGEXP             only the cases whose name it matches
//   --show                    prints what differs in each failed case
//
// Exit code: 0 when every failure is listed in known-failures/cosmos-plans.txt and every listed case fails.

import { createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';
import { judge, readKnownFailures } from '../known-failures.mjs';
import { startMeridian } from '../meridian.mjs';
import { readBaselines } from './baselines.mjs';
import { wrongPlans } from './wrong-plans.mjs';

const { values: options } = parseArgs({
  options: {
    wrong: { type: 'string' },
    only: { type: 'string', default: '' },
    show: { type: 'boolean', default: false },
  },
});

const containers = new Map();

const masterKey = Buffer.from('key of the plan baselines').toString('base64');

/** Every feature that a client can name: the plan is wanted, not a refusal. */
const features =
  'Aggregate,CompositeAggregate,CountIf,DCount,Distinct,GenerateEmbeddings,GroupBy,HybridSearch,ListAndSetAggregate,' +
  'MultipleAggregates,MultipleOrderBy,NonStreamingOrderBy,NonValueAggregate,OffsetAndLimit,OrderBy,Top,WeightedRankFusion';

const known = await readKnownFailures('cosmos-plans');
const only = new RegExp(options.only);
const cases = (await readBaselines(process.env.MERIDIAN_PLAN_BASELINES)).filter(({ name }) => only.test(name));
const server = await startMeridian(['--sql-port', '0', '--key', masterKey]);
// The judge shares the parser of the build that the server has just made.
const { differencesOf, faultDifferencesOf } = await import('./compare.mjs');
try {
  const endpoint = new URL(server.ready.sql);
  endpoint.protocol = 'http:';
  await request(endpoint, 'POST', 'dbs', '', 'dbs', { id: 'plans' });
  const answers = [];
  for (const one of cases) answers.push(await ask(endpoint, one));
  process.exitCode = options.wrong === undefined ? report(answers) : spoil(answers);
} finally {
  await server.stop();
}

/** The answer to a case's plan request, from a container of its definition. */
async function ask(endpoint, one) {
  const { definition, id } = await containerFor(endpoint, one);
  const answer = await request(
    endpoint,
    'POST',
    `dbs/plans/colls/${id}/docs`,
    `dbs/plans/colls/${id}`,
    'docs',
    { query: one.query, parameters: one.parameters },
    {
      'content-type': 'application/query+json',
      'x-ms-documentdb-isquery': 'True',
      'x-ms-cosmos-is-query-plan-request': 'True',
      'x-ms-documentdb-query-enablecrosspartition': 'True',
      'x-ms-cosmos-query-version': '1.4',
      'x-ms-cosmos-supported-query-features': features,
    },
  );
  return { one, key: definition.partitionKey ?? { paths: ['/_partitionKey'], kind: 'Hash', version: 2 }, answer };
}

function verdictOf({ one, key, answer }) {
  if (one.fault?.faults !== undefined) return faultDifferencesOf(one.fault.faults, answer);
  if (answer.status !== 200) return [`wanted a plan, got ${answer.status}: ${answer.text.slice(0, 300)}`];
  const actual = JSON.parse(answer.text);
  if (one.fault !== undefined) return differencesOf(ofRefused(one.fault.refusedByClient), actual, key);
  return one.plan.isHybrid ? ['a hybrid plan is not compared'] : differencesOf(one.plan, actual, key);
}

/** A plan that the service gave and the client refused: the service's own form, whose absent fields are null. */
function ofRefused({ queryInfo, queryRanges }) {
  if (queryInfo === undefined) return { queryInfo: { rewrittenQuery: 'a hybrid plan is not compared' } };
  const { hasSelectValue, top = null, offset = null, limit = null } = queryInfo;
  return { queryInfo: { ...queryInfo, top, offset, limit, hasSelectValue: hasSelectValue !== 0 }, ranges: queryRanges };
}

function safeVerdict(answer) {
  try {
    return verdictOf(answer);
  } catch (error) {
    return [`not comparable: ${error.message}`];
  }
}

function report(answers) {
  const passed = [];
  const failed = [];
  for (const answer of answers) {
    const differences = safeVerdict(answer);
    (differences.length === 0 ? passed : failed).push(answer.one.name);
    if (options.show && differences.length > 0)
      process.stdout.write(`${answer.one.name}\n  ${answer.one.query}\n  ${differences.join('\n  ')}\n`);
  }
  process.stdout.write(`cosmos-plans: ${passed.length} of ${answers.length} agree\n`);
  return judge({ known, passed, failed });
}

/** Spoils every answer in one way after another; a way that turns nothing red is a hole in the comparison. */
function spoil(answers) {
  const green = answers.filter((answer) => safeVerdict(answer).length === 0);
  let holes = 0;
  for (const [name, spoilt] of Object.entries(wrongPlans)) {
    if (options.wrong !== 'all' && options.wrong !== name) continue;
    const red = green.filter((answer) => safeVerdict({ ...answer, answer: spoilt(answer.answer) }).length > 0);
    if (red.length === 0) holes++;
    process.stdout.write(
      `${red.length === 0 ? 'NOT SEEN' : 'seen    '}  ${name}: ${red.length} of ${green.length} red\n`,
    );
  }
  return holes === 0 ? 0 : 1;
}

/** The container of a case's key and policies: made once for all cases that share them. */
async function containerFor(endpoint, { keyPaths: paths, geospatialType, vectorDistance }) {
  const text = JSON.stringify([paths, geospatialType, vectorDistance]);
  let found = containers.get(text);
  if (found !== undefined) return found;
  const id = `c${containers.size}`;
  const definition = {
    id,
    // Ranges of key values exist in no service of today: their cases are asked of hashed keys.
    ...(paths.length === 0
      ? {}
      : { partitionKey: { paths, kind: paths.length === 1 ? 'Hash' : 'MultiHash', version: 2 } }),
    ...(geospatialType === undefined ? {} : { geospatialConfig: { type: geospatialType } }),
    ...(vectorDistance === undefined
      ? {}
      : { vectorEmbeddingPolicy: { vectorEmbeddings: [embedding(vectorDistance)] } }),
  };
  const { status, text: said } = await request(endpoint, 'POST', 'dbs/plans/colls', 'dbs/plans', 'colls', definition);
  if (status !== 201) throw new Error(`no container for ${text}: ${status} ${said}`);
  found = { definition, id };
  containers.set(text, found);
  return found;
}

function embedding(distanceFunction) {
  return { path: '/embedding', dataType: 'float32', dimensions: 8, distanceFunction };
}

async function request(endpoint, method, path, link, type, body, headers = {}) {
  const date = new Date().toUTCString();
  const signed = `${method.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
  const signature = createHmac('sha256', Buffer.from(masterKey, 'base64')).update(signed).digest('base64');
  const response = await fetch(new URL(path, endpoint), {
    method,
    body: JSON.stringify(body),
    headers: {
      authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`),
      'x-ms-date': date,
      'x-ms-version': '2020-07-15',
      'content-type': 'application/json',
      ...headers,
    },
  });
  return { status: response.status, text: await response.text() };
}
