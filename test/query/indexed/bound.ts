// The filters that a query's conditions become, partition by partition.

import { containerRows } from '../../../core/query/container-rows.ts';
import { RegexCache } from '../../../core/query/functions/regex.ts';
import { Frame, newScan, Pacer } from '../../../core/query/frame.ts';
import { bindParts } from '../../../core/query/open-access.ts';
import type { Reading } from '../../../core/reading.ts';
import { cosmosSemantics } from '../../../frontends/cosmos/semantics.ts';
import { systemViewOf } from '../../../frontends/cosmos/run-query.ts';
import type { Filter } from '../../../indexer/filter.ts';
import type { View } from '../../../indexer/view.ts';
import { prepare, testPorts, valueOfPlain } from '../harness.ts';
import type { IndexedHost } from './host.ts';

export function boundFilters(
  host: IndexedHost,
  text: string,
  reading: Reading,
  parameters: Readonly<Record<string, unknown>>,
): readonly { readonly view: View; readonly filter: Filter; readonly exact: boolean }[] {
  const prepared = prepare(text);
  const source = containerRows(reading, systemViewOf(host.container));
  const frame = new Frame({
    slotCount: prepared.slotCount,
    memoCount: prepared.memoCount,
    parameters: prepared.parameters.map((name) => valueOfPlain(parameters[name] ?? null)),
    context: { semantics: cosmosSemantics, ports: testPorts, startedMs: 0, regexes: new RegexCache() },
    pacer: new Pacer(() => 0),
    source: () => source,
    scan: newScan(undefined, undefined),
    sort: { keep: undefined, resume: undefined, mark: undefined },
  });
  return bindParts(frame, prepared.access!, source.indexed!).map(({ partition, filter, exact }) => ({
    view: partition.view,
    filter,
    exact,
  }));
}
