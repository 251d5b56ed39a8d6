// One segment being written: what a flush or a merge needs, in a form that crosses to another thread, and the run of
// it in slices. Whoever runs it (`index-worker.ts`, tests) decides when the next slice comes, so that a flush can
// overtake a merge (index.md §7).
//
// Invariants: a file is made anew, never written over; what `finish` resolved for survives power loss, name and
// contents; a run that ends otherwise leaves no file.

import { open } from 'node:fs/promises';
// Slices are synchronous: a read is 3 µs, and the thread that runs them serves no requests.
// eslint-disable-next-line no-restricted-syntax -- see above
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { BlockCache } from '../../indexer/block-cache.ts';
import { flushSteps, type FlushInput } from '../../indexer/flush.ts';
import { mergeSteps } from '../../indexer/merge.ts';
import type { ReadAt, SegmentFooter, SegmentSink } from '../../indexer/segment-format.ts';
import { Segment } from '../../indexer/segment-read.ts';

/** Where the bytes of a segment are. */
export type SegmentSource =
  | { readonly kind: 'file'; readonly name: string; readonly path: string; readonly bytes: number }
  /** On shared memory, so that threads pass it by reference. */
  | { readonly kind: 'memory'; readonly name: string; readonly content: Uint8Array };

/** Where a new segment goes. */
export type SegmentTarget = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'memory' };

export type SegmentTask =
  | { readonly kind: 'flush'; readonly input: FlushInput; readonly target: SegmentTarget }
  | {
      readonly kind: 'merge';
      /** Neighbours, oldest first, with the items to leave out. */
      readonly inputs: readonly { readonly source: SegmentSource; readonly purge: Uint32Array | undefined }[];
      /** All segments before them. */
      readonly older: readonly SegmentSource[];
      readonly target: SegmentTarget;
    };

/** A segment that is written and durable. */
export interface SegmentWritten {
  readonly bytes: number;
  /** Its bytes, when the target was memory. */
  readonly content: Uint8Array | undefined;
}

/** Whoever writes segments: the worker thread, or tests in their own way. */
export interface SegmentTasks {
  /** Resolves once the segment is durable. Rejects when it could not be written or `signal` aborted: nothing is left. */
  run(task: SegmentTask, signal?: AbortSignal): Promise<SegmentWritten>;
}

/** Blocks of merge inputs that are read through the cache: hardly any, merges read past it. */
const cacheBytesMax = 1024 * 1024;

/** Reads of a descriptor as a segment wants them. */
export function readerOf(descriptor: () => number): ReadAt {
  return (offset, length, into) => {
    const bytes = into ?? new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const read = readSync(descriptor(), bytes, done, length - done, offset + done);
      if (read === 0) break;
      done += read;
    }
    return done === bytes.length ? bytes : bytes.subarray(0, done);
  };
}

export function readerOfBytes(content: Uint8Array): ReadAt {
  return (offset, length) => content.subarray(offset, Math.min(offset + length, content.length));
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

interface Output extends SegmentSink {
  readonly bytes: number;
  finish(): Promise<SegmentWritten>;
  discard(): Promise<void>;
}

class FileOutput implements Output {
  readonly #path: string;
  readonly #descriptor: number;
  bytes = 0;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, 'wx', 0o600);
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.bytes + done);
    this.bytes += bytes.length;
  }

  async finish(): Promise<SegmentWritten> {
    closeSync(this.#descriptor);
    // A second descriptor, so that the wait for the disk is not this thread's. The system syncs the file, not the descriptor.
    const file = await open(this.#path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncDirectory(dirname(this.#path));
    return { bytes: this.bytes, content: undefined };
  }

  async discard(): Promise<void> {
    try {
      closeSync(this.#descriptor);
    } catch {
      // Closed by `finish` before.
    }
    try {
      // At once, so that nothing is left when a failure is told.
      unlinkSync(this.#path);
    } catch {
      // Never made, or gone already.
    }
  }
}

class MemoryOutput implements Output {
  #chunks: Uint8Array[] = [];
  bytes = 0;

  write(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
    this.bytes += bytes.length;
  }

  async finish(): Promise<SegmentWritten> {
    const content = new Uint8Array(new SharedArrayBuffer(this.bytes));
    let at = 0;
    for (const chunk of this.#chunks) {
      content.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    return { bytes: this.bytes, content };
  }

  async discard(): Promise<void> {
    this.#chunks = [];
  }
}

export class SegmentTaskRun {
  readonly #output: Output;
  readonly #descriptors: number[] = [];
  readonly #steps: Generator<undefined, SegmentFooter>;

  /** Opens what the task reads and what it writes. Throws when one of them cannot be. */
  constructor(task: SegmentTask) {
    this.#output = task.target.kind === 'file' ? new FileOutput(task.target.path) : new MemoryOutput();
    try {
      this.#steps = this.#start(task);
    } catch (error) {
      void this.discard();
      throw error;
    }
  }

  #start(task: SegmentTask): Generator<undefined, SegmentFooter> {
    if (task.kind === 'flush') return flushSteps(task.input, this.#output);
    const cache = new BlockCache(cacheBytesMax);
    return mergeSteps(
      task.inputs.map(({ source, purge }) => ({ segment: this.#open(source, cache), purge })),
      task.older.map((source) => this.#open(source, cache)),
      this.#output,
    );
  }

  #open(source: SegmentSource, cache: BlockCache): Segment {
    if (source.kind === 'memory')
      return new Segment(source.name, readerOfBytes(source.content), source.content.length, cache);
    const descriptor = openSync(source.path, 'r');
    this.#descriptors.push(descriptor);
    return new Segment(
      source.name,
      readerOf(() => descriptor),
      source.bytes,
      cache,
    );
  }

  /** One slice, about 2 ms. True when it was the last. */
  step(): boolean {
    return this.#steps.next().done === true;
  }

  /** After the last step: makes what was written durable. */
  async finish(): Promise<SegmentWritten> {
    this.#closeInputs();
    return this.#output.finish();
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#closeInputs();
    await this.#output.discard();
  }

  #closeInputs(): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
  }
}
