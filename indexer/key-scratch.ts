// Where the term that is being added lies while it is hashed, compared and copied: one scratch per thread, so that
// a document's terms cost no allocation. Terms are added synchronously; nobody keeps a reference to it.

/** Bytes of the longest tag and value: a composite of eight cut strings, every byte escaped, is under 2 KB. */
export const keyBytesMax = 4096;

/** What a cursor makes room for before it meets a longer key: arrays of that size cost next to nothing to make. */
export const shortKeyBytes = 64;

/** A larger array for a key of `length` bytes, with the first `kept` of the present one. */
export function grownKey(key: Uint8Array, kept: number, length: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(length, 2 * key.length));
  for (let i = 0; i < kept; i++) grown[i] = key[i]!;
  return grown;
}

const buffer = new ArrayBuffer(keyBytesMax);

/** Tag and value from byte 0. */
export const keyBytes = new Uint8Array(buffer);
/** The same as words; the bytes after the key up to a whole word are zero when it is hashed. */
export const keyWords = new Int32Array(buffer);

/** Hash of path and key; 32 bits, well mixed, never 0. The key is `length` bytes of `bytes`, zero up to a word. */
export function hashKey(path: number, words: Int32Array, length: number): number {
  let hash = Math.imul(path ^ (length << 16), 0x9e3779b1);
  const count = (length + 3) >> 2;
  for (let i = 0; i < count; i++) {
    let word = Math.imul(words[i]!, 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash | 0 || 1;
}

/** Clears the rest of the key's last word, as `hashKey` and the memtable need it. */
export function padKey(length: number): void {
  for (let i = length; (i & 3) !== 0; i++) keyBytes[i] = 0;
}

/** The hash of a full term (path, tag, value) that lies in any bytes. Overwrites the scratch. */
export function hashTerm(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start - 2;
  for (let i = 0; i < length; i++) keyBytes[i] = bytes[start + 2 + i]!;
  padKey(length);
  return hashKey((bytes[start]! << 8) | bytes[start + 1]!, keyWords, length);
}
