// Where expressions are evaluated: the document at hand, the variables by number, and how much work its evaluation
// may cost. All stages of one command share one environment; every binding has a slot of its own in it, so that a
// pipeline inside another one sees the variables around it.

import { BsonType } from '../../../model/bson/types.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { readInt32 } from '../../../model/bytes.ts';
import { MongoCode, MongoError } from '../errors.ts';
import { dateRaw, owned, type Operand } from './value.ts';

/** Work between two looks at the clock, in loop turns or 64 bytes copied. */
const workPerLook = 4096;

/** How long expressions may run on one document: they run between two turns of the event loop. */
const documentMsMax = 2000;

export class Frame {
  /** `$$ROOT`. */
  root: Operand;
  readonly slots: Operand[] = [];
  /** `$$NOW`. */
  readonly now: Raw;
  #work = 0;
  #startedMs = 0;

  constructor(nowMs: number) {
    this.now = owned(dateRaw(Math.floor(nowMs)));
  }

  /** Begins with a document. */
  enter(bytes: Uint8Array, start = 0): void {
    this.root = new Raw(bytes, BsonType.object, start, start + readInt32(bytes, start));
    this.#work = 0;
    this.#startedMs = 0;
  }

  /** Counts work of a loop. Throws when one document takes too long. */
  spend(work: number): void {
    this.#work += work;
    if (this.#work < workPerLook) return;
    this.#work = 0;
    const nowMs = performance.now();
    if (this.#startedMs === 0) this.#startedMs = nowMs;
    else if (nowMs - this.#startedMs > documentMsMax)
      throw new MongoError(MongoCode.MaxTimeMSExpired, 'operation exceeded time limit: expressions on one document');
  }
}

export class Environment {
  readonly frame: Frame;
  #next = 0;

  constructor(nowMs: number) {
    this.frame = new Frame(nowMs);
  }

  newSlot(): number {
    this.frame.slots.push(undefined);
    return this.#next++;
  }
}

/** The names visible at one place of a text. */
export interface Scope {
  readonly environment: Environment;
  /** Slot of each variable, `CURRENT` among them where it was bound anew. */
  readonly variables: ReadonlyMap<string, number>;
}

export function rootScope(nowMs: number): Scope {
  return { environment: new Environment(nowMs), variables: new Map() };
}

/** The scope with more variables, and their slots in the order given. */
export function bind(
  scope: Scope,
  names: readonly string[],
): { readonly scope: Scope; readonly slots: readonly number[] } {
  const variables = new Map(scope.variables);
  const slots = names.map((name) => {
    const slot = scope.environment.newSlot();
    variables.set(name, slot);
    return slot;
  });
  return { scope: { environment: scope.environment, variables }, slots };
}

/** Throws for what cannot be the name of a user's variable. */
export function checkVariableName(name: string): void {
  if (name === '') throw new MongoError(MongoCode.FailedToParse, 'empty variable names are not allowed');
  if (name === 'CURRENT') return;
  const first = name.charCodeAt(0);
  if (!((first >= 0x61 && first <= 0x7a) || first >= 0x80))
    throw new MongoError(
      MongoCode.FailedToParse,
      `'${name}' starts with an invalid character for a user variable name`,
    );
  for (const character of name)
    if (character < '\u0080' && !/[a-zA-Z0-9_]/.test(character))
      throw new MongoError(
        MongoCode.FailedToParse,
        `'${name}' contains an invalid character for a variable name: '${character}'`,
      );
}
