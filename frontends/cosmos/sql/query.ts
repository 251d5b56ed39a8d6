// The door's way from text to something that runs: parse, translate, prepare. The result is kept by text, so that a
// repeated query costs one look-up.

import { LRUCache } from 'lru-cache';
import { prepareQuery, type PreparedQuery } from '../../../core/query/prepare.ts';
import { utf8 } from '../../../model/bytes.ts';
import { murmur3x64 } from '../../../model/hash/murmur3.ts';
import type { Query } from '../../../model/query.ts';
import { cosmosSemantics } from '../semantics.ts';
import { parseSql } from './parse.ts';
import { translateSql, type TranslateOptions } from './translate.ts';

export type { TranslateOptions } from './translate.ts';

/** Text → algebra. Throws BadRequest in the service's words, NotSupported for what is known and not offered. */
export function queryOfSql(text: string, options: TranslateOptions = {}): Query {
  return translateSql(parseSql(text), fingerprintOf(text), options);
}

function fingerprintOf(text: string): string {
  const bytes = utf8(text);
  const words = new Uint32Array(4);
  murmur3x64(bytes, bytes.length, words);
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** Characters of query text whose prepared forms are kept; a prepared query takes some ten times its text. */
const preparedTextMax = 4 * 1024 * 1024;

/** Prepared queries by text. One per process is enough: they hold no state. */
export class PreparedQueries {
  readonly #byText = new LRUCache<string, PreparedQuery>({
    maxSize: preparedTextMax,
    sizeCalculation: (_prepared, text) => text.length,
  });

  get(text: string, options: TranslateOptions = {}): PreparedQuery {
    const key = `${options.rewritten === true ? 'r' : 'q'}${options.schema?.text ?? ''}#${text}`;
    const known = this.#byText.get(key);
    if (known !== undefined) return known;
    const prepared = prepareQuery(queryOfSql(text, options), { semantics: cosmosSemantics });
    this.#byText.set(key, prepared);
    return prepared;
  }
}
