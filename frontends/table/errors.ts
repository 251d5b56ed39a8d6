// What each error is in the Table service: HTTP status, code word, and the sentence by which clients and their tests
// know it (docs: "Table Service Error Codes", "Common REST API Error Codes", "Status and error codes" of OData; where
// the service says more than these, as recorded answers have it: tests of azure-sdk-for-python, llama_index issue 15258).
// Status numbers of failures stand in no other file of this door.

import { DatabaseError, type ErrorCode } from '../../model/errors.ts';

export interface TableError {
  readonly status: number;
  /** `code` of the body and of `x-ms-error-code`. */
  readonly word: string;
  /** Absent: the error's own words. */
  readonly sentence?: string | undefined;
}

/** Refusals that the service tells apart and core does not: `refuse(…)` throws them under one of core's codes. */
export const refusals = {
  /** Of Cosmos DB alone. */
  BadRequest: { status: 400, code: 'BadRequest', sentence: 'The input name is invalid.' },
  InvalidInput: { status: 400, code: 'BadRequest', sentence: 'One of the request inputs is not valid.' },
  InvalidUri: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The requested URI does not represent any resource on the server.',
  },
  InvalidHeaderValue: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The value for one of the HTTP headers is not in the correct format.',
  },
  InvalidQueryParameterValue: {
    status: 400,
    code: 'BadRequest',
    sentence: 'Value for one of the query parameters specified in the request URI is invalid.',
  },
  OutOfRangeInput: {
    status: 400,
    code: 'BadRequest',
    sentence: 'One of the request inputs is out of range.',
  },
  InvalidResourceName: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The specified resource name contains invalid characters.',
  },
  InvalidValueType: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The value specified is invalid for its type.',
  },
  PropertiesNeedValue: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The values are not specified for all properties in the entity.',
  },
  PropertyNameInvalid: { status: 400, code: 'BadRequest', sentence: 'The property name is invalid.' },
  PropertyNameTooLong: {
    status: 400,
    code: 'TooLarge',
    sentence: 'The property name exceeds the maximum allowed length (255).',
  },
  PropertyValueTooLarge: {
    status: 400,
    code: 'TooLarge',
    sentence:
      'The property value exceeds the maximum allowed size (64KB). If the property value is a string, it is UTF-16 ' +
      'encoded and the maximum number of characters should be 32K or less.',
  },
  KeyValueTooLarge: {
    status: 400,
    code: 'TooLarge',
    sentence: 'The key value exceeds the maximum allowed size (1KB).',
  },
  TooManyProperties: {
    status: 400,
    code: 'TooLarge',
    sentence:
      'The entity contains more properties than allowed. Each entity can include up to 252 properties to store data. ' +
      'Each entity also has 3 system properties.',
  },
  DuplicatePropertiesSpecified: {
    status: 400,
    code: 'BadRequest',
    sentence: 'A property is specified more than one time.',
  },
  EntityTooLarge: {
    status: 400,
    code: 'TooLarge',
    sentence: 'The entity is larger than the maximum allowed size (1MB).',
  },
  RequestBodyTooLarge: {
    status: 413,
    code: 'TooLarge',
    sentence: 'The request body is too large and exceeds the maximum permissible limit.',
  },
  ContentLengthExceeded: {
    status: 400,
    code: 'TooLarge',
    sentence: 'The content length for the requested operation has exceeded the limit.',
  },
  CommandsInBatchActOnDifferentPartitions: {
    status: 400,
    code: 'BadRequest',
    sentence: 'All commands in a batch must operate on same entity group.',
  },
  InvalidDuplicateRow: {
    status: 400,
    code: 'BadRequest',
    sentence:
      'The batch request contains multiple changes with same row key. An entity can appear only once in a batch request.',
  },
  XMethodNotUsingPost: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The request uses X-HTTP-Method with an HTTP verb other than POST.',
  },
  XMethodIncorrectValue: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The specified X-HTTP-Method is invalid.',
  },
  XMethodIncorrectCount: {
    status: 400,
    code: 'BadRequest',
    sentence: 'More than one X-HTTP-Method is specified.',
  },
  JsonFormatNotSupported: { status: 415, code: 'NotSupported', sentence: 'JSON format is not supported.' },
  MediaTypeNotSupported: {
    status: 415,
    code: 'NotSupported',
    sentence: 'None of the provided media types are supported',
  },
  MethodNotAllowed: {
    status: 405,
    code: 'NotSupported',
    sentence: 'The requested method is not allowed on the specified resource.',
  },
  NotImplemented: {
    status: 501,
    code: 'NotSupported',
    sentence: 'The requested operation is not implemented on the specified resource.',
  },
  UnsupportedHttpVerb: {
    status: 405,
    code: 'NotSupported',
    sentence: 'The resource does not support the specified HTTP verb.',
  },
  InvalidXmlDocument: { status: 400, code: 'BadRequest', sentence: 'XML specified is not syntactically valid.' },
  UnsupportedXmlNode: {
    status: 400,
    code: 'BadRequest',
    sentence: 'One of the XML nodes specified in the request body is not supported.',
  },
  MissingRequiredXmlNode: {
    status: 400,
    code: 'BadRequest',
    sentence: "An XML node that's required is not specified in the request body.",
  },
  InvalidXmlNodeValue: {
    status: 400,
    code: 'BadRequest',
    sentence: 'The value for one of the XML nodes is not in the correct format.',
  },
  MissingRequiredHeader: {
    status: 400,
    code: 'BadRequest',
    sentence: "An HTTP header that's mandatory for this request is not specified.",
  },
  ResourceNotFound: { status: 404, code: 'ResourceNotFound', sentence: 'The specified resource does not exist.' },
  AccountNotFound: { status: 404, code: 'ResourceNotFound', sentence: 'The specified account does not exist.' },
  InvalidAuthenticationInfo: {
    status: 400,
    code: 'Unauthorized',
    sentence: 'Authentication information is not given in the correct format. Check the value of Authorization header.',
  },
  NoAuthenticationInformation: {
    status: 401,
    code: 'Unauthorized',
    sentence:
      'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
  },
  /** A bearer token that is not taken goes by the same word as a malformed header, under the status of a challenge. */
  InvalidBearerToken: {
    status: 401,
    code: 'Unauthorized',
    word: 'InvalidAuthenticationInfo',
    sentence:
      'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
  },
  AuthenticationFailed: {
    status: 403,
    code: 'Unauthorized',
    sentence:
      'Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly ' +
      'including the signature.',
  },
  AuthorizationFailure: {
    status: 403,
    code: 'Forbidden',
    sentence: 'This request is not authorized to perform this operation.',
  },
  AuthorizationPermissionMismatch: {
    status: 403,
    code: 'Forbidden',
    sentence: 'This request is not authorized to perform this operation using this permission.',
  },
  AuthorizationResourceTypeMismatch: {
    status: 403,
    code: 'Forbidden',
    sentence: 'This request is not authorized to perform this operation using this resource type.',
  },
  AuthorizationServiceMismatch: {
    status: 403,
    code: 'Forbidden',
    sentence: 'This request is not authorized to perform this operation using this service.',
  },
  AuthorizationProtocolMismatch: {
    status: 403,
    code: 'Forbidden',
    sentence: 'This request is not authorized to perform this operation using this protocol.',
  },
  AuthorizationSourceIPMismatch: {
    status: 403,
    code: 'Forbidden',
    sentence: 'This request is not authorized to perform this operation using this source IP.',
  },
  WriteOnSecondary: {
    status: 403,
    code: 'Forbidden',
    word: 'InsufficientAccountPermissions',
    sentence: 'Write operations are not allowed.',
  },
  CorsPreflightFailure: {
    status: 403,
    code: 'Forbidden',
    sentence:
      'CORS not enabled or no matching rule found for this request. Please refer to the service property documentation.',
  },
} as const satisfies Record<string, TableRefusal>;

