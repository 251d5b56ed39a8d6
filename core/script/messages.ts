// What passes between the main thread and a thread that runs scripts: texts and numbers only.

/** One script to run, once. */
export interface ScriptRun {
  readonly text: string;
  /** Name in stack traces. */
  readonly file: string;
  /** JSON of what the script finds: links, request, response, parameters, bounds (`prelude-context.ts`). */
  readonly setup: string;
  /** Milliseconds it may take, waiting for answers included. */
  readonly timeMs: number;
}

export type ScriptOutcome =
  | {
      readonly kind: 'done';
      /** JSON of the bodies that the script set; absent where it set none. */
      readonly response: string | undefined;
      readonly request: string | undefined;
      readonly log: string;
    }
  | {
      /** It threw, or was aborted. */
      readonly kind: 'failed';
      readonly text: string;
      readonly stack: string | undefined;
      readonly number: number | undefined;
      readonly log: string;
    }
  /** It took too long. */
  | { readonly kind: 'ended' };

export type ThreadRequest =
  | { readonly kind: 'run'; readonly id: number; readonly run: ScriptRun }
  /** JSON: answers to the calls asked for last, in their order. */
  | { readonly kind: 'deliver'; readonly id: number; readonly answers: string }
  | { readonly kind: 'stop'; readonly id: number };

export type ThreadAnswer =
  /** The engine is loaded. */
  | { readonly kind: 'ready' }
  /** JSON: calls of the collection, which wait for answers. */
  | { readonly kind: 'calls'; readonly id: number; readonly calls: string }
  /** `isBroken`: the thread must not be used again. */
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: ScriptOutcome; readonly isBroken: boolean };
