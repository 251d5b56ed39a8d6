// Rules for pages of other sites, as they are set: at most five, each with the limits that "CORS support for Azure
// Storage" (Azure Storage REST reference) lists.

import type { DatabaseError } from '../../model/errors.ts';
import { refusal } from './errors.ts';
import { checkNames, element, requiredChild, type XmlElement } from './xml.ts';

const rulesMax = 5;

/** Of one rule: origins, and headers of each of the two kinds, by whole name and by prefix. */
const namesMax = 64;
const prefixesMax = 2;

const nameCharactersMax = 256;

/** Characters of all rules together, without their tags. */
const charactersMax = 2 * 1024;

const secondsMax = 2 ** 31 - 1;

const methodsKnown: ReadonlySet<string> = new Set([
  'DELETE',
  'GET',
  'HEAD',
  'MERGE',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
]);

export interface CorsRule {
  /** Compared letter by letter; `*` is every origin, `https://*.example` every one below that name. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Whole names or, with `*` at the end, prefixes; compared whatever their case. */
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

function invalid(name: string): DatabaseError {
  return refusal('InvalidXmlNodeValue', name);
}

export function corsRulesIn(cors: XmlElement): readonly CorsRule[] {
  checkNames(cors, ['CorsRule']);
  if (cors.children.length > rulesMax) throw refusal('InvalidXmlDocument', 'Cors');
  const characters = cors.children.flatMap(({ children }) => children).reduce((sum, { text }) => sum + text.length, 0);
  if (characters > charactersMax) throw refusal('InvalidXmlDocument', 'Cors');
  return cors.children.map(ruleIn);
}

function ruleIn(rule: XmlElement): CorsRule {
  checkNames(rule, ['AllowedOrigins', 'AllowedMethods', 'AllowedHeaders', 'ExposedHeaders', 'MaxAgeInSeconds']);
  const origins = listIn(rule, 'AllowedOrigins');
  const methods = listIn(rule, 'AllowedMethods').map((method) => method.toUpperCase());
  if (origins.length === 0 || origins.length > namesMax) throw invalid('AllowedOrigins');
  if (methods.length === 0 || methods.some((method) => !methodsKnown.has(method))) throw invalid('AllowedMethods');
  const { text } = requiredChild(rule, 'MaxAgeInSeconds');
  const maxAgeSeconds = /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : NaN;
  if (!(maxAgeSeconds <= secondsMax)) throw invalid('MaxAgeInSeconds');
  return {
    origins,
    methods,
    allowedHeaders: headersIn(rule, 'AllowedHeaders'),
    exposedHeaders: headersIn(rule, 'ExposedHeaders'),
    maxAgeSeconds,
  };
}

/** Names between commas. What a header could not hold is refused: answers repeat them. */
function listIn(rule: XmlElement, name: string): readonly string[] {
  const { text } = requiredChild(rule, name);
  const list = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (list.some((one) => one.length > nameCharactersMax || !/^[\x21-\x7e]+$/.test(one))) throw invalid(name);
  return list;
}

function headersIn(rule: XmlElement, name: string): readonly string[] {
  const list = listIn(rule, name);
  const prefixes = list.filter((one) => one.endsWith('*'));
  if (prefixes.length > prefixesMax || list.length - prefixes.length > namesMax) throw invalid(name);
  return list;
}

export function corsXml(rules: readonly CorsRule[]): string {
  return element(
    'Cors',
    rules.map((rule) =>
      element('CorsRule', [
        element('AllowedMethods', rule.methods.join(',')),
        element('AllowedOrigins', rule.origins.join(',')),
        element('AllowedHeaders', rule.allowedHeaders.join(',')),
        element('ExposedHeaders', rule.exposedHeaders.join(',')),
        element('MaxAgeInSeconds', String(rule.maxAgeSeconds)),
      ]),
    ),
  );
}
