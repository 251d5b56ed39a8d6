// From an HTTP request to an admin request: which route, and its JSON body, already bounded and read.

import type { IncomingHttpHeaders } from 'node:http';
import { DatabaseError } from '../../model/errors.ts';
import type { Route } from './surface.ts';

export interface AdminInput {
  /** Undefined when no route has that path and method. */
  readonly route: Route | undefined;
  /** As the request line has it. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** What was wrong with the body before it was read whole. */
  readonly bodyFault: DatabaseError | undefined;
  readonly encrypted: boolean;
}

export interface AdminRequest {
  readonly route: Route;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export function decode(input: AdminInput): AdminRequest {
  if (input.bodyFault !== undefined) throw input.bodyFault;
  if (input.route === undefined)
    throw new DatabaseError('ResourceNotFound', 'the admin door has no such route', { argument: 'path' });
  const question = input.url.indexOf('?');
  const query = new URLSearchParams(question < 0 ? '' : input.url.slice(question));
  return { route: input.route, headers: input.headers, query, body: parseBody(input.body) };
}

function parseBody(bytes: Buffer): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new DatabaseError('BadRequest', 'the body is not JSON', { argument: 'body' });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new DatabaseError('BadRequest', 'the body must be a JSON object', { argument: 'body' });
  return parsed as Readonly<Record<string, unknown>>;
}
