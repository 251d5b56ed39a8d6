// Cutting a byte stream into MongoDB wire messages. Every message begins with its own length (int32), then
// request id, response-to and opcode (MongoDB wire protocol, "Standard Message Header"). The length is checked
// before anything is buffered, so a peer can never make us hold more than `bytesMax` and one socket chunk.

import { readInt32 } from '../../model/bytes.ts';
import { ProtocolError } from './errors.ts';

export const headerBytes = 16;

/** Largest message once the client may use the server: what `hello` says as maxMessageSizeBytes. */
export const messageBytesMax = 48_000_000;

/** Largest message before authentication: hello with client metadata and SASL steps fit in far less. */
export const unauthenticatedMessageBytesMax = 16 * 1024;

export class FrameSplitter {
  /** Raised by the connection when its client is authenticated. */
  bytesMax: number;
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;
  /** Bytes of the first chunk that are already used. */
  #offset = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bufferedBytes(): number {
    return this.#buffered;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** The next whole message, or undefined until more bytes come. Throws ProtocolError for an impossible length. */
  next(): Uint8Array | undefined {
    if (this.#buffered < 4) return undefined;
    const length = this.#peekLength();
    if (length < headerBytes || length > this.bytesMax)
      throw new ProtocolError(`message length ${length} is not between ${headerBytes} and ${this.bytesMax}`);
    if (this.#buffered < length) return undefined;
    return this.#take(length);
  }

  #peekLength(): number {
    const first = this.#chunks[0]!;
    if (first.length - this.#offset >= 4) return readInt32(first, this.#offset);
    let value = 0;
    let shift = 0;
    let offset = this.#offset;
    for (const chunk of this.#chunks) {
      for (let i = offset; i < chunk.length && shift < 32; i++, shift += 8) value |= chunk[i]! << shift;
      offset = 0;
      if (shift === 32) break;
    }
    return value;
  }

  /** A view when the message lies in one chunk, else one copy of exact length. */
  #take(length: number): Uint8Array {
    this.#buffered -= length;
    const first = this.#chunks[0]!;
    const end = this.#offset + length;
    if (end <= first.length) {
      const frame = first.subarray(this.#offset, end);
      if (end === first.length) {
        this.#chunks.shift();
        this.#offset = 0;
      } else {
        this.#offset = end;
      }
      return frame;
    }
    const frame = new Uint8Array(length);
    let filled = 0;
    let used = 0;
    while (filled < length) {
      const chunk = this.#chunks[used]!;
      const from = used === 0 ? this.#offset : 0;
      const take = Math.min(chunk.length - from, length - filled);
      frame.set(chunk.subarray(from, from + take), filled);
      filled += take;
      if (from + take === chunk.length) {
        used++;
        this.#offset = 0;
      } else {
        this.#offset = from + take;
      }
    }
    this.#chunks.splice(0, used);
    return frame;
  }
}
