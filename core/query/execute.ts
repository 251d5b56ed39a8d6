// Runs a prepared query page by page. An execution is a generator of slices: each `next()` works for a bounded time
// and gives the results found in it, possibly none, so that the caller can let others run between slices. It ends
// when the page is full, the query is done, or the signal says so.
//
// A caller that keeps the generator (a cursor) goes on pulling; one that answers a page at a time (HTTP) keeps the
// continuation and starts again.

import { DatabaseError } from '../../model/errors.ts';
import type { Value } from '../../model/value.ts';
import type { EvaluationContext, QueryPorts } from './context.ts';
import {
  decodeContinuation,
  encodeContinuation,
  portableMark,
  type Continuation,
  type PageMark,
} from './continuation.ts';
import { shownBytes } from './elements.ts';
import { Frame, newScan, Pacer, type RowStream, type SortProgress } from './frame.ts';
import { RegexCache } from './functions/regex.ts';
import type { Explanation } from './plan/explain.ts';
import type { PreparedQuery } from './prepare.ts';
import type { RowSource, ScannedItem } from './row-source.ts';

/** One result: a value, or a whole item, which the door encodes with its system properties spliced in. */
export interface ResultRow {
  readonly item: ScannedItem | undefined;
  readonly value: Value;
}

/** When a page ends, beside the end of the query. Each absent bound is no bound. */
export interface PageBounds {
  readonly rowsMax?: number | undefined;
  /** Bytes of results, about; the result that passes it is the page's last. */
  readonly bytesMax?: number | undefined;
  /** Items examined, where the plan can resume in the middle of its scan. */
  readonly examinedMax?: number | undefined;
  /** Characters of encoded sort keys in the continuation: longer ones are given up for a count of results. */
  readonly keysLengthMax?: number | undefined;
}

export interface ExecuteOptions {
  readonly source: (container: string | undefined) => RowSource;
  readonly ports: QueryPorts;
  /** By name with its mark. A parameter that is not given is undefined. */
  readonly parameters?: ReadonlyMap<string, Value> | undefined;
  readonly page?: PageBounds | undefined;
  readonly continuation?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PageEnd {
  /** Absent when the query is done. */
  readonly continuation: string | undefined;
  readonly explanation: Explanation;
}

export type Execution = Generator<readonly ResultRow[], PageEnd, void>;

const start: Continuation = { mark: { kind: 'scan', after: undefined, at: undefined, rows: 0 }, skipped: 0, taken: 0 };

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new DatabaseError('Cancelled', 'the query was cancelled');
}

/** What the sort must hold to fill one page and to know whether another follows. */
function rowsWanted(dropped: number, left: number, page: PageBounds): number | undefined {
  const wanted = dropped + Math.min(left, (page.rowsMax ?? Infinity) + 1);
  return Number.isFinite(wanted) ? wanted : undefined;
}

