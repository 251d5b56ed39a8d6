// What the admin door is told beside the deployment: facts only the composition knows.

import type { KeyKind } from '../deployment.ts';

export interface AdminSources {
  /** When the process began to start, in milliseconds since 1970. */
  readonly startedMs: number;
  /** Host names beside loopback that a request may name. */
  readonly hostNames: readonly string[];
  /** Why the server is not ready; undefined when it is. */
  readonly fault: () => string | undefined;
  /** Counts of requests in the text format of Prometheus. */
  readonly requestMetrics: () => string;
  readonly doors: () => readonly {
    readonly name: string;
    readonly url: string;
    readonly connections: { readonly open: number; readonly accepted: number };
  }[];
  readonly store: () => Promise<{
    /** Absent: in memory. */
    readonly directory: string | undefined;
    readonly bytes: number;
    readonly syncs: number;
  }>;
  /** True when everything of an account may be dropped. */
  readonly resetAllowed: boolean;
  /** Makes a key of an account anew, durably; tells which ones changed. */
  readonly regenerateKey: (account: string, kind: KeyKind) => Promise<readonly KeyKind[]>;
  /** Notes in the log what was changed, where and by which key; never a secret. */
  readonly audit: (event: { readonly action: string; readonly account: string; readonly subject: string }) => void;
  /** Moves the manual clock and gives its new time; absent on the system's clock. */
  readonly advance: ((milliseconds: number) => number) | undefined;
}
