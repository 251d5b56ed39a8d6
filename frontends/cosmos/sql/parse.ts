// Cosmos SQL text → syntax tree. Total: any text gives a tree or a DatabaseError with the place of the fault.
// query = SELECT [DISTINCT] [TOP n] list [FROM … JOIN …] [WHERE] [GROUP BY] [ORDER BY] [OFFSET n LIMIT n]

import { TokenStream } from '../../../model/text/pratt.ts';
import { numberOfToken } from '../../../model/text/lexer.ts';
import type { Collection, Count, FromItem, OrderByRank, OrderKey, SelectItem, SelectList, SqlQuery } from './ast.ts';
import { syntaxError } from './errors.ts';
import { expressionRule } from './expression.ts';
import { lexSql } from './tokens.ts';

const parseExpression = expressionRule(parseSelect);

/** Parses one whole query. */
export function parseSql(text: string): SqlQuery {
  const stream = new TokenStream(text, lexSql, (at, token) => {
    // At the end there is nothing to be near to but the last word.
    const shown = token.kind === 'end' ? at.previous : token;
    return syntaxError(at.text.slice(shown.start, shown.end), shown);
  });
  const query = parseSelect(stream);
  if (stream.peek().kind !== 'end') throw stream.fault();
  return query;
}

function parseSelect(stream: TokenStream): SqlQuery {
  const start = stream.expectKeyword('SELECT').start;
  const distinct = stream.takeKeyword('DISTINCT');
  const top = stream.takeKeyword('TOP') ? parseCount(stream) : undefined;
  const select = parseSelectList(stream);
  const from: FromItem[] = [];
  if (stream.takeKeyword('FROM')) {
    from.push(parseFromItem(stream));
    while (stream.takeKeyword('JOIN')) from.push(parseFromItem(stream));
  }
  const where = stream.takeKeyword('WHERE') ? parseExpression(stream) : undefined;
  const groupBy = [];
  if (stream.takeKeyword('GROUP')) {
    stream.expectKeyword('BY');
    do groupBy.push(parseExpression(stream));
    while (stream.takeSymbol(','));
  }
  const orderBy: OrderKey[] = [];
  let orderByRank: OrderByRank | undefined;
  if (stream.takeKeyword('ORDER')) {
    stream.expectKeyword('BY');
    if (stream.isWord('RANK') && stream.peek(1).kind === 'name') orderByRank = parseRank(stream);
    else {
      do orderBy.push(parseOrderKey(stream));
      while (stream.takeSymbol(','));
    }
  }
  let offset: Count | undefined;
  let limit: Count | undefined;
  if (stream.takeKeyword('OFFSET')) {
    offset = parseCount(stream);
    stream.expectKeyword('LIMIT');
    limit = parseCount(stream);
  }
  const end = stream.previous.end;
  return { distinct, top, select, from, where, groupBy, orderBy, orderByRank, offset, limit, start, end };
}

function parseSelectList(stream: TokenStream): SelectList {
  const star = stream.peek();
  if (stream.takeSymbol('*')) return { kind: 'star', start: star.start, end: star.end };
  if (stream.takeKeyword('VALUE')) return { kind: 'value', value: parseExpression(stream) };
  const items: SelectItem[] = [];
  do {
    const value = parseExpression(stream);
    const alias = parseAlias(stream);
    items.push({ value, alias, start: value.start, end: stream.previous.end });
  } while (stream.takeSymbol(','));
  return { kind: 'list', items };
}

/** `AS name` or a bare name. */
function parseAlias(stream: TokenStream): string | undefined {
  if (stream.takeKeyword('AS')) {
    const name = stream.next();
    if (name.kind !== 'name') throw stream.fault(name);
    return name.text;
  }
  return stream.peek().kind === 'name' ? stream.next().text : undefined;
}

function parseFromItem(stream: TokenStream): FromItem {
  const start = stream.peek().start;
  if (stream.peek().kind === 'name' && stream.isKeyword('IN', 1)) {
    const alias = stream.next().text;
    stream.next();
    const collection = parseCollection(stream);
    return { collection, alias, iterates: true, start, end: stream.previous.end };
  }
  const collection = parseCollection(stream);
  const alias = parseAlias(stream);
  return { collection, alias, iterates: false, start, end: stream.previous.end };
}

function parseCollection(stream: TokenStream): Collection {
  if (stream.takeSymbol('(')) {
    const query = stream.nested(() => parseSelect(stream));
    stream.expectSymbol(')');
    return { kind: 'subquery', query };
  }
  const name = stream.next();
  if (name.kind !== 'name') throw stream.fault(name);
  const steps: (string | number)[] = [];
  for (;;) {
    if (stream.takeSymbol('.')) {
      const step = stream.next();
      if (step.kind !== 'name' && step.kind !== 'keyword') throw stream.fault(step);
      steps.push(stream.text.slice(step.start, step.end));
    } else if (stream.takeSymbol('[')) {
      const step = stream.next();
      if (step.kind === 'string') steps.push(step.text);
      else if (step.kind === 'number' && Number.isInteger(numberOfToken(step))) steps.push(numberOfToken(step));
      else throw stream.fault(step);
      stream.expectSymbol(']');
    } else break;
  }
  return { kind: 'path', root: { kind: 'name', name: name.text, start: name.start, end: name.end }, steps };
}

/** What TOP, OFFSET and LIMIT take. */
function parseCount(stream: TokenStream): Count {
  const token = stream.next();
  const { start, end } = token;
  if (token.kind === 'parameter') return { kind: 'parameter', name: token.text, start, end };
  if (token.kind !== 'number') throw stream.fault(token);
  const value = numberOfToken(token);
  if (!Number.isSafeInteger(value)) throw stream.fault(token);
  return { kind: 'literal', value, start, end };
}

function parseDirection(stream: TokenStream): boolean {
  if (stream.takeKeyword('DESC')) return true;
  stream.takeKeyword('ASC');
  return false;
}

function parseOrderKey(stream: TokenStream): OrderKey {
  const value = parseExpression(stream);
  const { end } = stream.previous;
  const descending = parseDirection(stream);
  return { value, descending, directed: stream.previous.end > end, start: value.start, end: stream.previous.end };
}

function parseRank(stream: TokenStream): OrderByRank {
  const start = stream.next().start;
  const scores = [];
  do scores.push(parseExpression(stream));
  while (stream.takeSymbol(','));
  return { scores, descending: parseDirection(stream), start, end: stream.previous.end };
}
