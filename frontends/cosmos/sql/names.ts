// What names of a query stand for. A name is bound by FROM or JOIN, or seen from the query around a subquery.

import type { Expression } from '../../../model/query.ts';
import type { SqlName } from './ast.ts';
import { sqlError } from './errors.ts';

export class Names {
  readonly #outer: Names | undefined;
  readonly #bound = new Map<string, Expression>();

  constructor(outer?: Names) {
    this.#outer = outer;
  }

  /** Binds a name to what it stands for; a name once per FROM. */
  bind(name: string, meaning: Expression, span: { readonly start: number; readonly end: number }): void {
    if (this.#bound.has(name)) {
      throw sqlError('duplicateName', `The input alias '${name}' is specified multiple times.`, span);
    }
    this.#bound.set(name, meaning);
  }

  find(name: string): Expression | undefined {
    return this.#bound.get(name) ?? this.#outer?.find(name);
  }

  resolve(name: SqlName): Expression {
    const meaning = this.find(name.name);
    if (meaning === undefined) {
      throw sqlError('unknownName', `Identifier '${name.name}' could not be resolved.`, name);
    }
    return meaning;
  }

  /** What is bound here and not around. */
  own(): readonly Expression[] {
    return [...this.#bound.values()];
  }
}
