// User-defined functions as a query calls them: values of SQL go over as JSON of their SQL view, what a function gives
// comes back as a value, and nothing as undefined. A query's machine is made at its first call.

import { valueOfJson } from '../../model/bson/json-read.ts';
import { jsonOfValue } from '../../model/bson/json-write.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { Value } from '../../model/value.ts';
import { ScriptPending, type QueryScripts } from '../query/context.ts';
import type { FunctionQuery, FunctionResult, FunctionThread } from './function-thread.ts';
import { functionAnswersMax } from './limits.ts';

export class QueryFunctions implements QueryScripts {
  readonly #thread: FunctionThread;
  readonly #textOf: (name: string) => string | undefined;
  readonly #texts = new Map<string, string>();
  readonly #answers = new Map<string, FunctionResult>();
  #query: FunctionQuery | undefined;

  /** `textOf` gives the text of the function of that name. */
  constructor(thread: FunctionThread, textOf: (name: string) => string | undefined) {
    this.#thread = thread;
    this.#textOf = textOf;
  }

  /** What to wait for before the execution goes on; undefined when nothing. */
  get waiting(): Promise<void> | undefined {
    return this.#query?.waiting;
  }

  call(name: string, values: readonly Value[]): Value {
    const signs = values.map((value) => (value === undefined ? 'u' : 'v')).join('');
    const json = `[${values.map((value) => (value === undefined ? 'null' : jsonOfValue(value))).join(',')}]`;
    const key = `${name}\n${signs}${json}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return valueIn(known);
    if (this.#query?.waiting !== undefined) throw new ScriptPending();
    if (this.#answers.size >= functionAnswersMax)
      throw new DatabaseError('TooLarge', `one row calls functions more than ${functionAnswersMax} times`);
    const text = this.#text(name);
    this.#query ??= this.#thread.openQuery();
    const keep = (result: FunctionResult): void => void this.#answers.set(key, result);
    const result = this.#query.call(name, text, json, signs, keep);
    if (result === undefined) throw new ScriptPending();
    keep(result);
    return valueIn(result);
  }

  #text(name: string): string {
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = this.#textOf(name);
      if (text === undefined)
        throw badRequest(`the container has no user-defined function '${name.slice(0, 255)}'`, 'query');
      this.#texts.set(name, text);
    }
    return text;
  }

  nextRow(): void {
    this.#answers.clear();
  }

  close(): void {
    this.#query?.close();
    this.#query = undefined;
  }
}

function valueIn(result: FunctionResult): Value {
  if (result.kind === 'error') throw result.error;
  return result.json === '' ? undefined : valueOfJson(result.json);
}
