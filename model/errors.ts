// The closed list of what can go wrong for a caller. Every door maps each code to its own status and
// words with `satisfies Record<ErrorCode, …>`, so a new code does not compile until every door answers it.
// Messages name the argument at fault and never carry stored data.

export const errorCodes = {
  BadRequest: 'the request is malformed or an argument is out of range',
  Unauthorized: 'no or wrong credentials',
  Forbidden: 'the credentials do not allow this',
  NotSupported: 'a known feature that this server does not offer',
  DatabaseNotFound: 'no such database',
  ContainerNotFound: 'no such container',
  ItemNotFound: 'no such item',
  ResourceNotFound: 'no such resource of another kind',
  DatabaseExists: 'a database of that name exists',
  ContainerExists: 'a container of that name exists',
  ResourceExists: 'a resource of another kind with that id exists',
  ItemExists: 'an item of that identity exists',
  UniqueKeyViolation: 'another item holds the same unique key',
  PreconditionFailed: 'the ETag or predicate condition does not hold',
  NotModified: 'the item still has the version the caller named',
  PartitionKeyMismatch: 'the partition key given differs from the one in the item',
  ImmutableField: 'identity or partition key of an item cannot change',
  TooLarge: 'the item or request exceeds its size limit',
  TooDeep: 'nesting exceeds its limit',
  RetryWith: 'what a transaction read was written meanwhile, again and again',
  ScriptFailed: 'a script of the user threw, or is none',
  ScriptTimeout: 'a script of the user ran for longer than it may',
  TooManyRequests: 'throughput is used up for now',
  PartitionGone: 'the partition was split or merged: resolve the ranges again',
  InvalidContinuation: 'the continuation does not belong to this query',
  HistoryLost: 'the changes asked for are older than the history that is kept',
  CursorNotFound: 'the cursor is unknown or has timed out',
  SessionNotAvailable: 'this replica has not reached the session token',
  NotLeader: 'another node writes this log group now',
  OutcomeUnknown: 'the log did not say whether the write happened',
  StorageFull: 'the disk is full: writes are refused, reads live',
  Unavailable: 'the server is starting, stopping or overloaded',
  Cancelled: 'the caller went away',
  Internal: 'a fault of the server',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The one error that crosses module boundaries. `argument` names the input at fault; `offset` its byte, where known. */
export class DatabaseError extends Error {
  readonly code: ErrorCode;
  readonly argument: string | undefined;
  readonly offset: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    extra: {
      readonly argument?: string | undefined;
      readonly offset?: number | undefined;
      readonly details?: Readonly<Record<string, unknown>> | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'DatabaseError';
    this.code = code;
    this.argument = extra.argument;
    this.offset = extra.offset;
    this.details = extra.details;
  }
}

export function badRequest(message: string, argument?: string, offset?: number): DatabaseError {
  return new DatabaseError('BadRequest', message, { argument, offset });
}

/** What cannot happen. A failure here is a defect of ours, never of the input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
