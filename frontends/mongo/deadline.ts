// The time a command may take: a signal that is aborted when its client has gone or `maxTimeMS` is over. A timer of
// its own, because Node 20 may collect the sources of `AbortSignal.any` while it waits for them.

export interface Deadline {
  readonly signal: AbortSignal;
  /** Lets go of timer and listener; once the command is answered. */
  readonly end: () => void;
}

export function deadlineOf(gone: AbortSignal, milliseconds: number): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, milliseconds);
  timer.unref();
  if (gone.aborted) abort();
  else gone.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      gone.removeEventListener('abort', abort);
    },
  };
}
