// The query of an address: names and values, decoded once. `+` is a blank in it, as clients of every language write it.

import { refusal } from './errors.ts';

/** More names than any operation knows, with those of a shared access signature. */
const parametersMax = 64;

const none: ReadonlyMap<string, string> = new Map();

/** Of a name that stands twice the first counts; what signs a request reads the same. Throws InvalidUri. */
export function parseQuery(text: string): ReadonlyMap<string, string> {
  if (text === '') return none;
  const query = new Map<string, string>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decodePart(equals < 0 ? part : part.slice(0, equals));
    if (!query.has(name)) query.set(name, equals < 0 ? '' : decodePart(part.slice(equals + 1)));
    if (query.size > parametersMax) throw refusal('InvalidUri', 'query');
  }
  return query;
}

function decodePart(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw refusal('InvalidUri', 'query');
  }
}
