// A second opinion on pipelines: stages over plain JavaScript values, written from the manual's words and sharing
// nothing with what it checks but the naive order and filters beside it. Integers and doubles are one kind here.

import { matches, order, type Plain, type PlainObject } from '../naive.ts';

type Value = Plain | undefined;

const isObject = (value: Value): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function compare(a: Value, b: Value): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  return Math.sign(order(a, b));
}

function follow(value: Value, path: readonly string[]): Value {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (isObject(value)) return follow(Object.hasOwn(value, name) ? value[name] : undefined, rest);
  if (!Array.isArray(value)) return undefined;
  return value
    .filter(isObject)
    .map((element) => follow(element, path))
    .filter((found) => found !== undefined);
}

const truth = (value: Value): boolean => value !== undefined && value !== null && value !== false && value !== 0;

export function evaluate(expression: Plain, root: PlainObject, variables: Record<string, Value> = {}): Value {
  const of = (inner: Plain): Value => evaluate(inner, root, variables);
  if (typeof expression === 'string') {
    if (expression.startsWith('$$')) {
      const [name, ...path] = expression.slice(2).split('.');
      return follow(name === 'ROOT' ? root : variables[name!], path);
    }
    return expression.startsWith('$') ? follow(root, expression.slice(1).split('.')) : expression;
  }
  if (Array.isArray(expression)) return expression.map((element) => of(element) ?? null);
  if (!isObject(expression)) return expression;
  const [operator] = Object.keys(expression);
  if (operator?.startsWith('$') !== true) {
    const entries = Object.entries(expression).map(([name, inner]) => [name, of(inner)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as PlainObject;
  }
  const operand = expression[operator]!;
  const list = (Array.isArray(operand) ? operand : [operand]).map((each) => each);
  switch (operator) {
    case '$add':
    case '$multiply': {
      const values = list.map(of);
      if (values.some((value) => value === undefined || value === null)) return null;
      return (values as number[]).reduce((a, b) => (operator === '$add' ? a + b : a * b));
    }
    case '$isNumber':
      return typeof of(list[0]!) === 'number';
    case '$isArray':
      return Array.isArray(of(list[0]!));
    case '$size':
      return (of(list[0]!) as Plain[]).length;
    case '$eq':
      return compare(of(list[0]!), of(list[1]!)) === 0;
    case '$gt':
      return compare(of(list[0]!), of(list[1]!)) > 0;
    case '$lte':
      return compare(of(list[0]!), of(list[1]!)) <= 0;
    case '$cmp':
      return compare(of(list[0]!), of(list[1]!));
    case '$and':
      return list.every((each) => truth(of(each)));
    case '$or':
      return list.some((each) => truth(of(each)));
    case '$not':
      return !truth(of(list[0]!));
    case '$cond':
      return of(truth(of(list[0]!)) ? list[1]! : list[2]!);
    case '$ifNull':
      return list.map(of).find((value) => value !== undefined && value !== null) ?? of(list.at(-1)!);
    case '$map': {
      const { input, in: inner } = operand as { input: Plain; in: Plain };
      return (of(input) as Plain[]).map((element) => evaluate(inner, root, { ...variables, this: element }) ?? null);
    }
    case '$filter': {
      const { input, cond } = operand as { input: Plain; cond: Plain };
      return (of(input) as Plain[]).filter((element) => truth(evaluate(cond, root, { ...variables, this: element })));
    }
    default:
      throw new Error(`the naive evaluator has no ${operator}`);
  }
}

function sortKey(value: Value, direction: number): Value {
  if (!Array.isArray(value)) return value ?? null;
  if (value.length === 0) return undefined;
  return value.reduce((best, element) => (direction * compare(element, best) < 0 ? element : best));
}

function sorted(documents: PlainObject[], [field, direction]: readonly [string, number]): PlainObject[] {
  return [...documents].sort(
    (a, b) =>
      direction * compare(sortKey(a[field], direction), sortKey(b[field], direction)) || compare(a['_id'], b['_id']),
  );
}

function unwound(document: PlainObject, field: string, keeps: boolean): PlainObject[] {
  const value = document[field];
  if (Array.isArray(value) && value.length > 0) return value.map((element) => ({ ...document, [field]: element }));
  if (value !== undefined && value !== null && !Array.isArray(value)) return [document];
  if (!keeps) return [];
  const { [field]: _empty, ...rest } = document;
  return [Array.isArray(value) ? rest : document];
}

function accumulated(accumulator: string, values: readonly Value[]): Plain {
  const numbers = values.filter((value) => typeof value === 'number');
  const known = values.filter((value) => value !== undefined);
  const set = known.filter((value) => value !== null);
  switch (accumulator) {
    case '$sum':
      return numbers.reduce((a, b) => a + b, 0);
    case '$avg':
      return numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0) / numbers.length;
    case '$min':
      return (
        set.reduce<Value>(
          (best, value) => (best === undefined || compare(value, best) < 0 ? value : best),
          undefined,
        ) ?? null
      );
    case '$max':
      return (
        set.reduce<Value>(
          (best, value) => (best === undefined || compare(value, best) > 0 ? value : best),
          undefined,
        ) ?? null
      );
    case '$first':
      return values[0] ?? null;
    case '$last':
      return values.at(-1) ?? null;
    case '$push':
      return known;
    default:
      return known.filter((value, i) => known.findIndex((other) => compare(other, value) === 0) === i);
  }
}

function grouped(documents: readonly PlainObject[], spec: PlainObject): PlainObject[] {
  const groups: { id: Plain; members: PlainObject[] }[] = [];
  for (const document of documents) {
    let id = evaluate(spec['_id']!, document) ?? null;
    const names = isObject(spec['_id']) ? Object.keys(spec['_id']) : [];
    if (names.length === 1 && !names[0]!.startsWith('$') && isObject(id) && !(names[0]! in id))
      id = { [names[0]!]: null };
    const known = groups.find((group) => compare(group.id, id) === 0);
    if (known === undefined) groups.push({ id, members: [document] });
    else known.members.push(document);
  }
  return groups.map(({ id, members }) => {
    const result: PlainObject = { _id: id };
    for (const [name, accumulator] of Object.entries(spec)) {
      if (name === '_id') continue;
      const [operator, operand] = Object.entries(accumulator as PlainObject)[0]!;
      result[name] = accumulated(
        operator,
        members.map((member) => evaluate(operand, member)),
      );
    }
    return result;
  });
}

/** Inclusion of `_id` and whole fields in the document's order, then computed ones. */
function projected(document: PlainObject, spec: PlainObject): PlainObject {
  const result: PlainObject = {};
  for (const [name, value] of Object.entries(document)) if (name === '_id' || spec[name] === 1) result[name] = value;
  for (const [name, expression] of Object.entries(spec)) {
    if (expression === 1) continue;
    const value = evaluate(expression, document);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

export function run(pipeline: readonly PlainObject[], documents: readonly PlainObject[]): PlainObject[] {
  let current = [...documents];
  for (const stage of pipeline) {
    const [name, operand] = Object.entries(stage)[0] as [string, PlainObject];
    switch (name) {
      case '$match':
        current = current.filter((document) =>
          '$expr' in operand ? truth(evaluate(operand['$expr']!, document)) : matches(operand, document),
        );
        break;
      case '$group':
        current = grouped(current, operand);
        break;
      case '$sort':
        current = sorted(current, Object.entries(operand)[0] as [string, number]);
        break;
      case '$unwind':
        current = current.flatMap((document) =>
          unwound(document, (operand['path'] as string).slice(1), operand['preserveNullAndEmptyArrays'] === true),
        );
        break;
      case '$project':
        current = current.map((document) => projected(document, operand));
        break;
      case '$set':
        current = current.map((document) => {
          const result = { ...document };
          for (const [field, expression] of Object.entries(operand)) {
            const value = evaluate(expression, document);
            if (value === undefined) delete result[field];
            else result[field] = value;
          }
          return result;
        });
        break;
      case '$skip':
        current = current.slice(operand as unknown as number);
        break;
      default:
        current = current.slice(0, operand as unknown as number);
    }
  }
  return current;
}
