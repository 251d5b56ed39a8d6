// Syntax tree → algebra. The order of the chain is the order of meaning:
// FROM and JOIN → WHERE → ORDER BY → GROUP BY → SELECT → DISTINCT → OFFSET → TOP or LIMIT.
// ORDER BY stands before GROUP BY because groups come in order of their first row.

import type { Expression, Query, Relation } from '../../../model/query.ts';
import { pathOf } from '../../../model/query.ts';
import { expressionOf } from './computed.ts';
import { checkCount } from './counts.ts';
import type { Collection, Count, FromItem, OrderKey, Span, SqlCall, SqlExpression, SqlQuery } from './ast.ts';
import { sqlError, sqlErrors, type SqlFault } from './errors.ts';
import { ExpressionTranslator, type AggregatePlace } from './expression-translator.ts';
import { aliasOf, Grouping, isAggregate, someExpression } from './grouping.ts';
import { Names } from './names.ts';
import { isPartial } from './partial.ts';
import { printExpression } from './print.ts';
import type { ContainerSchema } from './schema.ts';
import { asSpatial, spatialCall } from './spatial.ts';
import { distanceOf, isDescendingDistance, isVectorDistance, vectorDistanceName } from './vector-distance.ts';

export interface TranslateOptions {
  /** The query was rewritten by an SDK after our plan, so aggregates may stand within constructors. */
  readonly rewritten?: boolean | undefined;
  /** What the definition of the container that is read says about names. */
  readonly schema?: ContainerSchema | undefined;
}

/** The algebra of a parsed query. `fingerprint` identifies its text. */
export function translateSql(query: SqlQuery, fingerprint: string, options: TranslateOptions = {}): Query {
  const parameters = new Set<string>();
  const translator = new QueryTranslator(parameters, options);
  const relation = translator.query(query, undefined);
  return { relation, parameters: [...parameters], fingerprint };
}

class QueryTranslator {
  readonly #parameters: Set<string>;
  readonly #rewritten: boolean;
  readonly #schema: ContainerSchema | undefined;
  /** What stands where the text names a computed property. */
  readonly #computedValues = new WeakSet<Expression>();
  /** The binding of the container's items. */
  #itemBinding: string | undefined;
  /** Bindings that no text names are numbered. */
  #hidden = 0;

  constructor(parameters: Set<string>, options: TranslateOptions) {
    this.#parameters = parameters;
    this.#rewritten = options.rewritten ?? false;
    this.#schema = options.schema;
  }

