import { describe, expect, it } from 'vitest';
import { checkFeatures } from '../../../frontends/cosmos/query-features.ts';
import { isServedDirectly, type QueryInfo } from '../../../frontends/cosmos/query-info.ts';
import { queryInfoOf } from '../../../frontends/cosmos/query-plan.ts';
import { queryOfSql } from '../../../frontends/cosmos/sql/query.ts';

const info = (text: string, parameters: Record<string, number> = {}): QueryInfo =>
  queryInfoOf(text, new Map(Object.entries(parameters)));

describe('query plan', () => {
  it('leaves a query alone that partitions answer one after the other', () => {
    expect(isServedDirectly(info('SELECT c.a FROM c JOIN t IN c.tags WHERE t = 1'))).toBe(true);
    expect(info('SELECT * FROM c').rewrittenQuery).toBe('');
  });

  it.each([
    [
      'SELECT * FROM c ORDER BY c.a',
      'SELECT c._rid, [{"item": c.a}] AS orderByItems, c AS payload FROM c WHERE ({documentdb-formattableorderbyquery-filter}) ORDER BY c.a ASC',
    ],
    [
      'SELECT TOP 5 c.a, c.b AS x FROM root c WHERE c.z > 1 ORDER BY c.a DESC, c["b"]',
      'SELECT TOP 5 c._rid, [{"item": c.a}, {"item": c.b}] AS orderByItems, {"a": c.a, "x": c.b} AS payload FROM root AS c WHERE ((c.z > 1) AND ({documentdb-formattableorderbyquery-filter})) ORDER BY c.a DESC, c.b ASC',
    ],
    [
      'SELECT VALUE c.a FROM c ORDER BY c.a OFFSET 2 LIMIT 3',
      'SELECT c._rid, [{"item": c.a}] AS orderByItems, c.a AS payload FROM c WHERE (({documentdb-formattableorderbyquery-filter}) AND IS_DEFINED(c.a)) ORDER BY c.a ASC OFFSET 0 LIMIT 5',
    ],
    ['SELECT VALUE COUNT(1) FROM c', 'SELECT VALUE [{"item": COUNT(1)}] FROM c'],
    [
      'SELECT VALUE AVG(c.a) FROM c WHERE c.b',
      'SELECT VALUE [{"item": {"sum": SUM(c.a), "count": COUNT(c.a)}}] FROM c WHERE c.b',
    ],
    [
      'SELECT VALUE MAX(c.a) FROM c',
      'SELECT VALUE [{"item": MAX(c.a), "item2": {"max": MAX(c.a), "count": COUNT(c.a)}}] FROM c',
    ],
    [
      'SELECT c.g, COUNT(1) AS n FROM c GROUP BY c.g',
      'SELECT [{"item": c.g}] AS groupByItems, {"g": c.g, "n": {"item": COUNT(1)}} AS payload FROM c GROUP BY c.g',
    ],
    ['SELECT DISTINCT c.a FROM c', ''],
    ['SELECT DISTINCT TOP 3 c.a FROM c', 'SELECT DISTINCT c.a FROM c'],
    [
      'SELECT DISTINCT VALUE c.a FROM c ORDER BY c.b OFFSET 1 LIMIT 2',
      'SELECT c._rid, [{"item": c.b}] AS orderByItems, c.a AS payload FROM c WHERE (({documentdb-formattableorderbyquery-filter}) AND IS_DEFINED(c.a)) ORDER BY c.b ASC',
    ],
    [
      'SELECT DISTINCT TOP 2 VALUE c.a FROM c ORDER BY c.a',
      'SELECT c._rid, [{"item": c.a}] AS orderByItems, c.a AS payload FROM c WHERE (({documentdb-formattableorderbyquery-filter}) AND IS_DEFINED(c.a)) ORDER BY c.a ASC',
    ],
    ['SELECT * FROM c OFFSET @o LIMIT @l', 'SELECT * FROM c OFFSET 0 LIMIT 7'],
  ])('rewrites %s', (text, rewritten) => {
    const plan = info(text, { '@o': 3, '@l': 4 });
    expect(plan.rewrittenQuery).toBe(rewritten);
    expect(isServedDirectly(plan)).toBe(false);
    // What we hand out must be a query that we answer.
    const sent = rewritten === '' ? text : rewritten;
    expect(() => queryOfSql(sent.replace(/\{documentdb-[a-z-]+\}/, 'true'), { rewritten: true })).not.toThrow();
  });

  it('tells what a client must merge', () => {
    expect(info('SELECT VALUE SUM(c.a) FROM c')).toMatchObject({ aggregates: ['Sum'], hasSelectValue: true });
    expect(info('SELECT c.g, MIN(c.a) FROM c GROUP BY c.g')).toMatchObject({
      groupByExpressions: ['c.g'],
      groupByAliases: ['g', '$1'],
      groupByAliasToAggregateType: { g: null, $1: 'Min' },
      aggregates: [],
    });
    expect(info('SELECT DISTINCT VALUE c.a FROM c ORDER BY c.a')).toMatchObject({ distinctType: 'Ordered' });
    expect(info('SELECT DISTINCT c.a FROM c')).toMatchObject({ distinctType: 'Unordered' });
    expect(info('SELECT TOP @n * FROM c', { '@n': 4 })).toMatchObject({ top: 4, rewrittenQuery: '' });
  });

  it('leaves out an order that one row cannot show', () => {
    expect(info('SELECT VALUE MAX(c.a) FROM c WHERE c.b ORDER BY c.a')).toMatchObject({
      orderBy: [],
      orderByExpressions: [],
      aggregates: ['Max'],
      // It stays where it does no harm, as in the service's plans.
      rewrittenQuery: expect.stringContaining('FROM c WHERE c.b ORDER BY c.a ASC') as string,
    });
    expect(() => info('SELECT VALUE MAKELIST(c.a) FROM c ORDER BY c.a')).toThrow('cannot be merged');
    expect(() => info('SELECT c.a FROM c GROUP BY c.a ORDER BY c.b')).toThrow('cannot be merged');
  });

  it('refuses a client that cannot merge it', () => {
    const plan = info('SELECT VALUE COUNT(1) FROM c');
    expect(() => checkFeatures(plan, 'OrderBy, Top')).toThrow('Aggregate');
    expect(() => checkFeatures(plan, 'Aggregate')).not.toThrow();
    expect(() => checkFeatures(plan, undefined)).not.toThrow();
    const unnamed = info('SELECT COUNT(1) FROM c');
    expect(() => checkFeatures(unnamed, 'Aggregate')).toThrow('NonValueAggregate');
    expect(() => checkFeatures(unnamed, 'Aggregate,NonValueAggregate')).not.toThrow();
    expect(() => checkFeatures(info('SELECT c.a, COUNT(1) FROM c GROUP BY c.a'), 'GroupBy')).not.toThrow();
  });

  it('has clients count the results of a DISTINCT subquery', () => {
    expect(info('SELECT COUNT(1) AS n FROM (SELECT DISTINCT c.a FROM c WHERE c.b)')).toMatchObject({
      distinctType: 'Unordered',
      dCountInfo: { dCountAlias: 'n' },
      aggregates: [],
      groupByAliases: [],
      rewrittenQuery: 'SELECT DISTINCT c.a FROM c WHERE c.b',
    });
    const plan = info('SELECT VALUE COUNT(1) FROM (SELECT DISTINCT VALUE c.a FROM c)');
    expect(plan).toMatchObject({ dCountInfo: { dCountAlias: '' }, hasSelectValue: true });
    expect(() => checkFeatures(plan, 'Distinct,Aggregate')).toThrow('Query contained DCount, which');
    expect(() => checkFeatures(plan, 'Distinct,DCount')).not.toThrow();
  });

  it('merges groups in the order of their keys', () => {
    expect(info('SELECT c.g, AVG(c.a) AS m FROM c WHERE c.b GROUP BY c.g ORDER BY c.g DESC')).toMatchObject({
      orderBy: ['Descending'],
      orderByExpressions: ['c.g'],
      groupByExpressions: ['c.g'],
      groupByAliasToAggregateType: { g: null, m: 'Average' },
      rewrittenQuery:
        'SELECT [{"item": c.g}] AS orderByItems, {"groupByItems": [{"item": c.g}], "payload": {"g": c.g, "m": {"item": ' +
        '{"sum": SUM(c.a), "count": COUNT(c.a)}}}} AS payload FROM c WHERE ((c.b) AND ' +
        '({documentdb-formattableorderbyquery-filter})) GROUP BY c.g ORDER BY c.g DESC',
    });
  });

  it('makes groups distinct only where they do not show all their keys', () => {
    const distinctTypeOf = (text: string): string => info(text).distinctType;
    expect(distinctTypeOf('SELECT DISTINCT c.g, COUNT(1) FROM c GROUP BY c.g')).toBe('None');
    expect(distinctTypeOf('SELECT DISTINCT c.g FROM c GROUP BY c.g, c.h')).toBe('Unordered');
  });

  it('names what newer aggregates need of a client', () => {
    const needs = (text: string, feature: string): void => {
      const all = 'Aggregate,NonValueAggregate,GroupBy,MultipleAggregates,CountIf,ListAndSetAggregate';
      expect(() => checkFeatures(info(text), all)).not.toThrow();
      expect(() => checkFeatures(info(text), all.replace(feature, 'Other'))).toThrow(
        `Query contained ${feature}, which`,
      );
    };
    needs('SELECT VALUE COUNTIF(c.a > 1) FROM c', 'CountIf');
    needs('SELECT c.g, MAKELIST(c.a) FROM c GROUP BY c.g', 'ListAndSetAggregate');
    needs('SELECT MAKESET(c.a) FROM c', 'ListAndSetAggregate');
    needs('SELECT SUM(c.a), MAX(c.a) FROM c', 'MultipleAggregates');
  });

  it('leaves counts to the one logical partition that is asked', () => {
    const text = 'SELECT * FROM c WHERE c.pk = 1 OFFSET 2 LIMIT 3';
    expect(queryInfoOf(text, new Map(), { isOneKey: true })).toMatchObject({
      offset: null,
      limit: null,
      rewrittenQuery: '',
    });
    expect(queryInfoOf(text, new Map())).toMatchObject({ offset: 2, limit: 3 });
    expect(isServedDirectly(info('SELECT TOP 2 5'))).toBe(true);
  });

  it('refuses what is too deep to print, in its words', () => {
    const chain = Array.from({ length: 30_000 }, () => 'c.a');
    for (const operator of [' + ', ' = ', ' || '])
      expect(() => info(`SELECT ${chain.join(operator)} AS x FROM c ORDER BY c.b`)).toThrow('nested deeper than');
    expect(info('SELECT c.a + c.b AS x FROM c ORDER BY c.b').rewrittenQuery).toContain('c.a + c.b');
  });

  it('says so when clients could not merge it', () => {
    const refused = [
      'SELECT VALUE s.n FROM (SELECT COUNT(1) AS n FROM c) s',
      'SELECT VALUE SUM(s) FROM (SELECT DISTINCT VALUE c.a FROM c) s',
      'SELECT VALUE COUNT(1) FROM (SELECT DISTINCT TOP 5 VALUE c.a FROM c)',
      'SELECT VALUE COUNT(1) FROM (SELECT c.g FROM c GROUP BY c.g)',
      'SELECT VALUE COUNT(1) FROM (SELECT VALUE s FROM (SELECT TOP 3 * FROM c) s)',
      'SELECT c.g FROM c GROUP BY c.g ORDER BY c.h',
      'SELECT * FROM t IN c.tags ORDER BY t.x',
    ];
    for (const text of refused)
      expect(() => info(text), text).toThrow(expect.objectContaining({ code: 'NotSupported' }) as Error);
  });
});
