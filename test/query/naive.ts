// A second evaluator, written for nothing but to be plainly right: it walks a tree over plain JavaScript values, holds
// everything in memory, and shares no code with the engine.

import type { AggregateTree, Plain, PlainObject, QueryTree, Tree } from './tree.ts';

export type Row = ReadonlyMap<string, Plain>;

const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);
const isObject = (value: Plain): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function kindOf(value: Plain): string {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  return typeof value;
}

/** A number that JSON lacks is shown as an object, and is one. */
function shown(number: number): Plain {
  return Number.isFinite(number) ? number : { $numberDouble: String(number) };
}

function same(a: Plain, b: Plain): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((element, i) => same(element, b[i]));
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
    );
  }
  return a === b;
}

function compareText(a: string, b: string): number {
  const left = [...a].map((character) => character.codePointAt(0)!);
  const right = [...b].map((character) => character.codePointAt(0)!);
  for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length - right.length;
}

/** `<` and its like have an answer within null, boolean, number and string. */
function compare(a: Plain, b: Plain): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  return a === null && b === null ? 0 : undefined;
}

const kindOrder = ['undefined', 'null', 'boolean', 'number', 'string', 'array', 'object'];

/** The order of ORDER BY over all values: within objects field by field: kind, name, value. */
export function order(a: Plain, b: Plain): number {
  const kinds = kindOrder.indexOf(kindOf(a)) - kindOrder.indexOf(kindOf(b));
  if (kinds !== 0) return kinds;
  if (isList(a) && isList(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const sign = order(a[i], b[i]);
      if (sign !== 0) return sign;
    }
    return a.length - b.length;
  }
  if (isObject(a) && isObject(b)) {
    const left = Object.entries(a);
    const right = Object.entries(b);
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const [leftName, leftValue] = left[i]!;
      const [rightName, rightValue] = right[i]!;
      const kindSign = kindOrder.indexOf(kindOf(leftValue)) - kindOrder.indexOf(kindOf(rightValue));
      const sign = kindSign || compareText(leftName, rightName) || order(leftValue, rightValue);
      if (sign !== 0) return sign;
    }
    return left.length - right.length;
  }
  return compare(a, b) ?? 0;
}

const text = (value: Plain): string | undefined => (typeof value === 'string' ? value : undefined);
const number = (value: Plain): number | undefined => (typeof value === 'number' ? value : undefined);

function ofTexts(compute: (a: string, b: string) => Plain): (a: Plain, b: Plain) => Plain {
  return (a, b) => (text(a) === undefined || text(b) === undefined ? undefined : compute(a as string, b as string));
}

const functions = {
  ABS: (a: Plain) => (number(a) === undefined ? undefined : Math.abs(a as number)),
  FLOOR: (a: Plain) => (number(a) === undefined ? undefined : Math.floor(a as number)),
  LENGTH: (a: Plain) => text(a)?.length,
  UPPER: (a: Plain) => text(a)?.toUpperCase(),
  CONCAT: ofTexts((a, b) => a + b),
  CONTAINS: ofTexts((a, b) => a.includes(b)),
  STARTSWITH: ofTexts((a, b) => a.startsWith(b)),
  ENDSWITH: ofTexts((a, b) => a.endsWith(b)),
  INDEX_OF: ofTexts((a, b) => a.indexOf(b)),
  ARRAY_LENGTH: (a: Plain) => (isList(a) ? a.length : undefined),
  ARRAY_CONTAINS: (a: Plain, b: Plain) =>
    isList(a) && b !== undefined ? a.some((element) => same(element, b)) : undefined,
  IS_DEFINED: (a: Plain) => a !== undefined,
  IS_NUMBER: (a: Plain) => typeof a === 'number',
  IS_STRING: (a: Plain) => typeof a === 'string',
  IS_ARRAY: (a: Plain) => isList(a),
  IS_OBJECT: (a: Plain) => isObject(a),
  IS_NULL: (a: Plain) => a === null,
  IS_BOOL: (a: Plain) => typeof a === 'boolean',
  SETUNION: (a: Plain, b: Plain) => (isList(a) && isList(b) ? distinct([...a, ...b]) : undefined),
  SETINTERSECT: (a: Plain, b: Plain) =>
    isList(a) && isList(b) ? distinct(a.filter((x) => b.some((y) => same(x, y)))) : undefined,
} satisfies Record<string, (a: Plain, b: Plain) => Plain>;

