// Progress of long work, on standard error and only when a person watches.

import cliProgress from 'cli-progress';

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A bar when the total is known, a count otherwise. */
export function progressBar(what: string, total: number | undefined): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const format =
    total === undefined ? `{value} ${what}` : `{bar} {percentage} %  {value}/{total} ${what}  {eta_formatted} left`;
  const bar = new cliProgress.SingleBar({ format, stream: process.stderr, clearOnComplete: true, hideCursor: true }, cliProgress.Presets.rect);
  bar.start(total ?? 0, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}
