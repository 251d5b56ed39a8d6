// What a client may ask about how its query ran: the list of metrics that SDKs parse (the names are those of the parsers
// of @azure/cosmos 4.9.3 and the public .NET SDK), and the indexes used and missing, as base64 or as text.

import { accessText } from '../../core/query/plan/describe-access.ts';
import type { AccessUse, Explanation } from '../../core/query/plan/explain.ts';
import { headerOf, isTrue, type CosmosRequest } from './decode.ts';

/** What one page took. */
export interface PageWork {
  readonly prepareMs: number;
  readonly executeMs: number;
  readonly writeMs: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export const nothingDone: PageWork = { prepareMs: 0, executeMs: 0, writeMs: 0, bytesRead: 0, bytesWritten: 0 };

type Counts = Pick<Explanation, 'examined' | 'returned' | 'index'>;

/** Headers, as names and values, of the metrics that the request asks for. */
export function queryMetricsOf(
  request: CosmosRequest,
  counts: Counts,
  keyPaths: readonly string[],
  work: PageWork,
): string[] {
  const { index } = counts;
  const metrics: string[] = [];
  if (isTrue(headerOf(request, 'x-ms-documentdb-populatequerymetrics')))
    metrics.push('x-ms-documentdb-query-metrics', metricsText(counts, work));
  const asksFirst = isTrue(headerOf(request, 'x-ms-cosmos-populateindexmetrics'));
  if (!asksFirst && !isTrue(headerOf(request, 'x-ms-cosmos-populateindexmetrics-v2'))) return metrics;
  const indexMetrics = indexMetricsOf(index, keyPaths);
  const shown = asksFirst ? Buffer.from(indexMetrics).toString('base64') : encodeURIComponent(indexMetrics);
  metrics.push('x-ms-cosmos-index-utilization', shown);
  // What the service's form cannot say: the way that was taken, for people.
  metrics.push('x-meridian-query-plan', encodeURI(index === undefined ? 'every item' : accessText(index)));
  return metrics;
}

function metricsText({ examined, returned, index }: Counts, work: PageWork): string {
  // The share of the items loaded that the query wanted. A count reads none and wastes nothing.
  const ratio = index === undefined || index.way === 'scan' ? 0 : examined === 0 ? 1 : Math.min(1, returned / examined);
  const hits = index === undefined || index.way === 'scan' ? 0 : index.way === 'count' ? index.estimated : examined;
  const { prepareMs, executeMs, writeMs } = work;
  // Planning is one step here, and functions run within the whole.
  return [
    `totalExecutionTimeInMs=${(prepareMs + executeMs + writeMs).toFixed(2)}`,
    `queryCompileTimeInMs=${prepareMs.toFixed(2)}`,
    'queryLogicalPlanBuildTimeInMs=0.00',
    'queryPhysicalPlanBuildTimeInMs=0.00',
    'queryOptimizationTimeInMs=0.00',
    'indexLookupTimeInMs=0.00',
    'documentLoadTimeInMs=0.00',
    `VMExecutionTimeInMs=${executeMs.toFixed(2)}`,
    'systemFunctionExecuteTimeInMs=0.00',
    'userFunctionExecuteTimeInMs=0.00',
    `writeOutputTimeInMs=${writeMs.toFixed(2)}`,
    `retrievedDocumentCount=${examined}`,
    `retrievedDocumentSize=${work.bytesRead}`,
    `outputDocumentCount=${returned}`,
    `outputDocumentSize=${work.bytesWritten}`,
    `indexHitDocumentCount=${hits}`,
    `indexUtilizationRatio=${ratio.toFixed(2)}`,
  ].join(';');
}

/** Index metrics as the service words them: paths of the policy, used or missing. */
function indexMetricsOf(use: AccessUse | undefined, keyPaths: readonly string[]): string {
  const single = (path: string): object => ({
    FilterExpression: '',
    IndexSpec: path,
    FilterPreciseSet: true,
    IndexPreciseSet: true,
    IndexImpactScore: 'High',
  });
  const composite = (paths: readonly string[]): object => ({
    IndexSpecs: paths,
    IndexPreciseSet: false,
    IndexImpactScore: 'High',
  });
  return JSON.stringify({
    UtilizedSingleIndexes: [...new Set([...keyPaths, ...(use?.uses ?? []).map(({ path }) => path)])].map(single),
    PotentialSingleIndexes: (use?.potentialPaths ?? []).map(single),
    UtilizedCompositeIndexes: (use?.composites ?? []).map(composite),
    PotentialCompositeIndexes: (use?.potentialComposites ?? []).map(composite),
  });
}
