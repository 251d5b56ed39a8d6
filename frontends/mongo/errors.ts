// What goes wrong, in MongoDB's words: numeric code, code name, labels. One table maps our own closed list of
// errors to theirs. Codes without a name of their own are told as `Location<code>`, as MongoDB does.
// Source: MongoDB manual, "Error Codes", and the driver specifications (retryable writes, transactions).

import { DatabaseError, type ErrorCode } from '../../model/errors.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { violationOf, type UniqueViolation } from '../../core/unique.ts';
import { keyText } from './key-text.ts';

export const MongoCode = {
  InternalError: 1,
  BadValue: 2,
  NoSuchKey: 4,
  Unauthorized: 13,
  FailedToParse: 9,
  UserNotFound: 11,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  ProtocolError: 17,
  AuthenticationFailed: 18,
  IllegalOperation: 20,
  InvalidBSON: 22,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  CursorInUse: 12051,
  NoMatchingDocument: 47,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  NotSingleValueField: 54,
  EmptyFieldName: 56,
  DottedFieldName: 57,
  CommandNotFound: 59,
  WriteConcernTimeout: 64,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  UnknownReplWriteConcern: 79,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  ShutdownInProgress: 91,
  OperationFailed: 96,
  CannotSatisfyWriteConcern: 100,
  WriteConflict: 112,
  CommandNotSupported: 115,
  DocumentValidationFailure: 121,
  CappedPositionLost: 136,
  JSInterpreterFailure: 139,
  ExceededMemoryLimit: 146,
  CommandNotSupportedOnView: 166,
  InvalidPipelineOperator: 168,
  QueryPlanKilled: 175,
  AmbiguousIndexKeyPattern: 181,
  InvalidIndexSpecificationOption: 197,
  IllegalOpMsgFlag: 223,
  TransactionTooOld: 225,
  NoSuchTransaction: 251,
  NotImplemented: 238,
  ConversionFailure: 241,
  SnapshotUnavailable: 246,
  OperationNotSupportedInTransaction: 263,
  ChangeStreamHistoryLost: 286,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  APIVersionError: 322,
  MechanismUnavailable: 334,
  UnsupportedOpQueryCommand: 352,
  StaleConfig: 13388,
  NotWritablePrimary: 10107,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  Interrupted: 11601,
  OutOfDiskSpace: 14031,
  RequestRateTooLarge: 16500,
} as const;

const codeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(MongoCode).map(([name, code]) => [code, name] as const),
);

export function codeNameOf(code: number): string {
  return codeNames.get(code) ?? `Location${code}`;
}

/** An error a client sees as `{ ok: 0, code, codeName, errmsg }`. */
export class MongoError extends Error {
  readonly code: number;
  readonly labels: readonly string[];
  /** Further fields of the reply, already BSON: for instance keyPattern and keyValue of a duplicate key. */
  readonly details: Uint8Array | undefined;

  constructor(code: number, message: string, labels: readonly string[] = [], details?: Uint8Array | undefined) {
    super(message);
    this.name = 'MongoError';
    this.code = code;
    this.labels = labels;
    this.details = details;
  }
}

/** The error told with what was being done; only MongoDB's own errors are. */
export function inContext(words: string, error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  return new MongoError(error.code, `${words} :: caused by :: ${error.message}`, error.labels, error.details);
}

export function badValue(message: string): MongoError {
  return new MongoError(MongoCode.BadValue, message);
}

export function failedToParse(message: string): MongoError {
  return new MongoError(MongoCode.FailedToParse, message);
}

export function typeMismatch(message: string): MongoError {
  return new MongoError(MongoCode.TypeMismatch, message);
}

/**
 * Bytes that are no request. The connection closes after it, unless `closes` is false: then the frame was whole
 * and only its content is refused. `requestId` is known when a reply can still say why.
 */
export class ProtocolError extends Error {
  readonly code: number;
  readonly requestId: number | undefined;
  readonly closes: boolean;