interface TableRefusal {
  readonly status: number;
  readonly code: ErrorCode;
  /** Absent: its own name. */
  readonly word?: string | undefined;
  readonly sentence: string;
}

export type RefusalWord = keyof typeof refusals;

/**
 * The service's own refusal. `argument` names the input at fault for logs and tests; `sentence` takes the place of the
 * service's usual one; `headers` are told by `failureHeaders`.
 */
export function refusal(
  word: RefusalWord,
  argument?: string,
  sentence?: string,
  headers?: readonly string[],
): DatabaseError {
  const { code, sentence: usual } = refusals[word];
  return new DatabaseError(code, sentence ?? usual, { argument, details: { tableError: word, headers } });
}

/** Headers of the answer that a refusal brings beside the common ones, names and values in turn: a challenge. */
export function failureHeaders(error: DatabaseError): readonly string[] {
  const headers = error.details?.['headers'];
  return Array.isArray(headers) ? (headers as readonly string[]) : [];
}

const tableErrors = {
  BadRequest: { status: 400, word: 'InvalidInput' },
  Unauthorized: { status: 403, word: 'AuthenticationFailed', sentence: refusals.AuthenticationFailed.sentence },
  Forbidden: { status: 403, word: 'AuthorizationFailure', sentence: refusals.AuthorizationFailure.sentence },
  NotSupported: { status: 501, word: 'NotImplemented' },
  DatabaseNotFound: { status: 404, word: 'TableNotFound', sentence: 'The table specified does not exist.' },
  ContainerNotFound: { status: 404, word: 'TableNotFound', sentence: 'The table specified does not exist.' },
  ItemNotFound: { status: 404, word: 'ResourceNotFound', sentence: refusals.ResourceNotFound.sentence },
  ResourceNotFound: { status: 404, word: 'ResourceNotFound', sentence: refusals.ResourceNotFound.sentence },
  DatabaseExists: { status: 409, word: 'TableAlreadyExists', sentence: 'The table specified already exists.' },
  ContainerExists: { status: 409, word: 'TableAlreadyExists', sentence: 'The table specified already exists.' },
  ResourceExists: { status: 409, word: 'EntityAlreadyExists', sentence: 'The specified entity already exists.' },
  ItemExists: { status: 409, word: 'EntityAlreadyExists', sentence: 'The specified entity already exists.' },
  UniqueKeyViolation: { status: 409, word: 'EntityAlreadyExists' },
  PreconditionFailed: {
    status: 412,
    word: 'UpdateConditionNotSatisfied',
    sentence: 'The update condition specified in the request was not satisfied.',
  },
  NotModified: {
    status: 304,
    word: 'ConditionNotMet',
    sentence: 'The condition specified in the request was not met.',
  },
  PartitionKeyMismatch: { status: 400, word: 'InvalidInput' },
  ImmutableField: { status: 400, word: 'InvalidInput' },
  TooLarge: { status: 400, word: 'EntityTooLarge', sentence: refusals.EntityTooLarge.sentence },
  TooDeep: { status: 400, word: 'InvalidInput' },
  RetryWith: { status: 503, word: 'ServerBusy' },
  ScriptFailed: { status: 400, word: 'InvalidInput' },
  ScriptTimeout: { status: 500, word: 'OperationTimedOut' },
  TooManyRequests: {
    status: 503,
    word: 'ServerBusy',
    sentence: 'The server is currently unable to receive requests. Please retry your request.',
  },
  PartitionGone: { status: 503, word: 'ServerBusy' },
  InvalidContinuation: { status: 400, word: 'InvalidInput' },
  HistoryLost: { status: 400, word: 'InvalidInput' },
  CursorNotFound: { status: 400, word: 'InvalidInput' },
  SessionNotAvailable: { status: 503, word: 'ServerBusy' },
  NotLeader: { status: 503, word: 'ServerBusy' },
  // 500 OperationTimedOut tells clients that the outcome of a write is unknown.
  OutcomeUnknown: {
    status: 500,
    word: 'OperationTimedOut',
    sentence:
      'The operation could not be completed within the permitted time. It may or may not have happened on the server.',
  },
  StorageFull: { status: 503, word: 'ServerBusy' },
  Unavailable: { status: 503, word: 'ServerBusy' },
  Cancelled: { status: 500, word: 'OperationTimedOut' },
  Internal: {
    status: 500,
    word: 'InternalError',
    sentence: 'The server encountered an internal error. Please retry the request.',
  },
} as const satisfies Record<ErrorCode, TableError>;

function isRefusalWord(word: unknown): word is RefusalWord {
  return typeof word === 'string' && Object.hasOwn(refusals, word);
}

export function tableErrorOf(error: DatabaseError): TableError {
  const word = error.details?.['tableError'];
  if (!isRefusalWord(word)) return tableErrors[error.code];
  const { status, word: told }: TableRefusal = refusals[word];
  return { status, word: told ?? word };
}

/** The failure of one operation of an entity group transaction: its sentence begins with the operation's number. */
export function failureAt(index: number, { code, message, argument, offset, details }: DatabaseError): DatabaseError {
  return new DatabaseError(code, message, { argument, offset, details: { ...details, tableOperation: index } });
}

/** The sentence that the body tells, before request id and time. */
export function sentenceOf(error: DatabaseError): string {
  const sentence = tableErrorOf(error).sentence ?? error.message;
  const index = error.details?.['tableOperation'];
  return typeof index === 'number' ? `${index}:${sentence}` : sentence;
}
