// An HTTP/1.1 client that does next to nothing: one request at a time on one connection kept alive, written as bytes,
// its answer only cut at its length. General clients take as much time as a fast server, on the same machine; beside
// them this one shows what a server can do. Knows lengths and chunks, which every Node server answers with (RFC 9112).

import { connect } from 'node:net';
import { once } from 'node:events';

const blankLine = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');
const maxBytes = 64 * 2 ** 20;

export class RawConnection {
  #socket;
  #held = Buffer.alloc(0);
  #waiting;
  /** Of the answer under way, once its head is here. */
  #head;

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  static async open(url) {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  #take(chunk) {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (this.#held.length > maxBytes) return void this.#socket.destroy(new Error('the answer is too long'));
    this.#head ??= headOf(this.#held);
    if (this.#head === undefined) return;
    const { bodyAt, length, status } = this.#head;
    let end = bodyAt + length;
    if (length < 0) {
      // One answer at a time: the last chunk is the end of what is held.
      if (!this.#held.subarray(Math.max(bodyAt - 2, this.#held.length - lastChunk.length)).equals(lastChunk)) return;
      end = this.#held.length;
    } else if (this.#held.length < end) return;
    const answer = { status, head: this.#held.subarray(0, bodyAt), body: this.#held.subarray(bodyAt, end) };
    this.#held = this.#held.subarray(end);
    this.#head = undefined;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(answer);
  }

  /** Sends the bytes of one request; resolves with status, head and body, chunk marks left in it. */
  send(request) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close() {
    this.#socket.destroy();
  }
}

/** Length is -1 for chunks. Undefined while the head is not whole. */
function headOf(bytes) {
  const end = bytes.indexOf(blankLine);
  if (end < 0) return undefined;
  const text = bytes.latin1Slice(0, end);
  const status = Number(text.slice(9, 12));
  const bodyAt = end + blankLine.length;
  if (status === 204 || status === 304) return { status, bodyAt, length: 0 };
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  return { status, bodyAt, length: length === undefined ? -1 : Number(length) };
}
