// A reader of a change feed that keeps its place.

import type { Engine } from '../../core/engine.ts';
import type { Change, ContainerName, Scope } from '../../model/operation.ts';

export interface ChangeReader {
  readonly continuation: string | undefined;
  /** One page. */
  read(changesMax: number): Promise<readonly Change[]>;
  /** Pages until one is empty. */
  rest(changesMax: number): Promise<readonly Change[]>;
}

export function changeFeedOf(
  engine: Engine,
  place: ContainerName,
  mode: 'latest' | 'all',
  scope: Scope = {},
  from?: string | undefined,
): ChangeReader {
  let continuation = from;
  const read = async (changesMax: number): Promise<readonly Change[]> => {
    const start =
      continuation === undefined ? ({ kind: 'beginning' } as const) : ({ kind: 'after', continuation } as const);
    const page = await engine.execute(
      { kind: 'read-changes', ...place, mode, scope, start, changesMax },
      { account: 1 },
    );
    ({ continuation } = page);
    return page.changes;
  };
  return {
    get continuation() {
      return continuation;
    },
    read,
    async rest(changesMax) {
      const all: Change[] = [];
      for (;;) {
        const page = await read(changesMax);
        if (page.length === 0) return all;
        all.push(...page);
      }
    },
  };
}
