// What each error is in the Azure Cosmos DB REST protocol: HTTP status, substatus, code word, and the phrase
// by which clients and their tests know it (docs: "HTTP status codes for Azure Cosmos DB").
// Status numbers of failures stand in no other file of this door.

import type { DatabaseError, ErrorCode } from '../../model/errors.ts';

export interface CosmosError {
  readonly status: number;
  /** 0: no x-ms-substatus header. */
  readonly substatus: number;
  /** `code` of the body. */
  readonly word: string;
  /** Begins the message where the service has a fixed phrase; else the error's own words stand alone. */
  readonly phrase?: string | undefined;
}

/** 404 for something inside a database or container that is itself missing. */
export const ownerMissing = 1003;

/** 400 for a partition key that is not the item's, or not one of the container at all. */
export const partitionKeyMismatch = 1001;

/** 400 for a name under which the client knew another container: it reads the container's definition again. */
export const containerRidMismatch = 1024;

/** 400 for a script that threw an error without a number of its own. */
export const scriptFailed = 400;

const badRequest: CosmosError = { status: 400, substatus: 0, word: 'BadRequest' };

const missing: CosmosError = {
  status: 404,
  substatus: 0,
  word: 'NotFound',
  phrase: 'Entity with the specified id does not exist in the system.',
};

const exists: CosmosError = {
  status: 409,
  substatus: 0,
  word: 'Conflict',
  phrase: 'Entity with the specified id already exists in the system.',
};

const tooLarge: CosmosError = {
  status: 413,
  substatus: 0,
  word: 'RequestEntityTooLarge',
  phrase: 'Request size is too large',
};

export const cosmosErrors = {
  BadRequest: badRequest,
  Unauthorized: { status: 401, substatus: 0, word: 'Unauthorized' },
  Forbidden: { status: 403, substatus: 0, word: 'Forbidden' },
  NotSupported: { status: 501, substatus: 0, word: 'NotImplemented' },
  DatabaseNotFound: missing,
  ContainerNotFound: missing,
  ItemNotFound: missing,
  ResourceNotFound: missing,
  DatabaseExists: exists,
  ContainerExists: exists,
  ResourceExists: exists,
  ItemExists: exists,
  UniqueKeyViolation: {
    status: 409,
    substatus: 1006,
    word: 'Conflict',
    phrase: 'Unique index constraint violation.',
  },
  PreconditionFailed: {
    status: 412,
    substatus: 0,
    word: 'PreconditionFailed',
    phrase: 'Operation cannot be performed because one of the specified precondition is not met.',
  },
  NotModified: { status: 304, substatus: 0, word: 'NotModified' },
  PartitionKeyMismatch: {
    status: 400,
    substatus: partitionKeyMismatch,
    word: 'BadRequest',
    phrase: "PartitionKey extracted from document doesn't match the one specified in the header.",
  },
  ImmutableField: badRequest,
  TooLarge: tooLarge,
  TooDeep: badRequest,
  RetryWith: {
    status: 449,
    substatus: 0,
    word: 'RetryWith',
    phrase: 'Conflicting request to resource has been attempted. Retry to avoid conflicts.',
  },
  ScriptFailed: { status: 400, substatus: scriptFailed, word: 'BadRequest' },
  ScriptTimeout: { status: 408, substatus: 0, word: 'RequestTimeout' },
  TooManyRequests: { status: 429, substatus: 3200, word: 'TooManyRequests', phrase: 'Request rate is large.' },
  PartitionGone: {
    status: 410,
    substatus: 1002,
    word: 'Gone',
    phrase: 'The requested resource is no longer available at the server.',
  },
  InvalidContinuation: badRequest,
  HistoryLost: badRequest,
  CursorNotFound: badRequest,
  SessionNotAvailable: {
    status: 404,
    substatus: 1002,
    word: 'NotFound',
    phrase: 'The read session is not available for the input session token.',
  },
  NotLeader: { status: 503, substatus: 21008, word: 'ServiceUnavailable' },
  // 408 tells clients that the outcome of a write is unknown: they do not repeat what is not idempotent.
  OutcomeUnknown: { status: 408, substatus: 0, word: 'RequestTimeout' },
  StorageFull: { status: 503, substatus: 0, word: 'ServiceUnavailable' },
  Unavailable: { status: 503, substatus: 0, word: 'ServiceUnavailable' },
  Cancelled: { status: 408, substatus: 0, word: 'RequestTimeout' },
  Internal: { status: 500, substatus: 0, word: 'InternalServerError' },
} as const satisfies Record<ErrorCode, CosmosError>;

/** How long a client should wait after 429 when the error does not say. */
const retryAfterMsDefault = 100;

export function cosmosErrorOf(error: DatabaseError): CosmosError {
  return cosmosErrors[error.code];
}

/** x-ms-retry-after-ms, for the errors that carry it. */
export function retryAfterMsOf(error: DatabaseError): number | undefined {
  if (error.code !== 'TooManyRequests') return undefined;
  const given = error.details?.['retryAfterMs'];
  return typeof given === 'number' ? given : retryAfterMsDefault;
}

export function messageOf(error: DatabaseError, activityId: string): string {
  const { phrase } = cosmosErrorOf(error) as CosmosError;
  const words = phrase === undefined ? error.message : `${phrase} Reason: ${error.message}`;
  return `${words}\r\nActivityId: ${activityId}`;
}

/** The JSON body of a failed request. */
export function errorBody(error: DatabaseError, activityId: string): Buffer {
  const body: Record<string, unknown> = { code: cosmosErrorOf(error).word, message: messageOf(error, activityId) };
  const additional = error.details?.['additionalErrorInfo'];
  if (typeof additional === 'string') body['additionalErrorInfo'] = additional;
  return Buffer.from(JSON.stringify(body));
}
