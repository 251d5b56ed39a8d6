// New ObjectIds: seconds, five bytes of chance per process, a counter (MongoDB manual, "ObjectId").

import { randomBytes } from 'node:crypto';
import { BsonType } from '../../model/bson/types.ts';
import { Raw } from '../../model/bson/walk.ts';
import { writeUint32BE } from '../../model/bytes.ts';

export class ObjectIds {
  readonly #nowMs: () => number;
  readonly #process = randomBytes(5);
  #counter = randomBytes(3).readUIntBE(0, 3);

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  next(): Uint8Array {
    const bytes = new Uint8Array(12);
    writeUint32BE(bytes, 0, Math.floor(this.#nowMs() / 1000) >>> 0);
    bytes.set(this.#process, 4);
    this.#counter = (this.#counter + 1) & 0xffffff;
    bytes[9] = this.#counter >>> 16;
    bytes[10] = (this.#counter >>> 8) & 0xff;
    bytes[11] = this.#counter & 0xff;
    return bytes;
  }

  readonly nextRaw = (): Raw => new Raw(this.next(), BsonType.objectId, 0, 12);
}
