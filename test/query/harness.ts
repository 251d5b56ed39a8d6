// Runs Cosmos SQL over plain JSON items, for tests: items in, plain results out, page by page.

import { queryOfSql, type TranslateOptions } from '../../../frontends/cosmos/sql/query.ts';
import { cosmosSemantics } from '../../../frontends/cosmos/semantics.ts';
import { executeQuery, type PageBounds, type PageEnd, type ResultRow } from '../../../core/query/execute.ts';
import { prepareQuery, type PreparedQuery } from '../../../core/query/prepare.ts';
import type { QueryPorts } from '../../../core/query/context.ts';
import { materialise, type RowSource, type ScannedItem } from '../../../core/query/row-source.ts';
import { bsonOfJson, valueOfJson } from '../../../model/bson/json-read.ts';
import { jsonOfValue } from '../../../model/bson/json-write.ts';
import { utf8 } from '../../../model/bytes.ts';
import type { Value } from '../../../model/value.ts';

export const testNowMs = Date.UTC(2026, 10, 21, 12, 30, 15, 250);

/** Ports that never change their answer: a clock that stands still makes slices end by items alone. */
export const testPorts: QueryPorts = { now: () => testNowMs, random: () => 0.25, elapsedMs: () => 0 };

/** Items in order; positions are 10, 20, 30 … */
export function sourceOf(documents: readonly Uint8Array[], system?: ScannedItem['system']): RowSource {
  const items = documents.map((document, i): ScannedItem => ({ position: (i + 1) * 10, document, system }));
  return {
    *scan({ after, reverse }) {
      const ordered = reverse === true ? [...items].reverse() : items;
      for (const item of ordered) {
        if (after === undefined || (reverse === true ? item.position < after : item.position > after)) yield item;
      }
    },
  };
}

export function jsonSource(items: readonly unknown[]): RowSource {
  return sourceOf(items.map((item) => bsonOfJson(utf8(JSON.stringify(item)))));
}

export function plainOf(row: ResultRow): unknown {
  const value = row.item === undefined ? row.value : materialise(row.item, cosmosSemantics.systemProperties);
  return JSON.parse(jsonOfValue(value)) as unknown;
}

export interface RunOptions extends TranslateOptions {
  readonly items?: readonly unknown[] | undefined;
  readonly source?: RowSource | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly ports?: Partial<QueryPorts> | undefined;
  readonly page?: PageBounds | undefined;
  readonly continuation?: string | undefined;
}

export function prepare(text: string, options: TranslateOptions = {}): PreparedQuery {
  return prepareQuery(queryOfSql(text, options), { semantics: cosmosSemantics });
}

export function valueOfPlain(plain: unknown): Value {
  return valueOfJson(JSON.stringify(plain));
}

function parametersOf(options: RunOptions): ReadonlyMap<string, Value> {
  return new Map(Object.entries(options.parameters ?? {}).map(([name, plain]) => [name, valueOfPlain(plain)]));
}

export interface Page extends PageEnd {
  readonly rows: readonly unknown[];
}

/** One page, without giving control to anybody. */
export function runPage(prepared: PreparedQuery, options: RunOptions): Page {
  const source = options.source ?? jsonSource(options.items ?? []);
  const execution = executeQuery(prepared, {
    source: () => source,
    ports: { ...testPorts, ...options.ports },
    parameters: parametersOf(options),
    page: options.page,
    continuation: options.continuation,
  });
  const rows: unknown[] = [];
  for (;;) {
    const step = execution.next();
    if (step.done === true) return { ...step.value, rows };
    rows.push(...step.value.map(plainOf));
  }
}

/** All results of a query over items. */
export function run(text: string, items: readonly unknown[] = [], options: RunOptions = {}): readonly unknown[] {
  return runPage(prepare(text, options), { items, ...options }).rows;
}

/** The value of an expression, undefined when it has none. */
export function evaluate(expression: string, options: RunOptions = {}): unknown {
  return run(`SELECT VALUE ${expression}`, [], options)[0];
}

/** All results by pages of at most `rowsMax`, each page begun afresh from the continuation text. */
export function runPaged(text: string, items: readonly unknown[], page: PageBounds, options: RunOptions = {}): Page[] {
  const prepared = prepare(text, options);
  const pages: Page[] = [];
  let continuation: string | undefined;
  do {
    const next = runPage(prepared, { items, ...options, page, continuation });
    pages.push(next);
    continuation = next.continuation;
    if (pages.length > 10_000) throw new Error('paging does not end');
  } while (continuation !== undefined);
  return pages;
}

