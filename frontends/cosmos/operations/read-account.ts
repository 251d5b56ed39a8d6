// GET /: the account document, from which SDKs learn regions, consistency and the limits of the query engine.
// Source: "Database accounts" of the REST reference; fields as the SDKs read them.

import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';

/** Limits of the SQL engine, which SDKs read as a JSON string. */
const queryEngineConfiguration = JSON.stringify({
  maxSqlQueryInputLength: 262_144,
  maxJoinsPerSqlQuery: 10,
  maxLogicalAndPerSqlQuery: 2000,
  maxLogicalOrPerSqlQuery: 2000,
  maxUdfRefPerSqlQuery: 10,
  maxInExpressionItemsCount: 16_000,
  queryMaxGroupByTableCellCount: 500_000,
  queryMaxInMemorySortDocumentCount: 500,
  maxQueryRequestTimeoutFraction: 0.9,
  sqlAllowNonFiniteNumbers: false,
  sqlAllowAggregateFunctions: true,
  sqlAllowSubQuery: true,
  sqlAllowScalarSubQuery: true,
  allowNewKeywords: true,
  sqlAllowLike: true,
  sqlAllowGroupByClause: true,
  maxSpatialQueryCells: 12,
  spatialMaxGeometryPointCount: 256,
  sqlDisableQueryILOptimization: false,
  sqlDisableFilterPlanOptimization: false,
  sqlDisableOptimizationFlags: 0,
  enableSpatialIndexing: true,
});

/** Where clients are to go: an advertised URL, with the port by which this one came if it names none. */
export function endpointOf(advertise: string | undefined, origin: string): string {
  if (advertise === undefined) return `${origin}/`;
  const base = advertise.replace(/\/+$/, '');
  const port = /:\d+$/.exec(origin)?.[0] ?? '';
  return `${/:\d+$/.test(base) ? base : base + port}/`;
}

export function readAccount({ request, account, deployment }: Call): Answer {
  const endpoint = endpointOf(deployment.advertise, request.origin);
  const locations = [{ name: deployment.region.name, databaseAccountEndpoint: endpoint }];
  const document = {
    _self: '',
    id: account.id,
    _rid: account.id,
    media: '//media/',
    addresses: '//addresses/',
    _dbs: '//dbs/',
    writableLocations: locations,
    readableLocations: locations,
    enableMultipleWriteLocations: false,
    continuousBackupEnabled: false,
    enableNRegionSynchronousCommit: false,
    enablePerPartitionFailoverBehavior: false,
    userReplicationPolicy: { asyncReplication: false, minReplicaSetSize: 1, maxReplicasetSize: 1 },
    userConsistencyPolicy: { defaultConsistencyLevel: deployment.consistency },
    systemReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 1 },
    readPolicy: { primaryReadCoefficient: 1, secondaryReadCoefficient: 1 },
    queryEngineConfiguration,
  };
  return { status: 200, body: Buffer.from(JSON.stringify(document)), charge: 0 };
}