export type NaiveFunction = keyof typeof functions;
export const naiveFunctions = Object.keys(functions) as NaiveFunction[];
export const arityOf = (name: NaiveFunction): number => functions[name].length;

function distinct(values: readonly Plain[]): Plain[] {
  const kept: Plain[] = [];
  for (const value of values) if (!kept.some((known) => same(known, value))) kept.push(value);
  return kept;
}

/** LIKE by trying every way. */
function like(value: string, pattern: string): boolean {
  if (pattern === '') return value === '';
  if (pattern[0] === '%') return like(value, pattern.slice(1)) || (value !== '' && like(value.slice(1), pattern));
  return value !== '' && (pattern[0] === '_' || pattern[0] === value[0]) && like(value.slice(1), pattern.slice(1));
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => a << b,
  '>>': (a, b) => a >> b,
  '>>>': (a, b) => a >>> b,
};

const inequalities: Readonly<Record<string, (sign: number) => boolean>> = {
  '<': (sign) => sign < 0,
  '<=': (sign) => sign <= 0,
  '>': (sign) => sign > 0,
  '>=': (sign) => sign >= 0,
};

function binary(operator: string, a: Plain, b: Plain): Plain {
  if (operator === 'AND') return a === false || b === false ? false : a === true && b === true ? true : undefined;
  if (operator === 'OR') return a === true || b === true ? true : a === false && b === false ? false : undefined;
  if (operator === '??') return a === undefined ? b : a;
  if (operator === '||') return typeof a === 'string' && typeof b === 'string' ? a + b : undefined;
  if (operator === '=' || operator === '!=') {
    return a === undefined || b === undefined ? undefined : same(a, b) === (operator === '=');
  }
  const inequality = inequalities[operator];
  if (inequality !== undefined) {
    const sign = compare(a, b);
    return sign === undefined ? undefined : inequality(sign);
  }
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  return shown(arithmetic[operator]!(a, b));
}

const negate = (value: Plain): Plain => (typeof value === 'boolean' ? !value : undefined);

function property(of: Plain, name: string): Plain {
  return isObject(of) && Object.hasOwn(of, name) ? of[name] : undefined;
}

export function evaluateTree(tree: Tree, row: Row): Plain {
  const at = (inner: Tree): Plain => evaluateTree(inner, row);
  switch (tree.kind) {
    case 'literal':
    case 'parameter':
      return tree.value;
    case 'name':
      return row.get(tree.name);
    case 'member':
      return property(at(tree.of), tree.name);
    case 'index': {
      const of = at(tree.of);
      const index = at(tree.index);
      if (typeof index === 'string') return property(of, index);
      return typeof index === 'number' && isList(of) ? of[index] : undefined;
    }
    case 'unary': {
      const operand = at(tree.operand);
      if (tree.operator === 'NOT') return negate(operand);
      if (typeof operand !== 'number') return undefined;
      return tree.operator === '-' ? -operand : ~operand;
    }
    case 'binary':
      return binary(tree.operator, at(tree.left), at(tree.right));
    case 'conditional':
      return at(tree.test) === true ? at(tree.then) : at(tree.otherwise);
    case 'between': {
      const of = at(tree.of);
      const within = binary('AND', binary('>=', of, at(tree.low)), binary('<=', of, at(tree.high)));
      return tree.not ? negate(within) : within;
    }
    case 'in': {
      const of = at(tree.of);
      if (of === undefined) return undefined;
      return tree.list.some((element) => same(of, at(element))) !== tree.not;
    }
    case 'like': {
      const of = at(tree.of);
      return typeof of === 'string' ? like(of, tree.pattern) !== tree.not : undefined;
    }
    case 'call': {
      const compute: (a: Plain, b: Plain) => Plain = functions[tree.name as NaiveFunction];
      const [first, second] = tree.values;
      return compute(first && at(first), second && at(second));
    }
    case 'object':
      return Object.fromEntries(
        tree.fields.map(([name, value]) => [name, at(value)] as const).filter(([, value]) => value !== undefined),
      );
    case 'array':
      return tree.elements.map(at).filter((value) => value !== undefined);
    case 'subquery':
      return subquery(tree.word, tree.of, row);
  }
}

