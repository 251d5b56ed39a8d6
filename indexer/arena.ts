// A growing space of 32-bit words on shared pages, addressed by word number. It only grows: what is allocated
// stays until the whole arena is released. The first page starts small and doubles, so that an index of ten
// items costs kilobytes; later pages have full size.
//
// Invariants: an allocation never crosses a page; address 0 is never given out, so it means "none";
// an address stays valid while the arena grows.

import { pageBytes, pageWords, type PagePool } from './pool.ts';

/** Address = page × 65,536 + word. */
export const pageShift = 16;
export const pageMask = pageWords - 1;

const firstPageBytes = 4096;

export class Arena {
  /** Words of each page. Replaced, never resized: read `words[address >>> pageShift]` anew after an allocation. */
  readonly words: Int32Array[] = [];
  readonly bytes: Uint8Array[] = [];
  readonly buffers: SharedArrayBuffer[] = [];
  readonly #pool: PagePool;
  #next = 1;
  #limit = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /** Bytes given out, with what was skipped at ends of pages. */
  get usedBytes(): number {
    return this.buffers.length === 0 ? 0 : this.#next * 4;
  }

  /** Address of `count` fresh words with arbitrary contents; `count` is at most a page. */
  allocate(count: number): number {
    const address = this.#next;
    if (address + count <= this.#limit) {
      this.#next = address + count;
      return address;
    }
    return this.#grow(count);
  }

  #grow(count: number): number {
    if (count > pageMask) throw new Error(`an arena allocation of ${count} words exceeds a page`);
    if (this.buffers.length <= 1 && this.#next + count <= pageWords) {
      const before = this.buffers.length === 0 ? 0 : this.buffers[0]!.byteLength;
      let bytes = Math.max(firstPageBytes, before * 2);
      while (bytes < (this.#next + count) * 4) bytes *= 2;
      const grown = this.#pool.acquire(bytes);
      if (before > 0) {
        new Uint8Array(grown).set(this.bytes[0]!);
        this.#pool.release([this.buffers[0]!]);
      }
      this.#setPage(0, grown);
      this.#limit = bytes / 4;
    } else {
      const page = this.buffers.length;
      this.#setPage(page, this.#pool.acquire(pageBytes));
      this.#next = page * pageWords;
      this.#limit = this.#next + pageWords;
    }
    const address = this.#next;
    this.#next += count;
    return address;
  }

  #setPage(page: number, buffer: SharedArrayBuffer): void {
    this.buffers[page] = buffer;
    this.words[page] = new Int32Array(buffer);
    this.bytes[page] = new Uint8Array(buffer);
  }

  release(): void {
    this.#pool.release(this.buffers);
    this.buffers.length = 0;
    this.words.length = 0;
    this.bytes.length = 0;
    this.#next = 1;
    this.#limit = 0;
  }
}
