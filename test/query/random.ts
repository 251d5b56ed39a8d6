// Random items and random queries over them, from a seed. Names and values come from small sets, so that conditions
// hold often enough to tell right from wrong.

import { arityOf, naiveFunctions } from './naive.ts';
import type { AggregateTree, Plain, QueryTree, Tree } from './tree.ts';

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(options: readonly T[]): T {
    return options[this.below(options.length)]!;
  }
}

const names = ['a', 'b', 'c', 'tags', 'o', '__proto__x', 'id'];
const texts = ['', 'x', 'y', 'xy', 'Xy', 'é', '\ufffd', '😀', 'x%', '10', 'id'];
const numbers = [0, 1, 2, 3, -1, 0.5, -2.25, 10, 1e21, 2147483648, -2147483649];

export function randomValue(random: Random, depth: number): Plain {
  const kind = random.below(depth > 0 ? 9 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind <= 3) return random.pick(numbers);
  if (kind <= 5) return random.pick(texts);
  if (kind <= 7) return Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1));
  return randomObject(random, depth - 1);
}

export function randomObject(random: Random, depth: number): { [name: string]: Plain } {
  const object: { [name: string]: Plain } = {};
  const count = random.below(5);
  for (let i = 0; i < count; i++) object[random.pick(names)] = randomValue(random, depth);
  return object;
}

export function randomItems(random: Random): Plain[] {
  return Array.from({ length: random.below(12) }, (_, i) => ({
    ...randomObject(random, 2),
    id: `i${i}`,
    tags: random.chance(0.8) ? Array.from({ length: random.below(4) }, () => randomValue(random, 1)) : null,
  }));
}

const binaries = [
  ...['=', '!=', '<', '<=', '>', '>=', 'AND', 'OR', '??', '||'],
  ...['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>', '>>>'],
];

