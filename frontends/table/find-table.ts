// Tables by name. A table keeps the letters of its creation and is found in any others, so that two never differ in case
// alone.

import type { Catalog } from '../../core/catalog.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { tablesDatabase } from './call.ts';

export function tableNamed(catalog: Catalog, name: string): ContainerRecord | undefined {
  const exact = catalog.containerOrNone(tablesDatabase, name);
  if (exact?.profile === 'table') return exact;
  if (catalog.databaseOrNone(tablesDatabase) === undefined) return undefined;
  const lower = name.toLowerCase();
  return catalog
    .containers(tablesDatabase)
    .find(({ id, profile }) => profile === 'table' && id.length === name.length && id.toLowerCase() === lower);
}