export function* executeQuery(prepared: PreparedQuery, options: ExecuteOptions): Execution {
  const { plan } = prepared;
  const page = options.page ?? {};
  const from =
    options.continuation === undefined ? start : decodeContinuation(prepared.fingerprint, options.continuation);
  const context: EvaluationContext = {
    semantics: prepared.semantics,
    ports: options.ports,
    startedMs: options.ports.now(),
    regexes: new RegexCache(),
  };
  const scanMark = from.mark.kind === 'scan' ? from.mark : undefined;
  const scan = newScan(scanMark?.after, from.mark.kind === 'count' ? from.mark.way : undefined);
  const sort: { keep: number | undefined } & SortProgress = {
    keep: undefined,
    resume: from.mark.kind === 'sort' ? from.mark.mark : undefined,
    mark: undefined,
  };
  const frame = new Frame({
    slotCount: prepared.slotCount,
    memoCount: prepared.memoCount,
    parameters: prepared.parameters.map((name) => options.parameters?.get(name)),
    context,
    pacer: new Pacer(options.ports.elapsedMs, plan.shape === 'streaming' ? page.examinedMax : undefined),
    source: options.source,
    scan,
    sort,
  });
  const { pacer } = frame;

  // Results to drop before the first one of this page.
  let toSkip = prepared.skip(frame) - from.skipped;
  if (from.mark.kind === 'count') toSkip = prepared.skip(frame) + from.taken;
  const left = prepared.limit(frame) - from.taken;
  let { skipped } = from;
  let returned = 0;
  let bytes = 0;
  sort.keep = rowsWanted(Math.max(0, toSkip), left, page);
  if (plan.shape === 'streaming') scan.wanted = sort.keep ?? Infinity;

  const end = (mark: PageMark | undefined): PageEnd => ({
    continuation:
      mark === undefined
        ? undefined
        : encodeContinuation(prepared.fingerprint, { mark, skipped, taken: from.taken + returned }),
    explanation: {
      scan: plan.scan,
      shape: plan.shape,
      operators: plan.operators,
      examined: pacer.examined,
      returned,
      index: scan.use,
    },
  });
  if (left <= 0) return end(undefined);

  /** Rows of the item at hand given or dropped so far, and those to drop because an earlier page gave them. */
  let rowsOfItem = 0;
  let itemPosition: number | undefined;
  const scanMarkNow = (): PageMark => {
    if (plan.oneRowPerItem) return { kind: 'scan', after: scan.position ?? scan.after, at: undefined, rows: 0 };
    const rows = itemPosition === scan.position ? rowsOfItem : 0;
    return { kind: 'scan', after: scan.previous ?? scan.after, at: scan.position, rows };
  };
  const markNow = (): PageMark => {
    if (plan.shape === 'streaming' && plan.scan === 'full') return scanMarkNow();
    return plan.shape === 'sorted' && sort.mark !== undefined
      ? portableMark(sort.mark, page.keysLengthMax)
      : { kind: 'count', way: scan.summary };
  };

  checkSignal(options.signal);
  const stream: RowStream = prepared.open(frame);
  let slice: ResultRow[] = [];
  try {
    for (;;) {
      const step = stream.next();
      if (step.done === true) {
        if (slice.length > 0) yield slice;
        return end(undefined);
      }
      if (!step.value) {
        const stop = pacer.examined >= (page.examinedMax ?? Infinity) && plan.shape === 'streaming' && !scan.isWaiting;
        const mark = stop && plan.scan === 'full' && !scan.exhausted ? markNow() : undefined;
        yield slice;
        slice = [];
        if (mark !== undefined) return end(mark);
        checkSignal(options.signal);
        pacer.beginSlice();
        continue;
      }
      if (itemPosition !== scan.position) {
        itemPosition = scan.position;
        rowsOfItem = 0;
      }
      rowsOfItem++;
      if (scanMark !== undefined && scanMark.at !== undefined && scanMark.at === scan.position) {
        if (rowsOfItem <= scanMark.rows) continue;
      }
      if (toSkip > 0) {
        toSkip--;
        skipped++;
        continue;
      }
      const { slot, isItem } = prepared.result;
      const row: ResultRow = {
        item: isItem ? frame.items[slot] : undefined,
        value: isItem ? undefined : frame.slots[slot],
      };
      slice.push(row);
      returned++;
      bytes += row.item === undefined ? shownBytes(row.value) : row.item.document.length;
      if (returned >= left) {
        yield slice;
        return end(undefined);
      }
      if (returned >= (page.rowsMax ?? Infinity) || bytes >= (page.bytesMax ?? Infinity)) {
        const mark = markNow();
        // One step on is cheap unless it means to scan on: then an empty last page is the better bargain.
        const mayPeek = plan.shape !== 'streaming' || scan.exhausted || plan.scan === 'none';
        const isDone = mayPeek && stream.next().done === true;
        yield slice;
        return end(isDone ? undefined : mark);
      }
    }
  } finally {
    stream.return();
  }
}

export type CollectedPage = PageEnd & { readonly rows: readonly ResultRow[] };

/** Runs a page to its end, awaiting `pause` between slices. */
export async function collectPage(execution: Execution, pause: () => Promise<void>): Promise<CollectedPage> {
  const rows: ResultRow[] = [];
  for (;;) {
    const step = execution.next();
    if (step.done === true) return { ...step.value, rows };
    for (const row of step.value) rows.push(row);
    await pause();
  }
}
