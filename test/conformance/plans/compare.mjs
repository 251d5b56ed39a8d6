// Whether a plan is the baseline's: structure, not spelling. Texts are compared as syntax trees, in which redundant
// parentheses, the case of a function's name and a written ASC say nothing; ranges as sets of effective partition keys.

import { effectivePartitionKey } from '../../../dist/model/effective-partition-key.js';
import { parseSql } from '../../../dist/frontends/cosmos/sql/parse.js';

/** Placeholders stand for expressions: parsed as parameters of their name. */
const placeholder = /\{documentdb-([a-z0-9-]+)\}/g;

/** Differences, each as a line; none when the plans agree. */
export function differencesOf(expected, actual, key) {
  const found = [];
  const say = (what, wanted, got) => {
    if (JSON.stringify(wanted) !== JSON.stringify(got))
      found.push(`${what}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
  };
  const { queryInfo: wanted } = expected;
  const got = actual.queryInfo;
  if (got === undefined) return ['there is no queryInfo'];
  for (const name of ['distinctType', 'top', 'offset', 'limit', 'orderBy', 'aggregates', 'groupByAliases'])
    say(name, wanted[name], got[name]);
  for (const name of ['hasSelectValue']) say(name, wanted[name], got[name]);
  say(
    'groupByAliasToAggregateType',
    sorted(wanted.groupByAliasToAggregateType),
    sorted(got.groupByAliasToAggregateType),
  );
  for (const name of ['groupByExpressions', 'orderByExpressions'])
    say(name, wanted[name].map(treeOfExpression), got[name].map(treeOfExpression));
  say('rewrittenQuery', treeOfQuery(wanted.rewrittenQuery), treeOfQuery(got.rewrittenQuery));
  say('hasNonStreamingOrderBy', /VectorDistance/i.test(wanted.orderByExpressions.join()), got.hasNonStreamingOrderBy);
  say('dCountInfo', null, got.dCountInfo);
  say(
    'queryRanges',
    expected.ranges.map((range) => hexRange(range, key)).sort(),
    actual.queryRanges.map(textOfRange).sort(),
  );
  return found;
}

/** Differences between the faults that the baseline names and those of an answer. */
export function faultDifferencesOf(faults, answer) {
  if (answer.status !== 400) return [`wanted 400, got ${answer.status}: ${answer.text.slice(0, 200)}`];
  const [line] = JSON.parse(answer.text).message.split('\r\n');
  const said = entriesIn(line);
  if (said === undefined) return [`the message names no faults: ${line}`];
  const wanted = faults.map(entryOf);
  const got = said.map(entryOf);
  // Some baselines give no place or no code; then ours may say more.
  const comparable = got.map((entry, i) => ({
    message: entry.message,
    ...(wanted[i]?.code === undefined ? {} : { code: entry.code }),
    ...(wanted[i]?.location === undefined ? {} : { location: entry.location }),
  }));
  const a = JSON.stringify(wanted);
  const b = JSON.stringify(comparable);
  return a === b ? [] : [`faults: wanted ${a}, got ${b}`];
}

function entriesIn(line) {
  try {
    return JSON.parse(line).errors;
  } catch {
    return undefined;
  }
}

function entryOf({ message, code, location }) {
  return {
    message: message.replace(/\.$/, ''),
    ...(code === undefined ? {} : { code: Number(String(code).replace(/\D/g, '')) }),
    ...(location === undefined ? {} : { location }),
  };
}

function sorted(record) {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function hexRange({ min, max, isMinInclusive, isMaxInclusive }, key) {
  return textOfRange({ min: hexOf(min, key), max: hexOf(max, key), isMinInclusive, isMaxInclusive });
}

function textOfRange({ min, max, isMinInclusive, isMaxInclusive }) {
  return `${isMinInclusive ? '[' : '('}${min},${max}${isMaxInclusive ? ']' : ')'}`;
}

function hexOf(bound, key) {
  if (bound === 'Infinity') return 'FF';
  if (bound.length === 0) return '';
  const parts = bound.map((part) => (part !== null && typeof part === 'object' ? undefined : part));
  if (bound.some((part) => part?.type !== undefined)) return JSON.stringify(bound);
  return effectivePartitionKey(key, parts);
}

function treeOfExpression(text) {
  return treeOfQuery(`SELECT VALUE ${text}`).select.value;
}

function treeOfQuery(text) {
  return text === '' ? '' : simplified(parseSql(text.replace(placeholder, '@$1')));
}

/** Without places in the text, and with one form for what may be written in several. */
function simplified(node) {
  if (Array.isArray(node)) return node.map(simplified);
  if (node === null || typeof node !== 'object') return node === undefined ? '(undefined)' : node;
  const plain = {};
  for (const [name, value] of Object.entries(node))
    if (!['start', 'end', 'directed'].includes(name)) plain[name] = simplified(value);
  if (plain.kind === 'call') plain.name = plain.name.toUpperCase();
  if (plain.kind === 'and' || plain.kind === 'or')
    plain.operands = plain.operands.flatMap((one) => (one.kind === plain.kind ? one.operands : [one]));
  return plain;
}
