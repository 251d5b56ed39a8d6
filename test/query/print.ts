// Writes a query tree as Cosmos SQL.

import type { QueryTree, Tree } from './tree.ts';

export function printTree(tree: Tree): string {
  switch (tree.kind) {
    case 'literal':
      return tree.value === undefined ? 'undefined' : JSON.stringify(tree.value);
    case 'parameter':
      return tree.name;
    case 'name':
      return tree.name;
    case 'member':
      return `${printTree(tree.of)}[${JSON.stringify(tree.name)}]`;
    case 'index':
      return `${printTree(tree.of)}[${printTree(tree.index)}]`;
    case 'unary':
      return `(${tree.operator} ${printTree(tree.operand)})`;
    case 'binary':
      return `(${printTree(tree.left)} ${tree.operator} ${printTree(tree.right)})`;
    case 'conditional':
      return `(${printTree(tree.test)} ? ${printTree(tree.then)} : ${printTree(tree.otherwise)})`;
    case 'between':
      return `(${printTree(tree.of)}${tree.not ? ' NOT' : ''} BETWEEN ${printTree(tree.low)} AND ${printTree(tree.high)})`;
    case 'in':
      return `(${printTree(tree.of)}${tree.not ? ' NOT' : ''} IN (${tree.list.map(printTree).join(', ')}))`;
    case 'like':
      return `(${printTree(tree.of)}${tree.not ? ' NOT' : ''} LIKE ${JSON.stringify(tree.pattern)})`;
    case 'call':
      return `${tree.name}(${tree.values.map(printTree).join(', ')})`;
    case 'object':
      return `{${tree.fields.map(([name, value]) => `${JSON.stringify(name)}: ${printTree(value)}`).join(', ')}}`;
    case 'array':
      return `[${tree.elements.map(printTree).join(', ')}]`;
    case 'subquery':
      return `${tree.word}(${printQuery(tree.of)})`;
  }
}

export function printQuery(query: QueryTree): string {
  const parts = ['SELECT'];
  if (query.distinct) parts.push('DISTINCT');
  if (query.top !== undefined) parts.push(`TOP ${query.top}`);
  const { select } = query;
  if (select.kind === 'star') parts.push('*');
  else if (select.kind === 'value') parts.push(`VALUE ${printTree(select.of)}`);
  else if (select.kind === 'list')
    parts.push(select.items.map((item) => `${printTree(item.of)} AS ${item.alias}`).join(', '));
  else {
    const keys = select.keys.map((key) => `${printTree(key.of)} AS ${key.alias}`);
    const aggregates = select.aggregates.map(({ alias, name, of }) => `${name}(${printTree(of)}) AS ${alias}`);
    parts.push([...keys, ...aggregates].join(', '));
  }
  const { alias, array } = query.from;
  parts.push(array === undefined ? `FROM ${alias}` : `FROM ${alias} IN ${printTree(array)}`);
  for (const join of query.joins) parts.push(`JOIN ${join.alias} IN ${printTree(join.array)}`);
  if (query.where !== undefined) parts.push(`WHERE ${printTree(query.where)}`);
  if (select.kind === 'groups' && select.keys.length > 0) {
    parts.push(`GROUP BY ${select.keys.map((key) => printTree(key.of)).join(', ')}`);
  }
  if (query.orderBy.length > 0) {
    const keys = query.orderBy.map((key) => `${printTree(key.of)}${key.descending ? ' DESC' : ''}`);
    parts.push(`ORDER BY ${keys.join(', ')}`);
  }
  if (query.offset !== undefined) parts.push(`OFFSET ${query.offset} LIMIT ${query.limit ?? 0}`);
  return parts.join(' ');
}
