// A second opinion: filters, updates and order evaluated on plain JavaScript values by walking trees, written from
// the manual's words, sharing no code with what it checks. Numbers are int32 or double; speed is no concern.

export type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain };
export type PlainObject = { [name: string]: Plain };

const missing = Symbol('missing');
type Met = Plain | typeof missing;

function isObject(value: Met): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rank(value: Met): number {
  if (value === missing) return 0;
  if (value === null) return 1;
  if (typeof value === 'number') return 2;
  if (typeof value === 'string') return 3;
  if (Array.isArray(value)) return 5;
  return typeof value === 'boolean' ? 6 : 4;
}

export function order(a: Met, b: Met): number {
  const difference = rank(a) - rank(b);
  if (difference !== 0) return difference;
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const result = order(a[i]!, b[i]!);
      if (result !== 0) return result;
    }
    return a.length - b.length;
  }
  if (isObject(a) && isObject(b)) {
    const left = Object.entries(a);
    const right = Object.entries(b);
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const [leftName, leftValue] = left[i]!;
      const [rightName, rightValue] = right[i]!;
      const result =
        rank(leftValue) - rank(rightValue) ||
        (leftName < rightName ? -1 : leftName > rightName ? 1 : 0) ||
        order(leftValue, rightValue);
      if (result !== 0) return result;
    }
    return left.length - right.length;
  }
  if (a === b) return 0;
  return (a as number) < (b as number) ? -1 : 1;
}

/** Everything a path meets. */
function met(value: Met, path: readonly string[], expand: boolean): Met[] {
  if (path.length === 0) return Array.isArray(value) && expand ? [...value, value] : [value];
  const [name, ...rest] = path as [string, ...string[]];
  if (isObject(value)) return met(Object.hasOwn(value, name) ? value[name]! : missing, rest, expand);
  if (!Array.isArray(value)) return [missing];
  const found: Met[] = [];
  value.forEach((element, i) => {
    if (isObject(element)) found.push(...met(element, path, expand));
    if (String(i) !== name) return;
    if (rest.length === 0) found.push(element);
    else if (typeof element === 'object' && element !== null) found.push(...met(element, rest, expand));
  });
  return found;
}

function compares(operator: string, value: Met, operand: Plain): boolean {
  const known = value === missing && operand === null ? null : value;
  if (rank(known) !== rank(operand)) return false;
  const result = order(known, operand);
  switch (operator) {
    case '$eq':
      return result === 0;
    case '$gt':
      return operand !== null && result > 0;
    case '$gte':
      return result >= 0;
    case '$lt':
      return operand !== null && result < 0;
    default:
      return result <= 0;
  }
}

const wholeArray = new Set(['$size', '$elemMatch']);

/** One operator on one value, as it lies. */
function passes(operator: string, operand: Plain, value: Met): boolean {
  switch (operator) {
    case '$ne':
      return !passes('$eq', operand, value);
    case '$in':
      return (operand as Plain[]).some((each) => compares('$eq', value, each));
    case '$nin':
      return !passes('$in', operand, value);
    case '$exists':
      return (value !== missing) === operand;
    case '$type':
      return value !== missing && typeName(value) === operand;
    case '$size':
      return Array.isArray(value) && value.length === operand;
    case '$mod': {
      const [divisor, remainder] = operand as [number, number];
      return typeof value === 'number' && Math.trunc(value) % divisor === remainder;
    }
    case '$not':
      return !Object.entries(operand as PlainObject).every(([name, inner]) => passes(name, inner, value));
    case '$elemMatch': {
      const condition = operand as PlainObject;
      if (!Array.isArray(value)) return false;
      const first = Object.keys(condition)[0];
      if (first?.startsWith('$') === true && !['$and', '$or', '$nor'].includes(first))
        return value.some((element) =>
          Object.entries(condition).every(([name, inner]) => passes(name, inner, element)),
        );
      return value.some(
        (element) =>
          (isObject(element) && matches(condition, element)) ||
          (Array.isArray(element) && matches(condition, Object.fromEntries(element.entries()))),
      );
    }
    default:
      return compares(operator, value, operand);
  }
}

function typeName(value: Plain): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object') return 'object';
  return Number.isInteger(value) ? 'int' : 'double';
}

function fieldMatches(document: PlainObject, path: readonly string[], operator: string, operand: Plain): boolean {
  switch (operator) {
    case '$ne':
      return !fieldMatches(document, path, '$eq', operand);
    case '$nin':
      return !fieldMatches(document, path, '$in', operand);
    case '$exists':
      return met(document, path, true).some((value) => value !== missing) === operand;
    case '$not':
      return !Object.entries(operand as PlainObject).every(([name, inner]) =>
        fieldMatches(document, path, name, inner),
      );
    case '$all':
      return (
        (operand as Plain[]).length > 0 &&
        (operand as Plain[]).every((each) => fieldMatches(document, path, '$eq', each))
      );
    default:
      return met(document, path, !wholeArray.has(operator)).some((value) => passes(operator, operand, value));
  }
}

