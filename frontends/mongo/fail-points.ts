// Fail points: faults a test asks for by `configureFailPoint`, as MongoDB's own test commands have them. Only
// `failCommand` acts here; every name is accepted so that a suite can switch its points off.
// Source: MongoDB specifications, "Unified Test Format", and the manual's "Retryable Writes" for labels.

import { BsonType } from '../../model/bson/types.ts';
import { childOf, fieldOf, textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { elementsOf, integerOf, isNumber, numberOf, truthOf } from './bson-input.ts';
import { badValue, failedToParse } from './errors.ts';

/** Milliseconds one point may hold a command. */
const blockMsMax = 60_000;

/** What happens to a command that meets the point. */
export interface Fault {
  readonly errorCode: number | undefined;
  /** Undefined: the server decides. */
  readonly errorLabels: readonly string[] | undefined;
  readonly closeConnection: boolean;
  readonly blockMs: number;
  readonly writeConcernError: Raw | undefined;
}

interface Point {
  readonly fault: Fault;
  readonly commands: ReadonlySet<string>;
  readonly appName: string | undefined;
  /** Commands still to be let through, then commands still to fail. */
  skip: number;
  times: number;
}

export class FailPoints {
  #point: Point | undefined;

  /** Obeys a configureFailPoint command. */
  configure(command: Uint8Array): void {
    const name = fieldOf(command, 'configureFailPoint');
    if (name?.type !== BsonType.string) throw failedToParse('configureFailPoint takes a name');
    if (textOfRaw(name) !== 'failCommand') return;
    const mode = fieldOf(command, 'mode');
    const { skip, times } = modeOf(mode);
    if (times === 0) {
      this.#point = undefined;
      return;
    }
    const data = fieldOf(command, 'data');
    if (data?.type !== BsonType.object) throw badValue('failCommand needs data');
    this.#point = { ...pointOf(data), skip, times };
  }

  /** The fault a command meets, if any; counts it. */
  meet(command: string, appName: string | undefined): Fault | undefined {
    const point = this.#point;
    if (point === undefined || !point.commands.has(command)) return undefined;
    if (point.appName !== undefined && point.appName !== appName) return undefined;
    if (point.skip > 0) {
      point.skip--;
      return undefined;
    }
    if (--point.times === 0) this.#point = undefined;
    return point.fault;
  }
}

function modeOf(mode: Raw | undefined): { readonly skip: number; readonly times: number } {
  if (mode?.type === BsonType.string) {
    const text = textOfRaw(mode);
    if (text === 'off') return { skip: 0, times: 0 };
    if (text === 'alwaysOn') return { skip: 0, times: Infinity };
  }
  if (mode?.type === BsonType.object) {
    const times = childOf(mode, 'times');
    if (times !== undefined && isNumber(times)) return { skip: 0, times: Math.max(0, numberOf(times)) };
    const skip = childOf(mode, 'skip');
    if (skip !== undefined && isNumber(skip)) return { skip: Math.max(0, numberOf(skip)), times: Infinity };
  }
  throw badValue('unknown fail point mode');
}

function textsOf(list: Raw | undefined): string[] | undefined {
  if (list?.type !== BsonType.array) return undefined;
  return elementsOf(list)
    .filter((element) => element.type === BsonType.string)
    .map(textOfRaw);
}

function pointOf(data: Raw): Omit<Point, 'skip' | 'times'> {
  const errorCode = childOf(data, 'errorCode');
  const blocks = childOf(data, 'blockConnection');
  const blockMs = childOf(data, 'blockTimeMS');
  const closes = childOf(data, 'closeConnection');
  const appName = childOf(data, 'appName');
  return {
    commands: new Set(textsOf(childOf(data, 'failCommands')) ?? []),
    appName: appName?.type === BsonType.string ? textOfRaw(appName) : undefined,
    fault: {
      errorCode: errorCode === undefined ? undefined : Number(integerOf(errorCode) ?? 0n),
      errorLabels: textsOf(childOf(data, 'errorLabels')),
      closeConnection: closes !== undefined && truthOf(closes),
      blockMs:
        blocks !== undefined && truthOf(blocks) && blockMs !== undefined && isNumber(blockMs)
          ? Math.min(Math.max(0, numberOf(blockMs)), blockMsMax)
          : 0,
      writeConcernError: childOf(data, 'writeConcernError'),
    },
  };
}
