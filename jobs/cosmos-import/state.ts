// What an import has done, kept in a file so that a run that was stopped goes on where it was, and a later run copies
// only what changed since. A place is kept only after everything before it was acknowledged by the target; the file is
// replaced whole, so that it is never half written.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { badRequest } from '../../model/errors.ts';

const formatVersion = 1;

/** A range of the source's effective partition keys, and where its change feed was read to. */
export interface RangeState {
  readonly min: string;
  readonly max: string;
  place?: string | undefined;
}

export interface ContainerState {
  /** `_rid` at the source: another one is another container, whose places mean nothing here. */
  readonly rid: string;
  ranges: RangeState[];
  items: number;
}

export interface ImportState {
  readonly version: number;
  readonly source: string;
  readonly target: string;
  readonly containers: Record<string, ContainerState>;
}

export class StateFile {
  readonly #path: string | undefined;
  readonly state: ImportState;
  #writing: Promise<void> | undefined;
  #again = false;

  private constructor(path: string | undefined, state: ImportState) {
    this.#path = path;
    this.state = state;
  }

  /** Without a path it is kept in memory alone. */
  static async open(path: string | undefined, source: string, target: string): Promise<StateFile> {
    const text = path === undefined ? undefined : await readFile(path, 'utf8').catch(ifMissing);
    if (text === undefined)
      // No prototype: names of containers are data.
      return new StateFile(path, {
        version: formatVersion,
        source,
        target,
        containers: Object.create(null) as ImportState['containers'],
      });
    const kept = parsed(text);
    if (kept?.version !== formatVersion) throw badRequest('the state file is none of this version', 'state');
    if (kept.source !== source || kept.target !== target)
      throw badRequest(
        `the state file is of an import from ${kept.source} into ${kept.target}: name another with --state`,
        'state',
      );
    return new StateFile(path, {
      ...kept,
      containers: Object.assign(Object.create(null) as ImportState['containers'], kept.containers),
    });
  }

  /** The container as it stands, or made anew when it is another one now. */
  containerOf(name: string, rid: string): ContainerState {
    const known = this.state.containers[name];
    if (known?.rid === rid) return known;
    return (this.state.containers[name] = { rid, ranges: [], items: 0 });
  }

  /** Resolves when the state is in the file as it was at the call, or as it was later. */
  async save(): Promise<void> {
    if (this.#path === undefined) return;
    if (this.#writing !== undefined) {
      this.#again = true;
      return this.#writing;
    }
    this.#writing = this.#write(this.#path).finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #write(path: string): Promise<void> {
    do {
      this.#again = false;
      await writeFile(`${path}.new`, JSON.stringify(this.state, undefined, 1));
      await rename(`${path}.new`, path);
    } while (this.#again);
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function parsed(text: string): ImportState | undefined {
  try {
    return JSON.parse(text) as ImportState;
  } catch {
    return undefined;
  }
}
