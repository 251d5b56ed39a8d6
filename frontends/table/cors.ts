// What answers tell browsers on behalf of pages of other sites: by the first rule that fits the origin and the method,
// and in a preflight also the headers that the page wants to send. Without rules nothing is told.
// Source: "CORS support for Azure Storage" (Azure Storage REST reference), with its table of the `Vary` header.

import type { CorsRule } from './cors-rules.ts';
import { refusal } from './errors.ts';
import { headerOf, type TableRequest } from './request.ts';
import type { ServiceProperties } from './service-properties.ts';

/** Characters of the list of headers a page asks for, all of which is told back. */
const requestHeadersCharactersMax = 4096;

/** Headers for an actual request, names and values in turn. `sent`: those of the answer, in the same form. */
export function corsHeaders(
  request: TableRequest,
  { cors }: Pick<ServiceProperties, 'cors'>,
  sent: readonly string[] = [],
): readonly string[] {
  if (cors.length === 0) return [];
  const origin = headerOf(request, 'origin');
  const rule = origin === undefined ? undefined : ruleFor(cors, origin, request.sentVerb);
  if (origin === undefined || rule === undefined) {
    // A cache must not give this answer to a page that another one is for.
    const { sentVerb } = request;
    const rules = cors.filter(({ methods }) => methods.includes(sentVerb));
    const isRead = sentVerb === 'GET' || sentVerb === 'HEAD';
    return isRead && rules.length > 0 && !rules.some(({ origins }) => origins.includes('*')) ? ['Vary', 'Origin'] : [];
  }
  const exposed = exposedNames(rule, sent);
  return [...originHeaders(rule, origin), ...(exposed === '' ? [] : ['Access-Control-Expose-Headers', exposed])];
}

/** Headers that answer a preflight. Throws the service's refusal when no rule fits. */
export function preflightHeaders(request: TableRequest, { cors }: Pick<ServiceProperties, 'cors'>): readonly string[] {
  const origin = headerOf(request, 'origin');
  const method = headerOf(request, 'access-control-request-method');
  const wanted = headerOf(request, 'access-control-request-headers') ?? '';
  if (origin === undefined || origin === '') throw refusal('MissingRequiredHeader', 'Origin');
  if (method === undefined || method === '') throw refusal('MissingRequiredHeader', 'Access-Control-Request-Method');
  if (wanted.length > requestHeadersCharactersMax)
    throw refusal('InvalidHeaderValue', 'Access-Control-Request-Headers');
  const names = wanted
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const rule = cors.find(
    (one) =>
      isFor(one, origin, method) && names.every((name) => one.allowedHeaders.some((given) => matches(given, name))),
  );
  if (rule === undefined) throw refusal('CorsPreflightFailure', 'Origin');
  return [
    ...originHeaders(rule, origin),
    'Access-Control-Allow-Methods',
    method.toUpperCase(),
    ...(names.length === 0 ? [] : ['Access-Control-Allow-Headers', names.join(',')]),
    'Access-Control-Max-Age',
    String(rule.maxAgeSeconds),
  ];
}

function originHeaders({ origins }: CorsRule, origin: string): readonly string[] {
  if (origins.includes('*')) return ['Access-Control-Allow-Origin', '*'];
  return ['Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true', 'Vary', 'Origin'];
}

function ruleFor(rules: readonly CorsRule[], origin: string, method: string): CorsRule | undefined {
  return rules.find((rule) => isFor(rule, origin, method));
}

function isFor({ origins, methods }: CorsRule, origin: string, method: string): boolean {
  return methods.includes(method.toUpperCase()) && origins.some((one) => isOrigin(one, origin));
}

function isOrigin(given: string, origin: string): boolean {
  if (given === '*' || given === origin) return true;
  const star = given.indexOf('//*.');
  if (star < 0) return false;
  const scheme = given.slice(0, star + 2);
  const domain = given.slice(star + 3);
  return origin.startsWith(scheme) && origin.endsWith(domain) && origin.length > scheme.length + domain.length;
}

/** Header names whatever their case, or prefixes of them. */
function matches(given: string, name: string): boolean {
  const [rule, asked] = [given.toLowerCase(), name.toLowerCase()];
  return rule.endsWith('*') ? asked.startsWith(rule.slice(0, -1)) : asked === rule;
}

/** Browsers know no prefixes: those are told as the names that the answer has. */
function exposedNames({ exposedHeaders }: CorsRule, sent: readonly string[]): string {
  const names = exposedHeaders.filter((name) => !name.endsWith('*'));
  const prefixes = exposedHeaders.filter((name) => name.endsWith('*'));
  for (let i = 0; i < sent.length; i += 2) {
    const name = sent[i]!;
    if (prefixes.some((prefix) => matches(prefix, name)) && !names.some((one) => matches(one, name))) names.push(name);
  }
  return names.join(',');
}
