// Which names an expression can see, and the slot of the frame each one lives in. An inner name hides an outer one.

import { badRequest } from '../../../model/errors.ts';

/** Where a binding lives. A whole item is not a value until somebody asks for it: see Frame.valueOf. */
export interface Place {
  readonly slot: number;
  readonly isItem: boolean;
}

export class Scope {
  readonly #outer: Scope | undefined;
  readonly #names = new Map<string, Place>();

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** A copy of this relation's own names that can grow on its own; outer names are seen through it. */
  extended(): Scope {
    const scope = new Scope(this.#outer);
    for (const [name, place] of this.#names) scope.#names.set(name, place);
    return scope;
  }

  bind(name: string, place: Place): void {
    this.#names.set(name, place);
  }

  find(name: string): Place | undefined {
    return this.#names.get(name) ?? this.#outer?.find(name);
  }

  resolve(name: string): Place {
    const place = this.find(name);
    if (place === undefined) throw badRequest(`the query names '${name}', which nothing binds`, 'query');
    return place;
  }

  /** The places a row of this relation fills; what blocking operators hold back. */
  ownPlaces(): readonly Place[] {
    return [...this.#names.values()];
  }

  /** The scope around this relation. */
  get outer(): Scope | undefined {
    return this.#outer;
  }
}
