// A store that forgets everything when the process ends: `--memory`, and the inside of the losing disk.
//
// Keys live as one-byte-per-character strings in sorted blocks: a string costs a third of a Uint8Array and compares
// as memcmp does. Keys that grow, as the log's do, are pushed onto the last block, O(1) amortised; others are
// inserted into their block. A scan takes the list of blocks as its snapshot; a block it may still look at
// is cloned before it is changed in any way other than growing at its end.

import {
  checkedBatchBytes,
  scanChunkBytesMax,
  scanChunkEntriesMax,
  storageFull,
  storeClosed,
  type Store,
  type StoreEntry,
  type StoreRange,
  type StoreWrite,
} from './store.ts';

/** Entries in one block: large enough that the list of blocks stays short, small enough to insert into. */
const blockEntriesMax = 512;

interface Block {
  readonly keys: string[];
  readonly values: Uint8Array[];
  /** The store's generation when the block was made: below the present one, a snapshot may hold it. */
  readonly generation: number;
}

export interface MemoryStoreOptions {
  /** Bytes of keys and values above which writes answer StorageFull; unbounded when absent. */
  readonly bytesMax?: number | undefined;
}

export class MemoryStore implements Store {
  readonly #bytesMax: number;
  #blocks: Block[] = [];
  #generation = 0;
  #bytes = 0;
  #syncs = 0;
  #closed = false;

  constructor(options: MemoryStoreOptions = {}) {
    this.#bytesMax = options.bytesMax ?? Infinity;
  }

  get syncs(): number {
    return this.#syncs;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    if (this.#closed) throw storeClosed();
    const text = textOfKey(key);
    const block = this.#blocks[blockOf(this.#blocks, text)];
    if (block === undefined) return undefined;
    const at = lowerBound(block.keys, text, block.keys.length);
    return block.keys[at] === text ? block.values[at] : undefined;
  }

  // Async so that a refusal is a rejection, as on disk; the change itself happens before it returns.
  async write(batch: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void> {
    if (this.#closed) throw storeClosed();
    const bytes = checkedBatchBytes(batch);
    if (this.#bytes + bytes > this.#bytesMax && batch.some((write) => write.value !== undefined)) throw storageFull();
    if (batch.length === 0) return;
    if (options.sync) this.#syncs++;
    for (const { key, value } of batch) {
      if (value === undefined) this.#delete(textOfKey(key));
      else this.#put(textOfKey(key), value);
    }
  }

  async *scan(range: StoreRange): AsyncGenerator<readonly StoreEntry[], void, undefined> {
    if (this.#closed) throw storeClosed();
    this.#generation++;
    const blocks = this.#blocks.slice();
    const lengthOfLast = blocks.at(-1)?.keys.length ?? 0;
    const lengthOf = (index: number) => (index === blocks.length - 1 ? lengthOfLast : blocks[index]!.keys.length);
    const low = range.gte ?? range.gt;
    const lowText = low === undefined ? undefined : textOfKey(low);
    const highText = range.lt === undefined ? undefined : textOfKey(range.lt);
    const step = range.reverse === true ? -1 : 1;
    let left = range.limit ?? Infinity;

    // Where the walk starts: the first entry inside the bound it comes from.
    let index = 0;
    let at = 0;
    if (step === 1) {
      if (lowText !== undefined) {
        index = blockOf(blocks, lowText);
        if (index < blocks.length) at = lowerBound(blocks[index]!.keys, lowText, lengthOf(index));
      }
    } else if (highText === undefined) {
      index = blocks.length - 1;
      at = lengthOfLast - 1;
    } else {
      index = Math.min(blockOf(blocks, highText), blocks.length - 1);
      at = index < 0 ? -1 : lowerBound(blocks[index]!.keys, highText, lengthOf(index)) - 1;
    }

    let chunk: StoreEntry[] = [];
    let bytes = 0;
    for (; index >= 0 && index < blocks.length && left > 0; index += step) {
      const block = blocks[index]!;
      const length = lengthOf(index);
      for (; at >= 0 && at < length && left > 0; at += step) {
        const text = block.keys[at]!;
        if (step === 1 ? highText !== undefined && text >= highText : lowText !== undefined && text < lowText) left = 0;
        else if (range.gt !== undefined && text === lowText) continue;
        else {
          const value = block.values[at]!;
          chunk.push([keyOfText(text), value]);
          bytes += text.length + value.length;
          left--;
          if (chunk.length >= scanChunkEntriesMax || bytes >= scanChunkBytesMax) {
            yield chunk;
            if (this.#closed) throw storeClosed();
            chunk = [];
            bytes = 0;
          }
        }
      }
      at = step === 1 ? 0 : index > 0 ? lengthOf(index - 1) - 1 : -1;
    }
    if (chunk.length > 0) yield chunk;
  }

  async approximateSize(): Promise<number> {
    if (this.#closed) throw storeClosed();
    return this.#bytes;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#blocks = [];
  }

  #put(text: string, given: Uint8Array): void {
    // A view into a larger buffer would keep all of it alive.
    const value = given.byteLength === given.buffer.byteLength ? given : given.slice();
    const last = this.#blocks.at(-1);
    if (last === undefined || text > last.keys.at(-1)!) {
      this.#bytes += text.length + value.length;
      if (last !== undefined && last.keys.length < blockEntriesMax) {
        last.keys.push(text);
        last.values.push(value);
      } else this.#blocks.push({ keys: [text], values: [value], generation: this.#generation });
      return;
    }
    const index = blockOf(this.#blocks, text);
    const block = this.#owned(index);
    const at = lowerBound(block.keys, text, block.keys.length);
    if (block.keys[at] === text) {
      this.#bytes += value.length - block.values[at]!.length;
      block.values[at] = value;
      return;
    }
    this.#bytes += text.length + value.length;
    block.keys.splice(at, 0, text);
    block.values.splice(at, 0, value);
    if (block.keys.length > blockEntriesMax) {
      const half = block.keys.length >> 1;
      const upper = { keys: block.keys.splice(half), values: block.values.splice(half), generation: this.#generation };
      this.#blocks.splice(index + 1, 0, upper);
    }
  }

  #delete(text: string): void {
    const index = blockOf(this.#blocks, text);
    if (index === this.#blocks.length) return;
    const found = this.#blocks[index]!;
    const at = lowerBound(found.keys, text, found.keys.length);
    if (found.keys[at] !== text) return;
    const block = this.#owned(index);
    this.#bytes -= text.length + block.values[at]!.length;
    block.keys.splice(at, 1);
    block.values.splice(at, 1);
    if (block.keys.length === 0) this.#blocks.splice(index, 1);
  }

  /** The block at `index`, cloned first when a snapshot may still look at it. */
  #owned(index: number): Block {
    const block = this.#blocks[index]!;
    if (block.generation === this.#generation) return block;
    const own = { keys: block.keys.slice(), values: block.values.slice(), generation: this.#generation };
    this.#blocks[index] = own;
    return own;
  }
}

/** Index of the first block whose last key is at or above `text`; the number of blocks when there is none. */
function blockOf(blocks: readonly Block[], text: string): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle]!.keys.at(-1)! < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first of `length` keys at or above `text`. */
function lowerBound(keys: readonly string[], text: string, length: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

function textOfKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

function keyOfText(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
