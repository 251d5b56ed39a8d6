// How much an answer tells beside the data: the three levels of OData's JSON, by `Accept` or `$format`. Source:
// "Payload format for Table service operations" (Azure Storage REST reference). Atom was dropped by the service: a
// client that takes nothing else, or sends it, is refused.

import { refusal } from './errors.ts';
import { headerOf, type TableRequest } from './request.ts';

export type Level = 'nometadata' | 'minimalmetadata' | 'fullmetadata';

type Asking = Pick<TableRequest, 'headers' | 'query'>;

/** Texts of `Accept` that clients send again and again; any other is read each time. */
const known: ReadonlyMap<string, Level> = new Map([
  ['application/json', 'minimalmetadata'],
  ['application/json;odata=nometadata', 'nometadata'],
  ['application/json;odata=minimalmetadata', 'minimalmetadata'],
  ['application/json;odata=fullmetadata', 'fullmetadata'],
]);

/** Longer ones are no list of media types. */
const acceptLengthMax = 1024;

export function levelOf(request: Asking): Level {
  const format = request.query.get('$format');
  const accept = format ?? headerOf(request, 'accept');
  if (accept === undefined) return 'minimalmetadata';
  const level = known.get(accept) ?? readLevel(accept);
  if (level === undefined) throw refusal('MediaTypeNotSupported', format === undefined ? 'Accept' : '$format');
  return level;
}

function readLevel(accept: string): Level | undefined {
  if (accept.length > acceptLengthMax) return undefined;
  if (accept.trim() === '') return 'minimalmetadata';
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== 'json' && type !== '*/*' && type !== 'application/*') continue;
    const told = parameters.find((parameter) => parameter.startsWith('odata='))?.slice('odata='.length);
    if (told === undefined || told === 'minimalmetadata') return 'minimalmetadata';
    if (told === 'nometadata' || told === 'fullmetadata') return told;
  }
  return undefined;
}

export function contentTypeOf(level: Level): string {
  return contentTypes[level];
}

const contentTypes: Readonly<Record<Level, string>> = {
  nometadata: 'application/json;odata=nometadata;streaming=true;charset=utf-8',
  minimalmetadata: 'application/json;odata=minimalmetadata;streaming=true;charset=utf-8',
  fullmetadata: 'application/json;odata=fullmetadata;streaming=true;charset=utf-8',
};

/** Refuses a body that says it is something else than JSON. */
export function checkJsonBody(request: Asking): void {
  const type = headerOf(request, 'content-type');
  if (type === undefined || type.startsWith('application/json') || type.trim() === '') return;
  const media = type.split(';')[0]!.trim().toLowerCase();
  if (media !== 'application/json' && media !== 'text/json') throw refusal('MediaTypeNotSupported', 'Content-Type');
}

/** Failures come as XML where the operation speaks XML, and to clients that take nothing else. */
export function wantsXml(accept: string | undefined): boolean {
  return accept !== undefined && accept.includes('xml') && !accept.includes('json') && !accept.includes('*/*');
}
