// Which paths are indexed. The forms are Cosmos DB's: `/a/b/*` is the node and everything below it, `/a/b/?` the
// scalar there, `[]` any array element, `"…"` quotes a name. The most precise rule wins: more steps first, then
// `?` before `*`. Identity is indexed whatever the policy says, and is no path of a policy.
//
// A rule that stands in both lists is refused, so that no order of lists matters.

import { badRequest } from '../model/errors.ts';

/** One step of a path: a property name, or `anyElement`. A name can never be this: names are compared as steps. */
export const anyElement = Symbol('any array element');
export type PathStep = string | typeof anyElement;

export interface CompositePart {
  readonly path: readonly PathStep[];
  readonly descending: boolean;
}

export interface IndexingPolicy {
  readonly included: readonly string[];
  readonly excluded: readonly string[];
  readonly composites: readonly (readonly CompositePart[])[];
}

/** Rules of one policy; a longer list is refused. */
export const policyRulesMax = 1000;
/** Paths of one composite index, and composites of one policy (Cosmos DB allows 8 and 100). */
export const compositePartsMax = 8;
export const compositesMax = 100;
/** Steps of one rule. */
export const policyStepsMax = 32;

/** Everything, and nothing composite: what a container has that says nothing. */
export const defaultPolicy: IndexingPolicy = { included: ['/*'], excluded: [], composites: [] };

interface ParsedPath {
  readonly steps: readonly PathStep[];
  readonly form: '*' | '?' | 'node';
}

/** Reads `/a/"b c"/[]/?`. Without a trailing `*` or `?` the form is `node`. Throws BadRequest. */
export function parsePath(text: string): ParsedPath {
  if (!text.startsWith('/')) throw badRequest('a path starts with /', 'indexingPolicy');
  const steps: PathStep[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] !== '/') throw badRequest('steps of a path are separated by /', 'indexingPolicy');
    at++;
    const quote = text[at];
    if (quote === '"' || quote === "'") {
      let name = '';
      at++;
      for (;;) {
        const unit = text[at++];
        if (unit === undefined) throw badRequest('a quoted step of a path has no end', 'indexingPolicy');
        if (unit === quote) break;
        name += unit === '\\' ? (text[at++] ?? '') : unit;
      }
      steps.push(name);
    } else {
      let end = text.indexOf('/', at);
      if (end < 0) end = text.length;
      const name = text.slice(at, end);
      at = end;
      if ((name === '*' || name === '?') && end === text.length) return { steps, form: name };
      if (name === '' && end === text.length && steps.length === 0) return { steps, form: 'node' };
      if (name === '') throw badRequest('a step of a path is empty', 'indexingPolicy');
      steps.push(name === '[]' ? anyElement : name);
    }
    if (steps.length > policyStepsMax) throw badRequest(`a path exceeds ${policyStepsMax} steps`, 'indexingPolicy');
  }
  return { steps, form: 'node' };
}

interface RuleNode {
  readonly children: Map<PathStep, RuleNode>;
  /** What the rule `…/*` here says, if there is one. */
  below: boolean | undefined;
  /** What the rule `…/?` here says, if there is one. */
  scalar: boolean | undefined;
  /** True when some rule under this node includes something. */
  includesBelow: boolean;
}

function ruleNode(): RuleNode {
  return { children: new Map(), below: undefined, scalar: undefined, includesBelow: false };
}

/** What the policy decides for one node of the path trie. */
export interface PathDecision {
  /** Scalars here are terms. */
  readonly scalar: boolean;
  /** Objects and arrays here are terms: existence, type, length. */
  readonly nested: boolean;
  /** Something below may be indexed. */
  readonly descend: boolean;
  readonly node: RuleNode | undefined;
  /** The nearest `*` rule at or above. */
  readonly inherited: boolean;
}

export interface CompiledPolicy {
  readonly policy: IndexingPolicy;
  readonly root: PathDecision;
}

function decide(node: RuleNode | undefined, inheritedAbove: boolean): PathDecision {
  const inherited = node?.below ?? inheritedAbove;
  return {
    scalar: node?.scalar ?? inherited,
    nested: inherited,
    descend: inherited || (node?.includesBelow ?? false),
    node,
    inherited,
  };
}

/** Checks a policy and makes it fast to ask. Throws BadRequest naming what is wrong. */
export function compilePolicy(policy: IndexingPolicy): CompiledPolicy {
  if (policy.included.length + policy.excluded.length > policyRulesMax)
    throw badRequest(`an indexing policy exceeds ${policyRulesMax} paths`, 'indexingPolicy');
  if (policy.composites.length > compositesMax)
    throw badRequest(`an indexing policy exceeds ${compositesMax} composite indexes`, 'indexingPolicy');
  for (const parts of policy.composites) {
    if (parts.length < 2 || parts.length > compositePartsMax)
      throw badRequest(`a composite index has 2 to ${compositePartsMax} paths`, 'indexingPolicy');
    if (parts.some((part) => part.path.length === 0 || part.path.includes(anyElement)))
      throw badRequest('a path of a composite index names a property', 'indexingPolicy');
  }
  const root = ruleNode();
  for (const [texts, included] of [
    [policy.included, true],
    [policy.excluded, false],
  ] as const)
    for (const text of texts) {
      const { steps, form } = parsePath(text);
      let node = root;
      for (const step of steps) {
        if (included) node.includesBelow = true;
        let child = node.children.get(step);
        if (child === undefined) node.children.set(step, (child = ruleNode()));
        node = child;
      }
      // A bare node means everything there: Cosmos DB writes `/a/b` for `/a/b/?` nowhere, others mean the subtree.
      const place = form === '?' ? 'scalar' : 'below';
      if (node[place] !== undefined && node[place] !== included)
        throw badRequest('a path is both included and excluded', 'indexingPolicy');
      node[place] = included;
    }
  return { policy, root: decide(root, false) };
}

/** The decision one step further down. */
export function decideChild(decision: PathDecision, step: PathStep): PathDecision {
  return decide(decision.node?.children.get(step), decision.inherited);
}
