// The query-plan baselines of the public .NET SDK, read where they lie at run time: nothing of them is kept here.
// Their C# (QueryPlanBaselineTests.cs) says what the files leave out: the vectors' policy follows from the case's name.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const repository = 'https://github.com/Azure/azure-cosmos-dotnet-v3';
const folder = 'Microsoft.Azure.Cosmos/tests/Microsoft.Azure.Cosmos.Tests/BaselineTest/TestBaseline';
const filePattern = /QueryPlanBaselineTests\.(\w+)\.xml$/;

/** Bytes of one file's text. */
const fileBytesMax = 16 * 1024 * 1024;

/**
 * All cases, in the order of files and within them. `source` is a folder of baseline files, a checkout or a bare
 * repository; without it the files are cloned, sparsely, and thrown away.
 */
export async function readBaselines(source) {
  if (source !== undefined) return casesOf(await textsIn(source));
  const scratch = await mkdtemp(join(tmpdir(), 'meridian-plans-'));
  try {
    await run('git', ['clone', '--quiet', '--depth', '1', '--filter=blob:none', '--no-checkout', repository, scratch]);
    return casesOf(await textsIn(scratch));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function textsIn(source) {
  for (const path of [source, join(source, folder)]) {
    const names = (await readdir(path).catch(() => [])).filter((name) => filePattern.test(name)).sort();
    if (names.length > 0)
      return Promise.all(names.map(async (name) => [nameOf(name), await readFile(join(path, name), 'utf8')]));
  }
  const git = async (...args) => (await run('git', ['-C', source, ...args], { maxBuffer: fileBytesMax })).stdout;
  const names = (await git('ls-tree', '--name-only', 'HEAD', `${folder}/`)).split('\n');
  const texts = [];
  for (const name of names.filter((one) => filePattern.test(one)).sort())
    texts.push([nameOf(name), await git('show', `HEAD:${name}`)]);
  if (texts.length === 0) throw new Error(`no baseline files under ${source}`);
  return texts;
}

function nameOf(path) {
  return filePattern.exec(path)[1];
}

function casesOf(texts) {
  const cases = [];
  const seen = new Map();
  for (const [file, text] of texts)
    for (const result of childrenOf(parseXml(text), 'Result')) {
      const input = childOf(result, 'Input');
      const [output] = childOf(result, 'Output').children;
      const description = textOf(childOf(input, 'Description')).trim();
      const plain = `${file}: ${description}`.replace(/\s+/g, ' ');
      const count = (seen.get(plain) ?? 0) + 1;
      seen.set(plain, count);
      cases.push({
        name: count === 1 ? plain : `${plain} #${count}`,
        query: textOf(childOf(input, 'Query')),
        parameters: JSON.parse(textOf(childOf(input, 'QueryParameters')) || '[]'),
        keyPaths: childOf(input, 'PartitionKeys').children.map(textOf),
        geospatialType: textOf(childOf(input, 'GeospatialType')) || undefined,
        vectorDistance: file === 'VectorSearch' ? distanceNamed(description) : undefined,
        ...(output.name === 'Exception' ? { fault: faultOf(textOf(output)) } : { plan: planOf(output) }),
      });
    }
  return cases;
}

function distanceNamed(description) {
  if (description.startsWith('Euclidean')) return 'euclidean';
  return description.startsWith('Cosine') ? 'cosine' : 'dotproduct';
}

/** What the failed call said: the faults of the query, or the plan that only the client refused. */
function faultOf(text) {
  const json = /ExpectedQueryPartitionProviderException : (\{.*\})\s/.exec(text)?.[1];
  if (json === undefined) throw new Error(`a baseline with an unknown exception: ${text.slice(0, 200)}`);
  const said = JSON.parse(json);
  const faults = said.errors ?? said.Errors?.map((message) => ({ message }));
  return faults === undefined ? { refusedByClient: said } : { faults };
}

const truth = { True: true, False: false };

function planOf(info) {
  const hybrid = childOf(info, 'HybridSearchQueryInfo');
  const queryInfo = childOf(info, 'QueryInfo');
  const list = (name) => childOf(queryInfo, name).children.map(textOf);
  const number = (name) => (textOf(childOf(queryInfo, name)) === '' ? null : Number(textOf(childOf(queryInfo, name))));
  return {
    isHybrid: hybrid !== undefined,
    queryInfo: queryInfo && {
      distinctType: textOf(childOf(queryInfo, 'DistinctType')),
      top: number('Top'),
      offset: number('Offset'),
      limit: number('Limit'),
      groupByExpressions: list('GroupByExpressions'),
      orderBy: list('OrderBy'),
      orderByExpressions: list('OrderByExpressions'),
      aggregates: list('Aggregates'),
      groupByAliases: list('GroupByAliases'),
      groupByAliasToAggregateType: Object.fromEntries(
        childOf(queryInfo, 'GroupByAliasToAggregateType').children.map((entry) => {
          const type = textOf(childOf(entry, 'AggregateOperator'));
          return [textOf(childOf(entry, 'Alias')), type === 'null' ? null : type];
        }),
      ),
      hasSelectValue: truth[textOf(childOf(queryInfo, 'HasSelectValue'))],
      rewrittenQuery: textOf(childOf(info, 'RewrittenQuery')),
    },
    ranges: childrenOf(childOf(childOf(info, 'QueryRanges'), 'Range'), 'Range')
      .map(textOf)
      .map(rangeOf),
  };
}

/** `[[1.0],[1.0]]`, `[[],"Infinity")`: bounds as lists of key values. */
function rangeOf(text) {
  const [min, max] = JSON.parse(`[${text.slice(1, -1)}]`);
  return { min, max, isMinInclusive: text.startsWith('['), isMaxInclusive: text.endsWith(']') };
}

// The files hold elements, text, CDATA and the five named entities: all that is read here.

function parseXml(text) {
  const root = { name: '', children: [], text: '' };
  const open = [root];
  const token = /<!\[CDATA\[([\s\S]*?)\]\]>|<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([\w.]+)[^>]*?(\/?)>|([^<]+)/g;
  for (const [, cdata, closes, name, empty, plain] of text.matchAll(token)) {
    const at = open.at(-1);
    if (cdata !== undefined) at.text += cdata;
    else if (plain !== undefined) at.text += unescaped(plain);
    else if (closes === '/') open.pop();
    else if (name !== undefined) {
      const element = { name, children: [], text: '' };
      at.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  return root.children[0];
}

const entities = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(text) {
  return text.replace(/&(?:#x([\da-f]+)|(\w+));/gi, (_, hex, name) =>
    hex === undefined ? entities[name] : String.fromCodePoint(parseInt(hex, 16)),
  );
}

function childOf(element, name) {
  return element?.children.find((child) => child.name === name);
}

function childrenOf(element, name) {
  return element.children.filter((child) => child.name === name);
}

function textOf(element) {
  return element === undefined || element.children.length > 0 ? '' : element.text;
}
