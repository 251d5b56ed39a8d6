// Running a write command within its session: whether it is a retryable write, and which statements of it were
// done by an earlier try. See `sessions.ts`.

import { hexOf } from '../../model/bytes.ts';
import { BsonType } from '../../model/bson/types.ts';
import { Raw, fieldOf } from '../../model/bson/walk.ts';
import { integerOf } from './bson-input.ts';
import { ownerOf, type Call } from './call.ts';
import { badValue, MongoCode, MongoError } from './errors.ts';
import type { Outcome } from './sessions.ts';

/** How a command's statements are remembered; for a write that is not retryable, not at all. */
export interface Statements {
  recall(index: number): Outcome | undefined;
  record(index: number, outcome: Outcome): void;
}

const forgetful: Statements = { recall: () => undefined, record: () => undefined };

/** Name of the session of a command, or undefined when it has none. */
export function sessionOf(call: Call): string | undefined {
  const lsid = call.args.object('lsid');
  return lsid === undefined ? undefined : sessionName(ownerOf(call), lsid);
}

/** Name of a session given as `{ id: UUID }`. */
export function sessionName(owner: string, lsid: Raw): string {
  const id = fieldOf(lsid.slice(), 'id');
  if (id === undefined) throw new MongoError(40414, "BSON field 'lsid.id' is missing but a required field");
  if (id.type !== BsonType.binary) throw new MongoError(MongoCode.TypeMismatch, "BSON field 'lsid.id' is not a UUID");
  if (id.end - id.start !== 21) throw new MongoError(207, 'uuid must be a 16-byte binary field with UUID (4) subtype');
  return `${owner}/${hexOf(id.bytes, id.start + 5, id.end)}`;
}

/** Runs a write with the memory of its session. */
export async function withRetries<T>(call: Call, run: (statements: Statements) => Promise<T>): Promise<T> {
  const { args } = call;
  if (!args.has('txnNumber')) return run(forgetful);
  const session = sessionOf(call);
  if (session === undefined)
    throw new MongoError(MongoCode.InvalidOptions, 'Transaction number requires a session ID to also be specified');
  const number = args.long('txnNumber')!;
  if (number < 0n) throw new MongoError(MongoCode.InvalidOptions, 'Transaction number cannot be negative');
  const statementOf = statementIds(call);
  const attempt = await call.shared.sessions.begin(session, number);
  try {
    return await run({
      recall: (index) => attempt.recall(statementOf(index)),
      record: (index, outcome) => attempt.record(statementOf(index), outcome),
    });
  } finally {
    attempt.end();
  }
}

/** Number of each statement within its transaction: given one by one, or rising from the first. */
function statementIds({ args }: Call): (index: number) => number {
  const each = args.array('stmtIds');
  if (each !== undefined) {
    const ids = each.map((value) => Number(integerOf(value) ?? badStatement()));
    return (index) => ids[index] ?? badStatement();
  }
  const first = Number(args.long('stmtId') ?? 0n);
  return (index) => first + index;
}

function badStatement(): never {
  throw badValue('a statement id must be an integer, one for each statement');
}

/** Bytes of their own for what is kept after the request. */
export function ownBytes(value: Raw): Raw {
  return new Raw(value.bytes.slice(value.start, value.end), value.type, 0, value.end - value.start);
}
