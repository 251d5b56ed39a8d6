// Ways in which a plan can be wrong: a comparison that is worth something sees each of them.

function spoiling(change) {
  return ({ status, text }) => {
    if (status !== 200) return { status, text };
    const plan = JSON.parse(text);
    change(plan.queryInfo, plan);
    return { status, text: JSON.stringify(plan) };
  };
}

const types = ['Count', 'Sum'];

export const wrongPlans = {
  'results not made distinct': spoiling((info) => (info.distinctType = 'None')),
  'no TOP': spoiling((info) => (info.top = null)),
  'OFFSET off by one': spoiling((info) => info.offset !== null && info.offset++),
  'LIMIT lost': spoiling((info) => (info.limit = null)),
  'every order descending': spoiling((info) => (info.orderBy = info.orderBy.map(() => 'Descending'))),
  'order keys lost': spoiling((info) => info.orderByExpressions.pop()),
  'group keys lost': spoiling((info) => info.groupByExpressions.shift()),
  'one aggregate for another': spoiling(
    (info) => (info.aggregates = info.aggregates.map((type) => types.find((other) => other !== type))),
  ),
  'aliases without aggregates': spoiling((info) => {
    for (const alias of Object.keys(info.groupByAliasToAggregateType)) info.groupByAliasToAggregateType[alias] = null;
  }),
  'aliases in another order': spoiling((info) => info.groupByAliases.reverse()),
  'values shown as objects': spoiling((info) => (info.hasSelectValue = !info.hasSelectValue)),
  'filter lost in the rewritten query': spoiling(
    (info) => (info.rewrittenQuery = info.rewrittenQuery.replace(/WHERE \(\(.*?\) AND /, 'WHERE (')),
  ),
  'rewritten query cut short': spoiling(
    (info) => (info.rewrittenQuery = info.rewrittenQuery.replace(/ORDER BY.*/s, '')),
  ),
  'another path in the rewritten query': spoiling(
    (info) => (info.rewrittenQuery = info.rewrittenQuery.replace(/blah/, 'blub')),
  ),
  'distances merged as they come': spoiling((info) => (info.hasNonStreamingOrderBy = false)),
  'every partition asked': spoiling(
    (_, plan) => (plan.queryRanges = [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }]),
  ),
  'one range too few': spoiling((_, plan) => plan.queryRanges.pop()),
  'faults with another code': ({ status, text }) => ({ status, text: text.replace(/SC\d/g, 'SC9') }),
  'faults without words': ({ status, text }) => ({
    status,
    text: status === 200 ? text : text.replace(/\\"message\\":\\".*?\\"/g, '\\"message\\":\\"no\\"'),
  }),
};