export class QueryMaker {
  readonly #random: Random;
  readonly parameters: Record<string, Plain> = {};
  #aliases = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  #alias(): string {
    return `v${this.#aliases++}`;
  }

  path(scope: readonly string[]): Tree {
    const random = this.#random;
    let path: Tree = { kind: 'name', name: random.pick(scope) };
    while (random.chance(0.65)) {
      path = random.chance(0.85)
        ? { kind: 'member', of: path, name: random.pick(names) }
        : { kind: 'index', of: path, index: { kind: 'literal', value: random.below(3) } };
    }
    return path;
  }

  #leaf(scope: readonly string[]): Tree {
    const random = this.#random;
    if (random.chance(0.6)) return this.path(scope);
    if (random.chance(0.2)) {
      const name = `@p${Object.keys(this.parameters).length}`;
      const value = randomValue(random, 1);
      this.parameters[name] = value;
      return { kind: 'parameter', name, value };
    }
    return { kind: 'literal', value: random.chance(0.05) ? undefined : randomValue(random, 0) };
  }

  expression(scope: readonly string[], depth: number): Tree {
    const random = this.#random;
    if (depth <= 0 || random.chance(0.15)) return this.#leaf(scope);
    const inner = (): Tree => this.expression(scope, depth - 1);
    switch (random.below(12)) {
      case 0:
        return { kind: 'unary', operator: random.pick(['NOT', '-', '~'] as const), operand: inner() };
      case 1:
        return { kind: 'conditional', test: inner(), then: inner(), otherwise: inner() };
      case 2:
        return { kind: 'between', not: random.chance(0.3), of: inner(), low: inner(), high: inner() };
      case 3: {
        const list = Array.from({ length: 1 + random.below(8) }, () =>
          random.chance(0.7) ? this.#leaf(scope) : inner(),
        );
        return { kind: 'in', not: random.chance(0.3), of: inner(), list };
      }
      case 4: {
        const pattern = Array.from({ length: random.below(4) }, () => random.pick(['x', 'y', '%', '_', 'i'])).join('');
        return { kind: 'like', not: random.chance(0.3), of: inner(), pattern };
      }
      case 5: {
        const name = random.pick(naiveFunctions);
        const suited = (): Tree => (random.chance(0.6) ? this.#suited(name, scope) : inner());
        return { kind: 'call', name, values: Array.from({ length: arityOf(name) }, suited) };
      }
      case 6: {
        const fields = Array.from({ length: random.below(4) }, () => [random.pick(names), inner()] as const);
        return { kind: 'object', fields: [...new Map(fields)] };
      }
      case 7:
        return { kind: 'array', elements: Array.from({ length: random.below(4) }, inner) };
      case 8: {
        const word = random.pick(['EXISTS', 'ARRAY', 'ALL', 'FIRST', 'LAST'] as const);
        return { kind: 'subquery', word, of: this.#subquery(scope, depth - 1) };
      }
      default:
        return { kind: 'binary', operator: random.pick(binaries), left: inner(), right: inner() };
    }
  }

  /** An argument of the kind that the function computes with. */
  #suited(name: string, scope: readonly string[]): Tree {
    const random = this.#random;
    if (/^IS_/.test(name)) return this.path(scope);
    if (/^(ARRAY|SET)/.test(name)) {
      if (random.chance(0.4)) return { kind: 'member', of: { kind: 'name', name: 'c' }, name: 'tags' };
      return { kind: 'array', elements: Array.from({ length: random.below(4) }, () => this.#leaf(scope)) };
    }
    return { kind: 'literal', value: random.pick<Plain>(/^(ABS|FLOOR)$/.test(name) ? numbers : texts) };
  }

  #subquery(scope: readonly string[], depth: number): QueryTree {
    const random = this.#random;
    const alias = this.#alias();
    const inside = [...scope, alias];
    const isGrouped = random.chance(0.2);
    return {
      distinct: random.chance(0.1),
      top: random.chance(0.1) ? random.below(3) : undefined,
      select: isGrouped
        ? { kind: 'groups', keys: [], aggregates: [this.#aggregate(inside, depth)] }
        : { kind: 'value', of: this.expression(inside, depth) },
      from: { alias, array: this.path(scope) },
      joins: random.chance(0.15) ? [{ alias: this.#alias(), array: this.path(inside) }] : [],
      where: random.chance(0.5) ? this.expression(inside, depth) : undefined,
      orderBy: [],
      offset: undefined,
      limit: undefined,
    };
  }

  /** Arguments of aggregates hold no subquery. */
  #aggregate(scope: readonly string[], depth: number): AggregateTree {
    const name = this.#random.pick(['COUNT', 'SUM', 'AVG', 'MIN', 'MAX', 'COUNTIF'] as const);
    let of = this.expression(scope, Math.min(depth, 1));
    if (hasSubquery(of)) of = this.path(scope);
    return { alias: this.#alias(), name, of };
  }

  query(): QueryTree {
    const random = this.#random;
    const scope = ['c'];
    const joins: { alias: string; array: Tree }[] = [];
    while (random.chance(0.25) && joins.length < 2) {
      const alias = this.#alias();
      const array: Tree = random.chance(0.7)
        ? { kind: 'member', of: { kind: 'name', name: 'c' }, name: 'tags' }
        : this.path(scope);
      joins.push({ alias, array });
      scope.push(alias);
    }
    const where = random.chance(0.6) ? this.expression(scope, 3) : undefined;
    const orderBy = Array.from({ length: random.chance(0.4) ? 1 + random.below(2) : 0 }, () => ({
      of: this.path(scope),
      descending: random.chance(0.4),
    }));
    const usesTop = random.chance(0.15);
    const usesOffset = !usesTop && random.chance(0.2);
    return {
      distinct: random.chance(0.2),
      top: usesTop ? random.below(6) : undefined,
      select: this.#select(scope, joins.length > 0),
      from: { alias: 'c', array: undefined },
      joins,
      where,
      orderBy,
      offset: usesOffset ? random.below(4) : undefined,
      limit: usesOffset ? random.below(6) : undefined,
    };
  }

  #select(scope: readonly string[], hasJoins: boolean): QueryTree['select'] {
    const random = this.#random;
    const kind = random.below(5);
    if (kind === 0 && !hasJoins) return { kind: 'star' };
    if (kind === 1) {
      const keys = Array.from({ length: random.below(3) }, () => ({ alias: this.#alias(), of: this.path(scope) }));
      const aggregates = Array.from({ length: 1 + random.below(2) }, () => this.#aggregate(scope, 2));
      return { kind: 'groups', keys, aggregates };
    }
    if (kind === 2) {
      const items = Array.from({ length: 1 + random.below(3) }, () => ({
        alias: this.#alias(),
        of: this.expression(scope, 2),
      }));
      return { kind: 'list', items };
    }
    return { kind: 'value', of: this.expression(scope, 3) };
  }
}

function hasSubquery(tree: Tree): boolean {
  return JSON.stringify(tree).includes('"subquery"');
}