  constructor(
    message: string,
    extra: {
      readonly code?: number | undefined;
      readonly requestId?: number | undefined;
      readonly closes?: boolean | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'ProtocolError';
    this.code = extra.code ?? MongoCode.ProtocolError;
    this.requestId = extra.requestId;
    this.closes = extra.closes ?? true;
  }
}

const retryableWrite = ['RetryableWriteError'] as const;

/** Every error of the core, as MongoDB would say it. */
const codes = {
  BadRequest: { code: MongoCode.BadValue, labels: [] },
  Unauthorized: { code: MongoCode.AuthenticationFailed, labels: [] },
  Forbidden: { code: MongoCode.Unauthorized, labels: [] },
  NotSupported: { code: MongoCode.NotImplemented, labels: [] },
  DatabaseNotFound: { code: MongoCode.NamespaceNotFound, labels: [] },
  ContainerNotFound: { code: MongoCode.NamespaceNotFound, labels: [] },
  ItemNotFound: { code: MongoCode.NoMatchingDocument, labels: [] },
  ResourceNotFound: { code: MongoCode.NamespaceNotFound, labels: [] },
  DatabaseExists: { code: MongoCode.NamespaceExists, labels: [] },
  ContainerExists: { code: MongoCode.NamespaceExists, labels: [] },
  ResourceExists: { code: MongoCode.NamespaceExists, labels: [] },
  ItemExists: { code: MongoCode.DuplicateKey, labels: [] },
  UniqueKeyViolation: { code: MongoCode.DuplicateKey, labels: [] },
  PreconditionFailed: { code: MongoCode.WriteConflict, labels: [] },
  NotModified: { code: MongoCode.WriteConflict, labels: [] },
  PartitionKeyMismatch: { code: MongoCode.ImmutableField, labels: [] },
  ImmutableField: { code: MongoCode.ImmutableField, labels: [] },
  TooLarge: { code: MongoCode.BSONObjectTooLarge, labels: [] },
  TooDeep: { code: MongoCode.Overflow, labels: [] },
  RetryWith: { code: MongoCode.WriteConflict, labels: [] },
  ScriptFailed: { code: MongoCode.JSInterpreterFailure, labels: [] },
  ScriptTimeout: { code: MongoCode.MaxTimeMSExpired, labels: [] },
  TooManyRequests: { code: MongoCode.RequestRateTooLarge, labels: [] },
  PartitionGone: { code: MongoCode.StaleConfig, labels: [] },
  InvalidContinuation: { code: MongoCode.CursorNotFound, labels: [] },
  HistoryLost: { code: MongoCode.ChangeStreamHistoryLost, labels: ['NonResumableChangeStreamError'] },
  CursorNotFound: { code: MongoCode.CursorNotFound, labels: [] },
  SessionNotAvailable: { code: MongoCode.SnapshotUnavailable, labels: [] },
  NotLeader: { code: MongoCode.NotWritablePrimary, labels: retryableWrite },
  OutcomeUnknown: { code: MongoCode.WriteConcernTimeout, labels: retryableWrite },
  StorageFull: { code: MongoCode.OutOfDiskSpace, labels: [] },
  Unavailable: { code: MongoCode.ShutdownInProgress, labels: retryableWrite },
  Cancelled: { code: MongoCode.Interrupted, labels: [] },
  Internal: { code: MongoCode.InternalError, labels: [] },
} as const satisfies Record<ErrorCode, { readonly code: number; readonly labels: readonly string[] }>;

/** The error of a key that another document holds; with pattern and value of the key, which are the writer's own. */
export function duplicateKey({ container, name, entries }: UniqueViolation): MongoError {
  const writer = new BsonWriter().beginDocument().beginObject('keyPattern');
  for (const { path, direction } of entries) writer.int32(path, direction);
  writer.end().beginObject('keyValue');
  for (const { path, value } of entries) writer.raw(path, value);
  const key = entries.map(({ path, value }) => `${path}: ${keyText(value)}`).join(', ');
  return new MongoError(
    MongoCode.DuplicateKey,
    `E11000 duplicate key error collection: ${container} index: ${name} dup key: { ${key} }`,
    [],
    writer.end().end().finish(),
  );
}

/** As Azure Cosmos DB for MongoDB words it: clients read the wait out of the text. */
function rateText(error: DatabaseError): string {
  const retryAfterMs = error.details?.['retryAfterMs'];
  const wait = typeof retryAfterMs === 'number' ? retryAfterMs : retryAfterMsDefault;
  return `Error=${MongoCode.RequestRateTooLarge}, RetryAfterMs=${wait}, Details='${error.message}'`;
}

/** Milliseconds told when the error does not say. */
const retryAfterMsDefault = 100;

/** Any thrown value as MongoDB's error. A fault of ours tells nothing of its inside. */
export function mongoErrorOf(error: unknown): MongoError {
  if (error instanceof MongoError) return error;
  if (error instanceof ProtocolError) return new MongoError(error.code, error.message);
  if (error instanceof DatabaseError) {
    if (error.cause instanceof MongoError || error.cause instanceof ProtocolError) return mongoErrorOf(error.cause);
    const violation = violationOf(error);
    if (violation !== undefined) return duplicateKey(violation);
    const { code, labels } = codes[error.code];
    return new MongoError(code, error.code === 'TooManyRequests' ? rateText(error) : error.message, labels);
  }
  return new MongoError(MongoCode.InternalError, 'internal error');
}

/** Codes that say the same in both lists; the others are the caller's mistakes. */
const codesOfMongo: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [MongoCode.Unauthorized, 'Forbidden'],
  [MongoCode.AuthenticationFailed, 'Unauthorized'],
  [MongoCode.CommandNotFound, 'NotSupported'],
  [MongoCode.CommandNotSupported, 'NotSupported'],
  [MongoCode.NotImplemented, 'NotSupported'],
  [MongoCode.NamespaceNotFound, 'ContainerNotFound'],
  [MongoCode.NamespaceExists, 'ContainerExists'],
  [MongoCode.CursorNotFound, 'CursorNotFound'],
  [MongoCode.DuplicateKey, 'ItemExists'],
  [MongoCode.ImmutableField, 'ImmutableField'],
  [MongoCode.BSONObjectTooLarge, 'TooLarge'],
]);

/** MongoDB's error in the terms of the core, which carry it: `mongoErrorOf` gives it back. */
export function databaseErrorOf(error: MongoError | ProtocolError): DatabaseError {
  return new DatabaseError(codesOfMongo.get(error.code) ?? 'BadRequest', error.message, { cause: error });
}

/** Appends an error's fields to an open document: of a reply, or of one entry of writeErrors. */
export function writeError(writer: BsonWriter, error: MongoError): void {
  writer.string('errmsg', error.message);
  writer.int32('code', error.code);
  writer.string('codeName', codeNameOf(error.code));
  if (error.labels.length > 0) {
    writer.beginArray('errorLabels');
    for (const label of error.labels) writer.string('', label);
    writer.end();
  }
  if (error.details !== undefined) writer.span(error.details, 4, error.details.length - 1);
}
