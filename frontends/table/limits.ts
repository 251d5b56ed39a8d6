// Every documented bound of the Table service, by flavour. Sources: "Understanding the Table service data model" and
// "Scalability and performance targets for Table storage" (Azure Storage), "Azure Cosmos DB service quotas".

import { edmPropertiesMax } from '../../model/edm-rules.ts';
import type { Flavour } from './request.ts';

export interface Limits {
  /** Beside PartitionKey, RowKey and Timestamp. */
  readonly propertiesMax: number;
  /** UTF-16 units of a property's name. */
  readonly nameUnitsMax: number;
  /** Bytes of a string's UTF-16, and of a binary. */
  readonly valueBytesMax: number;
  /** UTF-16 units of each key. */
  readonly keyUnitsMax: number;
  readonly isEmptyKeyAllowed: boolean;
  /** Bytes of an entity, as the service counts them (`entitySize`). */
  readonly entityBytesMax: number;
  /** First time that a DateTime may tell, in seconds since 1970. */
  readonly timeSecondsMin: number;
}

/** 1601-01-01, where file times begin. */
const fileTimesBegin = -11_644_473_600;

const mebibyte = 1024 * 1024;

const storage: Limits = {
  propertiesMax: edmPropertiesMax,
  nameUnitsMax: 255,
  valueBytesMax: 64 * 1024,
  keyUnitsMax: 1024,
  isEmptyKeyAllowed: true,
  entityBytesMax: mebibyte,
  timeSecondsMin: fileTimesBegin,
};

const cosmos: Limits = {
  ...storage,
  isEmptyKeyAllowed: false,
  valueBytesMax: 2 * mebibyte,
  entityBytesMax: 2 * mebibyte,
  timeSecondsMin: -Infinity,
};

export function limitsOf(flavour: Flavour): Limits {
  return flavour === 'storage' ? storage : cosmos;
}

/** Entities or tables of one page. */
export const pageItemsMax = 1000;

/** Bytes of the entities of one page. */
export const pageBytesMax = 4 * mebibyte;

/** Operations of one entity group transaction. */
export const batchOperationsMax = 100;

/** Bytes of its body. */
export const batchBytesMax = 4 * mebibyte;

/** Bytes of a whole request: an entity group transaction has 4 MiB, and an entity's JSON may escape what it holds. */
export const bodyBytesMax = 8 * mebibyte;
