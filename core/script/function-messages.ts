// What passes between a query and the thread that runs its user-defined functions. Both sides also share two counters,
// of calls sent and of answers given: whoever waits sleeps on the other's.

export type FunctionRequest =
  | {
      readonly kind: 'call';
      readonly id: number;
      /** Queries have a machine each. */
      readonly query: number;
      readonly name: string;
      /** Of the function; absent when this thread has it. */
      readonly text: string | undefined;
      /** JSON array of arguments, and a `u` for each that is undefined. */
      readonly values: string;
      readonly signs: string;
    }
  | { readonly kind: 'end'; readonly query: number };

export type FunctionAnswer =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'answer';
      readonly id: number;
      /** `done`: the text is JSON, '' for undefined. `failed`: it is what was thrown. */
      readonly outcome: 'done' | 'failed' | 'ended' | 'broken';
      readonly text: string;
      /** Milliseconds it took. */
      readonly tookMs: number;
    };

/** Places in the shared counters. */
export const sentPlace = 0;
export const answeredPlace = 1;