function subquery(word: string, of: QueryTree, row: Row): Plain {
  if (word === 'ALL') {
    const where: Tree = { kind: 'unary', operator: 'NOT', operand: of.where ?? { kind: 'literal', value: true } };
    return evaluateQuery({ ...of, where }, [], row).length === 0;
  }
  const results = evaluateQuery(of, [], row);
  if (word === 'EXISTS') return results.length > 0;
  if (word === 'ARRAY') return results;
  return word === 'LAST' ? results.at(-1) : results[0];
}

function aggregate(name: AggregateTree['name'], values: readonly Plain[]): Plain {
  if (name === 'COUNTIF') return values.filter((value) => value === true).length;
  const defined = values.filter((value) => value !== undefined);
  if (name === 'COUNT') return defined.length;
  if (name === 'SUM' || name === 'AVG') {
    if (!defined.every((value) => typeof value === 'number')) return undefined;
    const sum = defined.reduce((total, value) => total + value, 0);
    if (name === 'SUM') return shown(sum);
    return defined.length === 0 ? undefined : shown(sum / defined.length);
  }
  if (defined.some((value) => isList(value) || isObject(value))) return undefined;
  const ordered = [...defined].sort(order);
  return name === 'MIN' ? ordered[0] : ordered.at(-1);
}

function rowsOf(query: QueryTree, items: readonly Plain[], outer: Row): Row[] {
  const { alias, array } = query.from;
  let elements: Plain = items;
  if (array !== undefined) elements = evaluateTree(array, outer);
  let rows: Row[] = (isList(elements) ? elements : []).map((element) => new Map([...outer, [alias, element]]));
  for (const join of query.joins) {
    rows = rows.flatMap((row) => {
      const joined = evaluateTree(join.array, row);
      return (isList(joined) ? joined : []).map((element) => new Map([...row, [join.alias, element]]));
    });
  }
  const { where } = query;
  return where === undefined ? rows : rows.filter((row) => evaluateTree(where, row) === true);
}

function groupsOf(select: Extract<QueryTree['select'], { readonly kind: 'groups' }>, rows: readonly Row[]): Plain[] {
  const groups: { readonly keys: readonly Plain[]; readonly rows: Row[] }[] = [];
  if (select.keys.length === 0) groups.push({ keys: [], rows: [...rows] });
  else {
    for (const row of rows) {
      const keys = select.keys.map((key) => evaluateTree(key.of, row));
      const group = groups.find((known) => known.keys.every((key, i) => same(key, keys[i])));
      if (group === undefined) groups.push({ keys, rows: [row] });
      else group.rows.push(row);
    }
  }
  return groups.map((group) => {
    const fields: [string, Plain][] = select.keys.map((key, i) => [key.alias, group.keys[i]]);
    for (const { alias, name, of } of select.aggregates) {
      fields.push([
        alias,
        aggregate(
          name,
          group.rows.map((row) => evaluateTree(of, row)),
        ),
      ]);
    }
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  });
}

export function evaluateQuery(query: QueryTree, items: readonly Plain[], outer: Row = new Map()): Plain[] {
  const rows = rowsOf(query, items, outer);
  rows.sort((a, b) => {
    for (const key of query.orderBy) {
      const sign = order(evaluateTree(key.of, a), evaluateTree(key.of, b));
      if (sign !== 0) return key.descending ? -sign : sign;
    }
    return 0;
  });
  const { select } = query;
  let results: Plain[];
  if (select.kind === 'groups') results = groupsOf(select, rows);
  else if (select.kind === 'star') results = rows.map((row) => row.get(query.from.alias));
  else if (select.kind === 'value') results = rows.map((row) => evaluateTree(select.of, row));
  else {
    const fields = select.items.map((item) => [item.alias, item.of] as const);
    results = rows.map((row) => evaluateTree({ kind: 'object', fields }, row));
  }
  results = results.filter((result) => result !== undefined);
  if (query.distinct) results = distinct(results);
  if (query.offset !== undefined) results = results.slice(query.offset);
  const limit = query.top ?? query.limit;
  return limit === undefined ? results : results.slice(0, limit);
}
