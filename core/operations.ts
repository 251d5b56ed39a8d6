// What each operation does: it finds the container and delegates. The engine is handed in; it holds the state.

import { DatabaseError } from '../model/errors.ts';
import type { ContainerName, Context, Operation, OperationKind, Result } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { readChanges } from './change-feed.ts';
import { failureCharge } from './charge.ts';
import { countItems } from './count.ts';
import { distinctValues } from './distinct.ts';
import type { Engine } from './engine.ts';
import { readFeed } from './feed.ts';
import { readByKey } from './read-by-key.ts';
import { findById } from './find-by-id.ts';
import { checkedPolicy } from './indexing-policy.ts';
import { partitionsMax } from './partition-layout.ts';
import { checkedPartitionKey } from './router.ts';
import { openSearch } from './search.ts';
import { requireSession } from './session.ts';
import { tallyValues } from './tally.ts';
import { batchItems, writeItem, writeItems } from './write-items.ts';

export type Handler<Kind extends OperationKind> = (
  engine: Engine,
  operation: Operation<Kind>,
  context: Context,
) => Promise<Result<Kind>>;

export const handlers: { readonly [Kind in OperationKind]: Handler<Kind> } = {
  'create-database': (engine, { id, settings }) =>
    engine.submit((staging) => engine.catalog.createDatabase(id, settings, staging)),
  'read-database': async (engine, { id }) => engine.catalog.database(id),
  'list-databases': async (engine) => engine.catalog.databases(),
  'replace-database': (engine, { id, settings, ifMatch }) =>
    engine.submit((staging) => engine.catalog.replaceDatabase(id, settings, ifMatch, staging)),
  'delete-database': (engine, { id, ifMatch, ifEmpty = false }) =>
    engine.submit((staging) => engine.catalog.deleteDatabase(id, { ifMatch, ifEmpty }, staging)),
  'create-container': async (engine, operation) => {
    if (operation.settings !== undefined) checkedPolicy(operation.settings);
    return engine.submit((staging) =>
      engine.catalog.createContainer(
        {
          database: operation.database,
          id: operation.container,
          profile: operation.profile,
          partitionKey: operation.partitionKey,
          settings: operation.settings,
          partitions: operation.partitions ?? engine.partitionsDefault,
          createDatabase: operation.createDatabase === true,
        },
        staging,
      ),
    );
  },
  'read-container': async (engine, { database, container }) => engine.catalog.container(database, container),
  'list-containers': async (engine, { database }) => engine.catalog.containers(database),
  'replace-container': async (engine, { database, container, settings, ifMatch }) => {
    checkedPolicy(settings);
    return engine.submit((staging) => engine.catalog.replaceContainer(database, container, settings, ifMatch, staging));
  },
  'delete-container': (engine, { database, container, ifMatch }) =>
    engine.submit((staging) => engine.catalog.deleteContainer(database, container, ifMatch, staging)),
  'create-resource': (engine, { owner, type, id, body }) =>
    engine.submit((staging) => engine.catalog.createChild(owner, type, id, body, staging)),
  'read-resource': async (engine, { owner, type, id }) => engine.catalog.child(owner, type, id),
  'list-resources': async (engine, { owner, type }) => engine.catalog.children(owner, type),
  'replace-resource': (engine, { owner, type, id, body, ifMatch, renamed }) =>
    engine.submit((staging) => engine.catalog.replaceChild(owner, type, id, body, { ifMatch, renamed }, staging)),
  'delete-resource': (engine, { owner, type, id, ifMatch }) =>
    engine.submit((staging) => engine.catalog.deleteChild(owner, type, id, ifMatch, staging)),
  'split-partition': (engine, { database, container, range, parts }) => {
    if (!Number.isInteger(parts) || parts < 2 || parts > partitionsMax)
      throw new DatabaseError('BadRequest', `parts must be 2 to ${partitionsMax}`, { argument: 'parts' });
    return engine.splits.split(engine.catalog.container(database, container), range, parts);
  },
  'write-item': (engine, operation, context) => writeItem(engine, operation, context),
  'write-items': (engine, operation, context) => writeItems(engine, operation, context),
  'batch-items': (engine, operation, context) => batchItems(engine, operation, context),
  'read-item': async (engine, { database, container: id, id: itemId, partitionKey }, context) => {
    const container = engine.catalog.container(database, id);
    const key = checkedPartitionKey(container, partitionKey);
    const partition = engine.partitionFor(container, key, context);
    const item = partition.find(itemId, key, engine.nowSeconds);
    if (item === undefined) {
      engine.throughput.take(partition, failureCharge('ItemNotFound'));
      throw new DatabaseError('ItemNotFound', 'no item with that id in this logical partition', { argument: 'id' });
    }
    return { container, item, charge: engine.chargeRead(partition, [item], context) };
  },
  'find-by-id': async (engine, operation, context) => findById(engine, operation, context),
  'read-feed': async (engine, { database, container: id, scope, itemsMax, after }, context) => {
    const container = engine.catalog.container(database, id);
    requireSession(engine, container, context);
    const meter = engine.meter(container, scope, context);
    return readFeed(engine.state, container, scope, itemsMax, after, engine.nowSeconds, context.signal, meter);
  },
  'open-search': async (engine, operation, context) => {
    const container = containerOf(engine, operation);
    const meter = engine.meter(container, operation.scope, context);
    return openSearch(engine.state, container, operation, engine.nowSeconds, meter);
  },
  'read-by-key': async (engine, operation, context) => readByKey(engine, operation, context),
  'count-items': (engine, operation, context) =>
    engine.counted(operation, context, (container) =>
      countItems(engine.state, container, operation, engine.nowSeconds, context.signal),
    ),
  'distinct-values': (engine, operation, context) =>
    engine.counted(operation, context, (container) =>
      distinctValues(engine.state, container, operation, engine.nowSeconds, context.signal),
    ),
  'tally-values': (engine, operation, context) =>
    engine.counted(operation, context, (container) =>
      tallyValues(engine.state, container, operation, engine.nowSeconds, context.signal),
    ),
  'read-changes': async (engine, operation, context) => {
    const container = engine.catalog.container(operation.database, operation.container);
    requireSession(engine, container, context);
    const { state, log, nowSeconds } = engine;
    const meter = engine.meter(container, operation.scope, context);
    const source = { state, log, marks: state.marks, nowSeconds, signal: context.signal };
    return readChanges(source, container, operation, meter);
  },
};

function containerOf(engine: Engine, { database, container }: ContainerName): ContainerRecord {
  return engine.catalog.container(database, container);
}
