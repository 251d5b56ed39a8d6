// The tables of an account: containers of the profile `table` in one database. Their names keep their letters and are
// found, and unique, whatever their case.

import type { Engine } from '../../core/engine.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { tablesDatabase, type Call } from './call.ts';
import { refusal } from './errors.ts';
import { tableNamed } from './find-table.ts';
import type { Flavour } from './request.ts';
import { nameFault } from './table-name.ts';

/** Every table, in the order of their names without case. */
export function tablesOf({ catalog }: Engine): ContainerRecord[] {
  if (catalog.databaseOrNone(tablesDatabase) === undefined) return [];
  const tables = catalog.containers(tablesDatabase).filter(({ profile }) => profile === 'table');
  return tables
    .map((table) => ({ table, name: table.id.toLowerCase() }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ table }) => table);
}

/** The table whose entities the address concerns. */
export function tableOf({ request, engine }: Call): ContainerRecord {
  const { table: name, flavour } = request;
  if (name === undefined) throw refusal('InvalidUri', 'path');
  const found = tableNamed(engine.catalog, name);
  if (found === undefined) throw nameFault(name, flavour) ?? noSuchTable(flavour);
  return found;
}

function noSuchTable(flavour: Flavour): DatabaseError {
  if (flavour === 'cosmos') return refusal('ResourceNotFound', 'table');
  return new DatabaseError('ContainerNotFound', 'no table of that name', { argument: 'table' });
}

/** What `body` of a created table, and every list of them, says of one. */
export const tableNameField = 'TableName';

const pending = new WeakMap<Engine, Promise<unknown>>();

/** Runs one after the other what looks for a name and then takes it. */
export function inTurn<Result>(engine: Engine, action: () => Promise<Result>): Promise<Result> {
  const before = pending.get(engine) ?? Promise.resolve();
  const after = before.then(action, action);
  pending.set(
    engine,
    after.catch(() => undefined),
  );
  return after;
}