  /** `outer` is undefined for the query that reads the container. */
  query(query: SqlQuery, outer: Names | undefined): Relation {
    for (const clause of ['top', 'offset', 'limit'] as const) checkCount(clause, query[clause]);
    if (query.orderByRank !== undefined) {
      throw sqlError('notSupported', 'ORDER BY RANK is not supported.', query.orderByRank, 'NotSupported');
    }
    const names = new Names(outer);
    let relation: Relation = { kind: 'unit' };
    query.from.forEach((item, i) => (relation = this.#from(relation, item, names, outer === undefined && i === 0)));
    const rows = this.#translator(names);
    if (query.where !== undefined) relation = { kind: 'filter', input: relation, test: rows.translate(query.where) };
    const ranked = query.orderBy.find(({ value }) => isVectorDistance(value));
    if (ranked !== undefined) relation = this.#ranked(query, ranked, relation, rows);
    else if (query.orderBy.length > 0) {
      const keys = query.orderBy.map((key) => ({ value: this.#orderKey(rows, key.value), descending: key.descending }));
      relation = { kind: 'sort', input: relation, keys };
    }
    relation = this.#select(query, relation, names, outer, rows);
    if (query.distinct) relation = { kind: 'distinct', input: relation };
    if (query.offset !== undefined) {
      if (query.top !== undefined) {
        throw sqlError('counts', 'The TOP and OFFSET LIMIT clauses cannot be used together.', query.offset);
      }
      relation = { kind: 'skip', input: relation, count: this.#count(query.offset) };
    }
    const limit = query.top ?? query.limit;
    return limit === undefined ? relation : { kind: 'limit', input: relation, count: this.#count(limit) };
  }

  #translator(names: Names, grouping?: { readonly of: Grouping; readonly rows: Names }): ExpressionTranslator {
    /** Paths are looked at whole, once: their parts come again. */
    const seen = new WeakSet<SqlExpression>();
    const translator: ExpressionTranslator = new ExpressionTranslator({
      whole: (expression) => {
        const key = grouping?.of.keyOf(expression);
        if (key !== undefined) return key;
        const spatial = asSpatial(expression);
        if (spatial !== undefined) {
          const values = spatial.arguments.map((value) => translator.translate(value));
          return spatialCall(spatial, values, this.#schema?.planar ?? false);
        }
        if (isVectorDistance(expression)) {
          const vectors = expression.arguments.slice(0, 2).map((vector) => translator.translate(vector));
          const name = distanceOf(expression, this.#schema?.distances);
          const rest: Expression[] = [true, name].map((value) => ({ kind: 'literal', value }));
          return { kind: 'call', name: vectorDistanceName, arguments: [...vectors, ...rest] };
        }
        if (grouping !== undefined && !seen.has(expression)) {
          const path = pathFrom(expression);
          for (const step of path) seen.add(step);
          const root = path.at(-1)!;
          const isFolded =
            root.kind === 'name' && names.find(root.name) === undefined && grouping.rows.find(root.name) !== undefined;
          if (isFolded && !path.some((step) => grouping.of.keyOf(step) !== undefined)) throw new NotGrouped(expression);
        }
        return expression.kind === 'name' ? names.resolve(expression) : undefined;
      },
      property: (of, name) => this.#computedValue(of, name),
      subquery: (query) => this.query(query, names),
      aggregate: (call: SqlCall, place: AggregatePlace) => {
        if (grouping !== undefined) return grouping.of.aggregate(call, place);
        throw sqlError('misplacedAggregate', `The aggregate ${call.name} is only allowed in the SELECT clause.`, call);
      },
      parameter: (name) => this.#parameters.add(name),
    });
    return translator;
  }

  /** ORDER BY VectorDistance: the most similar first; what has no distance is left out. */
  #ranked(query: SqlQuery, key: OrderKey, input: Relation, rows: ExpressionTranslator): Relation {
    const { value, directed } = key;
    if (directed)
      throw sqlError(
        'vectorOrder',
        'Specifying a sorting order (ASC or DESC) with VectorDistance function is not supported.',
        key,
      );
    if (query.orderBy.length > 1 || !isVectorDistance(value))
      throw sqlError('vectorOrder', 'ORDER BY VectorDistance takes no other keys.', key);
    const distance: Expression = { kind: 'variable', name: this.#hiddenName() };
    const bound: Relation = { kind: 'let', input, binding: distance.name, value: rows.translate(value) };
    const test: Expression = { kind: 'call', name: 'IS_DEFINED', arguments: [distance] };
    const descending = isDescendingDistance(value, this.#schema?.distances);
    return { kind: 'sort', input: { kind: 'filter', input: bound, test }, keys: [{ value: distance, descending }] };
  }

  /** The expression that a name under the item stands for, if it is that of a computed property. */
  #computedValue(of: Expression, name: string): Expression | undefined {
    const property = this.#schema?.computed.get(name);
    if (property === undefined || of.kind !== 'variable' || of.name !== this.#itemBinding) return undefined;
    const value = expressionOf(property, of);
    this.#computedValues.add(value);
    return value;
  }

  /** ORDER BY takes stored paths and computed properties only, as in the service. */
  #orderKey(rows: ExpressionTranslator, value: SqlExpression): Expression {
    const translated = rows.translate(value);
    if (pathOf(translated) === undefined && !this.#computedValues.has(translated)) {
      throw sqlError(
        'orderBy',
        'Unsupported ORDER BY clause. ORDER BY item expression could not be mapped to a document path.',
        value,
      );
    }
    return translated;
  }

  /** No text can name these: `#` is in no name. */
  #hiddenName(): string {
    return `#${this.#hidden++}`;
  }

  /** The binding for an alias: another name where an outer query uses this one, whose meaning must stay reachable. */
  #bindingFor(alias: string, names: Names): string {
    return names.find(alias) === undefined ? alias : `${alias}${this.#hiddenName()}`;
  }

  #count(count: Count): Expression {
    if (count.kind === 'literal') return { kind: 'literal', value: count.value };
    this.#parameters.add(count.name);
    return { kind: 'parameter', name: count.name };
  }

  #from(input: Relation, item: FromItem, names: Names, readsContainer: boolean): Relation {
    const { collection } = item;
    if (collection.kind === 'subquery') return this.#fromSubquery(input, item, collection.query, names, readsContainer);
    const { root, steps } = collection;
    const alias = item.alias ?? nameOfCollection(collection);
    const known = names.find(root.name);
    let start: Expression;
    let relation = input;
    if (known !== undefined) start = known;
    else {
      if (!readsContainer) throw sqlError('unknownName', `Identifier '${root.name}' could not be resolved.`, root);
      const isWhole = steps.length === 0 && !item.iterates;
      const binding = isWhole ? this.#bindingFor(alias, names) : this.#hiddenName();
      start = { kind: 'variable', name: binding };
      this.#itemBinding = binding;
      relation = { kind: 'source', container: undefined, binding };
    }
    if (steps.length === 0 && !item.iterates) {
      names.bind(alias, start, item);
      return relation;
    }
    const path = steps.reduce<Expression>(
      (of, step) =>
        typeof step === 'string'
          ? { kind: 'field', of, name: step }
          : { kind: 'index', of, index: { kind: 'literal', value: step } },
      start,
    );
    const binding = this.#bindingFor(alias, names);
    const meaning: Expression = { kind: 'variable', name: binding };
    names.bind(alias, meaning, item);
    if (item.iterates) {
      return { kind: 'unnest', input: relation, binding, array: path, outer: false, position: undefined };
    }
    const bound: Relation = { kind: 'let', input: relation, binding, value: path };
    return { kind: 'filter', input: bound, test: { kind: 'call', name: 'IS_DEFINED', arguments: [meaning] } };
  }

  #fromSubquery(input: Relation, item: FromItem, inner: SqlQuery, names: Names, readsContainer: boolean): Relation {
    const query = this.query(inner, readsContainer ? undefined : names);
    const binding = item.alias === undefined ? this.#hiddenName() : this.#bindingFor(item.alias, names);
    const results = item.iterates ? this.#hiddenName() : binding;
    names.bind(item.alias ?? binding, { kind: 'variable', name: binding }, item);
    const applied: Relation = { kind: 'apply', input, binding: results, query };
    if (!item.iterates) return applied;
    const array: Expression = { kind: 'variable', name: results };
    return { kind: 'unnest', input: applied, binding, array, outer: false, position: undefined };
  }

  #select(
    query: SqlQuery,
    input: Relation,
    names: Names,
    outer: Names | undefined,
    rows: ExpressionTranslator,
  ): Relation {
    const { select } = query;
    const items = select.kind === 'list' ? select.items.map((item) => item.value) : [];
    const values = select.kind === 'value' ? [select.value] : items;
    const isGrouped = query.groupBy.length > 0 || values.some((value) => someExpression(value, isAggregate));
    if (!isGrouped) {
      if (select.kind === 'star') return { kind: 'project', input, value: starOf(names, select) };
      return { kind: 'project', input, value: this.#selected(query, rows) };
    }
    if (select.kind === 'star') throw sqlError('starWithGroupBy', "'SELECT *' is not allowed with GROUP BY.", select);
    const grouping = new Grouping(query.groupBy, this.#rewritten && isPartial(query), (expression) =>
      rows.translate(expression),
    );
    const groups = this.#translator(new Names(outer), { of: grouping, rows: names });
    const value = this.#selected(query, groups);
    const { keys, aggregates } = grouping;
    return { kind: 'project', input: { kind: 'group', input, keys, aggregates }, value };
  }

  #selected({ select }: SqlQuery, translator: ExpressionTranslator): Expression {
    const faults: SqlFault[] = [];
    const translated = (value: SqlExpression): Expression => {
      try {
        return translator.translate(value, 'whole');
      } catch (error) {
        if (!(error instanceof NotGrouped)) throw error;
        faults.push(error.fault);
        return { kind: 'literal', value: undefined };
      }
    };
    let unnamed = 0;
    const items = select.kind === 'list' ? select.items : [];
    const selected: Expression =
      select.kind === 'value'
        ? translated(select.value)
        : {
            kind: 'object',
            fields: items.map((item) => ({ name: aliasOf(item) ?? `$${++unnamed}`, value: translated(item.value) })),
          };
    if (faults.length > 0) throw sqlErrors(faults);
    return selected;
  }
}

/** A reference to what GROUP BY has folded away: caught where every other item of SELECT can be looked at, too. */
class NotGrouped extends Error {
  readonly fault: SqlFault;

  constructor(reference: SqlExpression) {
    const message =
      `Property reference '${printExpression(reference)}' is invalid in the select list because it is not contained ` +
      'in either an aggregate function or the GROUP BY clause.';
    super(message);
    this.fault = { kind: 'notGrouped', message, span: reference };
  }
}

/** The expression and what its members are of, down to what the path begins with. */
function pathFrom(expression: SqlExpression): SqlExpression[] {
  const path = [expression];
  for (let at = expression; at.kind === 'member'; at = at.of) path.push(at.of);
  return path;
}

function starOf(names: Names, span: Span): Expression {
  const [first, second] = names.own();
  if (first === undefined) {
    throw sqlError('starWithoutFrom', "'SELECT *' is not valid if FROM clause is omitted.", span);
  }
  if (second !== undefined) {
    throw sqlError('starWithJoin', "'SELECT *' is only valid with a single input set.", span);
  }
  return first;
}

function nameOfCollection(collection: Extract<Collection, { readonly kind: 'path' }>): string {
  const last = collection.steps.at(-1);
  return last === undefined ? collection.root.name : String(last);
}
