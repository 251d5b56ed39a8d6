// The ready file: what waits for a server reads every address from it, once, when everything answers. It appears
// whole or not at all, and goes when the server stops.

import { rename, rm, writeFile } from 'node:fs/promises';

export interface ReadyReport {
  readonly sql?: string | undefined;
  readonly mongo?: string | undefined;
  readonly table?: string | undefined;
  readonly admin: string;
  readonly pid: number;
  readonly version: string;
  readonly accounts: readonly { readonly id: string; readonly number: number }[];
  readonly regions: readonly {
    readonly id: number;
    readonly name: string;
    readonly sql?: string | undefined;
    readonly mongo?: string | undefined;
    readonly table?: string | undefined;
    readonly admin: string;
  }[];
}

/** Writes it and gives what removes it again. */
export async function writeReadyFile(path: string, report: ReadyReport): Promise<() => Promise<void>> {
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(report)}\n`);
  await rename(fresh, path);
  return () => rm(path, { force: true });
}
