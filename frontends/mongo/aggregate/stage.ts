// The shape of a pipeline's stages: each is read once from its text and puts itself behind what comes before it.

import type { Raw } from '../../../model/bson/walk.ts';
import type { Call } from '../call.ts';
import type { Source } from '../source.ts';
import type { Scope } from './scope.ts';

/** A stage puts itself behind what comes before it. It may do so several times, each with a state of its own. */
export type Stage = (inner: Source) => Source;

/** Where a pipeline stands in another one. */
export type Surrounding = 'top' | '$lookup' | '$facet' | '$unionWith' | 'update';

export interface StageContext {
  /** Absent where no other collection can be read: in updates. */
  readonly call: Call | undefined;
  readonly database: string;
  readonly scope: Scope;
  readonly surrounding: Surrounding;
  /** Pipelines around this one. */
  readonly level: number;
}

export interface StageRow {
  readonly name: string;
  readonly compile: (operand: Raw, context: StageContext) => Stage;
  /** Pipelines that it may not stand in. */
  readonly refusedIn?: ReadonlySet<Surrounding> | undefined;
  readonly place?: 'first' | 'last' | undefined;
}

/** Pipelines in pipelines: MongoDB's bound. */
export const pipelineLevelsMax = 20;
