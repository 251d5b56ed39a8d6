// What EXPLAIN and the doors' metrics say of an access: index paths in the words of an indexing policy, and what each
// was used for.

import { anyElement, type PathStep } from '../../../indexer/policy.ts';
import type { PathDictionary } from '../../../indexer/paths.ts';
import type { AccessKey, AccessPlan } from './access.ts';
import type { AccessPath, Condition } from './condition.ts';
import type { AccessUse, IndexUse } from './explain.ts';

function stepText(step: PathStep): string {
  if (step === anyElement) return '[]';
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? step : JSON.stringify(step);
}

function nodeText({ steps }: AccessPath): string {
  return steps.map((step) => `/${stepText(step)}`).join('');
}

/** The path as a policy writes it: `/address/city/?`. */
function pathText(path: AccessPath): string {
  return `${nodeText(path)}/?`;
}

function compositeText(order: readonly AccessKey[]): readonly string[] {
  return order.map(({ path, descending }) => `${nodeText(path)} ${descending ? 'DESC' : 'ASC'}`);
}

interface Found {
  readonly path: AccessPath;
  readonly how: IndexUse['how'];
}

/** Every path of a condition with what is asked of it. */
function pathsOf(condition: Condition, found: Found[]): Found[] {
  switch (condition.kind) {
    case 'unknown':
    case 'constant':
      break;
    case 'and':
    case 'or':
      for (const operand of condition.operands) pathsOf(operand, found);
      break;
    case 'not':
      pathsOf(condition.operand, found);
      break;
    case 'some':
      if (condition.test === undefined) found.push({ path: condition.path, how: 'length' });
      else pathsOf(condition.test, found);
      break;
    case 'compare': {
      const isEquality = condition.operator === 'equal' || condition.operator === 'notEqual';
      found.push({ path: condition.path, how: isEquality ? 'equality' : 'range' });
      break;
    }
    case 'between':
      found.push({ path: condition.path, how: 'range' });
      break;
    case 'in':
    case 'truth':
      found.push({ path: condition.path, how: 'equality' });
      break;
    case 'defined':
      found.push({ path: condition.path, how: 'existence' });
      break;
    case 'type':
    case 'string':
      found.push({ path: condition.path, how: 'type' });
      break;
    case 'test':
      found.push({ path: condition.path, how: 'test' });
      break;
    case 'text':
      found.push({ path: condition.path, how: condition.match === 'whole' ? 'equality' : 'prefix' });
      break;
    case 'like':
      found.push({ path: condition.path, how: 'prefix' });
      break;
    case 'contains':
      found.push({ path: { ...condition.path, steps: [...condition.path.steps, anyElement] }, how: 'element' });
      break;
    case 'length':
      found.push({ path: condition.path, how: 'length' });
      break;
  }
  return found;
}

function isIndexed(paths: PathDictionary, { root, steps }: AccessPath): boolean {
  return root !== 'stored' || paths.resolve(steps).kind !== 'excluded';
}

export interface AccessFacts {
  /** Dictionary of one of the partitions: policies are the same in all. */
  readonly paths: PathDictionary | undefined;
  readonly way: AccessUse['way'];
  readonly estimated: number;
  readonly exact: boolean;
  readonly sorts: boolean;
}

export function describeAccess(plan: AccessPlan, facts: AccessFacts): AccessUse {
  const { paths, way, estimated, exact } = facts;
  const { order, summary } = plan;
  const found = pathsOf(plan.condition, []);
  if (summary?.kind === 'distinct') found.push({ path: summary.path, how: 'count' });
  if (summary?.kind === 'group') {
    if (summary.key !== undefined) found.push({ path: summary.key, how: 'count' });
    for (const argument of summary.arguments)
      if (argument.kind === 'value') found.push({ path: argument.path, how: 'count' });
      else if (argument.condition !== undefined) pathsOf(argument.condition, found);
  }
  if (order?.length === 1) found.push({ path: order[0]!.path, how: 'order' });
  const uses: IndexUse[] = [];
  const potentialPaths: string[] = [];
  for (const { path, how } of found) {
    const text = pathText(path);
    if (paths === undefined || !isIndexed(paths, path)) {
      if (!potentialPaths.includes(text)) potentialPaths.push(text);
    } else if (!uses.some((use) => use.path === text && use.how === how)) uses.push({ path: text, how });
  }
  const isComposite = order !== undefined && order.length > 1;
  const composite = isComposite ? compositeText(order) : undefined;
  const isUsed = way === 'order';
  return {
    uses,
    potentialPaths,
    composites: composite !== undefined && isUsed ? [composite] : [],
    potentialComposites: composite !== undefined && facts.sorts && !hasComposite(paths, order!) ? [composite] : [],
    way,
    estimated,
    exact,
    order: isUsed ? 'index' : facts.sorts ? 'sort' : 'none',
  };
}

/** Whether the policy has a composite index with that order, or with its reverse. */
function hasComposite(paths: PathDictionary | undefined, order: readonly AccessKey[]): boolean {
  return [false, true].some(
    (backwards) =>
      paths?.composite(
        order.map(({ path, descending }) => ({ path: path.steps, descending: descending !== backwards })),
      ) !== undefined,
  );
}

const ways: Readonly<Record<AccessUse['way'], string>> = {
  scan: 'every item',
  collect: 'the items found, in order',
  probe: 'the first items, then those found',
  filter: 'items in order of creation, those found alone',
  order: 'items in the order of the index, those found alone',
  count: 'the index alone',
};

/** One line for people. */
export function accessText({ way, uses, estimated, exact, order }: AccessUse): string {
  const paths = uses.map(({ path, how }) => `${path} (${how})`).join(', ');
  const tested = exact ? 'exact' : 'each to be tested';
  const sorted = order === 'sort' ? '; sorted' : '';
  return `${ways[way]}; about ${estimated}, ${tested}${paths === '' ? '' : `; by ${paths}`}${sorted}`;
}
