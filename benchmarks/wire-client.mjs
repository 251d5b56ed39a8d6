// A client of the MongoDB wire protocol that does next to nothing: one command at a time on one connection, encoded by
// `bson`, its reply only looked at for `ok`. The drivers take more time than the servers they ask, on the same
// machine; beside them this one shows what a server can do. OP_MSG of the MongoDB manual, "Wire Protocol".

import { connect } from 'node:net';
import { once } from 'node:events';
import { deserialize, serialize } from 'bson';

const opMessage = 2013;
const headerBytes = 21;
const okTrue = Buffer.concat([Buffer.from('\x01ok\0', 'latin1'), Buffer.from(Float64Array.of(1).buffer)]);

export class WireConnection {
  #socket;
  #parts = [];
  #held = 0;
  #waiting;
  #request = 0;

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
    return new WireConnection(socket);
  }

  #take(chunk) {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    if (this.#held < 4) return;
    const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [bytes];
    if (bytes.length < bytes.readUInt32LE(0)) return;
    this.#parts = [];
    this.#held = 0;
    this.#waiting.resolve(bytes.subarray(headerBytes));
  }

  /** The reply as BSON. Throws when it is no success. */
  async run(command) {
    const body = serialize(command);
    const message = Buffer.allocUnsafe(headerBytes + body.length);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt32LE(++this.#request, 4);
    message.writeUInt32LE(0, 8);
    message.writeUInt32LE(opMessage, 12);
    message.writeUInt32LE(0, 16);
    message[20] = 0;
    message.set(body, headerBytes);
    const reply = await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(message);
    });
    if (!reply.includes(okTrue)) throw new Error(`refused: ${JSON.stringify(deserialize(reply))}`);
    return reply;
  }

  close() {
    this.#socket.destroy();
  }
}
