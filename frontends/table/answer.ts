// What an operation answers, before the headers that every answer has.

export interface Answer {
  readonly status: number;
  /** Names and values in turn, beside the common ones (`encode.ts`). */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
  /** Where the body tells it already; otherwise a new one is given. */
  readonly requestId?: string | undefined;
}
