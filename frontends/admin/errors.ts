// Errors of the admin door: JSON with the code, a message and the activity id that the log carries too.

import type { DatabaseError, ErrorCode } from '../../model/errors.ts';
import type { AdminAnswer } from './surface.ts';

const statuses = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotSupported: 501,
  DatabaseNotFound: 404,
  ContainerNotFound: 404,
  ItemNotFound: 404,
  ResourceNotFound: 404,
  DatabaseExists: 409,
  ContainerExists: 409,
  ResourceExists: 409,
  ItemExists: 409,
  UniqueKeyViolation: 409,
  PreconditionFailed: 412,
  NotModified: 304,
  PartitionKeyMismatch: 400,
  ImmutableField: 400,
  TooLarge: 413,
  TooDeep: 400,
  RetryWith: 409,
  ScriptFailed: 400,
  ScriptTimeout: 408,
  TooManyRequests: 429,
  PartitionGone: 410,
  InvalidContinuation: 400,
  HistoryLost: 410,
  CursorNotFound: 404,
  SessionNotAvailable: 503,
  NotLeader: 503,
  OutcomeUnknown: 503,
  StorageFull: 507,
  Unavailable: 503,
  Cancelled: 499,
  Internal: 500,
} as const satisfies Record<ErrorCode, number>;

export function answerOfError(error: DatabaseError, activityId: string): AdminAnswer {
  const { code, message, argument } = error;
  return { status: statuses[code], body: { error: { code, message, argument, activityId } } };
}
