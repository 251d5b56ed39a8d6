// From an operation's answer to HTTP: the headers that every answer of the service has, and its failures in JSON or in
// XML. Sources: "Status and error codes", "Common REST API error codes" (Azure Storage REST reference), OData v3
// "error response".

import { randomUUID } from 'node:crypto';
import type { DatabaseError } from '../../model/errors.ts';
import type { HttpAnswer } from '../http-exchange.ts';
import type { Answer } from './answer.ts';
import { failureHeaders, sentenceOf, tableErrorOf } from './errors.ts';
import { wantsXml } from './format.ts';
import { headerOf, type TableRequest } from './request.ts';

/** What clients are told whose request names no version: the first that takes JSON alone. */
const versionDefault = '2019-02-02';

/** Versions are dates. */
const versionForm = /^\d{4}-\d\d-\d\d$/;

/** Ids that clients give their requests, to find them in their logs. Longer ones are not repeated. */
const clientIdForm = /^[\x20-\x7e]{1,1024}$/;

type Headers = Pick<TableRequest, 'headers'>;

/** `extra`: further names and values. `requestId`: what the body has told already, else a new one. */
export function encode(
  answer: Answer,
  request: Headers | undefined,
  extra: readonly string[] = [],
  requestId: string = answer.requestId ?? randomUUID(),
): HttpAnswer {
  const { status, body } = answer;
  const version = request === undefined ? undefined : headerOf(request, 'x-ms-version');
  const headers = [
    'Cache-Control',
    'no-cache',
    'x-ms-request-id',
    requestId,
    'x-ms-version',
    version !== undefined && versionForm.test(version) ? version : versionDefault,
    'X-Content-Type-Options',
    'nosniff',
    ...answer.headers,
    ...extra,
  ];
  const clientId = request === undefined ? undefined : headerOf(request, 'x-ms-client-request-id');
  if (clientId !== undefined && clientIdForm.test(clientId)) headers.push('x-ms-client-request-id', clientId);
  if (status !== 204 && status !== 304) headers.push('Content-Length', String(body?.length ?? 0));
  return { status, headers, body };
}

interface Failed {
  readonly headers: TableRequest['headers'];
  /** Undefined: nobody knows what was asked for. */
  readonly row?: TableRequest['row'] | undefined;
}

/** The service's own error. Operations on properties and access policies speak XML, all others as the client asks. */
export function encodeFailure(error: DatabaseError, request: Failed | undefined, requestId: string): Answer {
  const { status, word } = tableErrorOf(error);
  const headers = ['x-ms-error-code', word];
  if (status === 304) return { status, headers, body: undefined };
  const message = `${sentenceOf(error)}\nRequestId:${requestId}\nTime:${new Date().toISOString().slice(0, -1)}0000Z`;
  const speaksXml = request?.row?.component !== undefined || request?.row?.operation === 'preflight';
  const isXml = speaksXml || (request !== undefined && wantsXml(headerOf(request, 'accept')));
  headers.push('Content-Type', isXml ? 'application/xml' : jsonType, ...failureHeaders(error));
  return { status, headers, body: Buffer.from(isXml ? xmlOf(word, message) : jsonOf(word, message)) };
}

const jsonType = 'application/json;odata=minimalmetadata;streaming=true;charset=utf-8';

function jsonOf(word: string, message: string): string {
  return JSON.stringify({ 'odata.error': { code: word, message: { lang: 'en-US', value: message } } });
}

function xmlOf(word: string, message: string): string {
  return (
    '<?xml version="1.0" encoding="utf-8" standalone="yes"?>' +
    '<m:error xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">' +
    `<m:code>${word}</m:code><m:message xml:lang="en-US">${escapeXml(message)}</m:message></m:error>`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