export function matches(filter: PlainObject, document: PlainObject): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    if (name === '$and') return (condition as PlainObject[]).every((each) => matches(each, document));
    if (name === '$or') return (condition as PlainObject[]).some((each) => matches(each, document));
    if (name === '$nor') return !(condition as PlainObject[]).some((each) => matches(each, document));
    const path = name.split('.');
    if (isObject(condition) && Object.keys(condition)[0]?.startsWith('$') === true)
      return Object.entries(condition).every(([operator, operand]) => fieldMatches(document, path, operator, operand));
    return fieldMatches(document, path, '$eq', condition);
  });
}

/** Thrown where MongoDB would answer with an error. */
export class NaiveRefusal extends Error {}

function refuse(): never {
  throw new NaiveRefusal();
}

type Step = (current: Plain | undefined) => Plain | undefined;

function step(operator: string, operand: Plain): { readonly step: Step; readonly creates: boolean } {
  const list = (current: Plain): Plain[] => (Array.isArray(current) ? current : refuse());
  switch (operator) {
    case '$set':
      return { creates: true, step: () => operand };
    case '$unset':
      return { creates: false, step: () => undefined };
    case '$inc':
      return {
        creates: true,
        step: (current) =>
          current === undefined ? operand : typeof current === 'number' ? current + (operand as number) : refuse(),
      };
    case '$mul':
      return {
        creates: true,
        step: (current) =>
          current === undefined ? 0 : typeof current === 'number' ? current * (operand as number) : refuse(),
      };
    case '$min':
      return {
        creates: true,
        step: (current) => (current === undefined || order(operand, current) < 0 ? operand : current),
      };
    case '$max':
      return {
        creates: true,
        step: (current) => (current === undefined || order(operand, current) > 0 ? operand : current),
      };
    case '$push':
      return { creates: true, step: (current) => (current === undefined ? [operand] : [...list(current), operand]) };
    case '$addToSet':
      return {
        creates: true,
        step: (current) => {
          if (current === undefined) return [operand];
          return list(current).some((each) => order(each, operand) === 0) ? current : [...list(current), operand];
        },
      };
    case '$pop':
      return {
        creates: false,
        step: (current) =>
          current === undefined ? undefined : operand === 1 ? list(current).slice(0, -1) : list(current).slice(1),
      };
    case '$pullAll':
      return {
        creates: false,
        step: (current) =>
          current === undefined
            ? undefined
            : list(current).filter((each) => !(operand as Plain[]).some((other) => order(each, other) === 0)),
      };
    default:
      throw new Error(`no naive ${operator}`);
  }
}

function change(value: Plain, path: readonly string[], creates: boolean, apply: Step): Plain {
  const [name, ...rest] = path as [string, ...string[]];
  if (Array.isArray(value)) {
    const copy = [...value];
    if (!/^\d+$/.test(name)) return creates ? refuse() : value;
    const position = Number(name);
    if (position < copy.length) {
      const next = rest.length === 0 ? apply(copy[position]) : change(copy[position]!, rest, creates, apply);
      copy[position] = next === undefined ? null : next;
      return copy;
    }
    const made = make(rest, creates, apply);
    if (made === undefined) return value;
    while (copy.length < position) copy.push(null);
    copy.push(made);
    return copy;
  }
  if (!isObject(value)) return creates ? refuse() : value;
  const copy: PlainObject = { ...value };
  if (Object.hasOwn(copy, name)) {
    const next = rest.length === 0 ? apply(copy[name]) : change(copy[name]!, rest, creates, apply);
    if (next === undefined) delete copy[name];
    else copy[name] = next;
    return copy;
  }
  const made = make(rest, creates, apply);
  if (made !== undefined) copy[name] = made;
  return copy;
}

function make(rest: readonly string[], creates: boolean, apply: Step): Plain | undefined {
  if (!creates) return undefined;
  return rest.reduceRight<Plain | undefined>((inner, name) => ({ [name]: inner! }), apply(undefined));
}

/** One operator on one path. Applying several at once is the caller's: they must not conflict, and new fields sort. */
export function updated(document: PlainObject, operator: string, dotted: string, operand: Plain): PlainObject {
  const { step: apply, creates } = step(operator, operand);
  return change(document, dotted.split('.'), creates, apply) as PlainObject;
}
