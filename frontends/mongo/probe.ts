// Proves that the open MongoDB door works: an item is written, found again and dropped through its real port by a
// client of a few lines, with credentials when the door asks for them. The database has a random name and is gone
// before the server says that it is ready.

import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { BsonType } from '../../model/bson/types.ts';
import { elementCount, fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { valueOf } from '../../model/value.ts';
import type { Account, Deployment, OpenDoor } from '../deployment.ts';
import { encodeMessage } from './encode.ts';
import { FrameSplitter, headerBytes, messageBytesMax } from './frame.ts';
import { scramMechanism } from './scram.ts';

/** A start that hangs here is one that failed. */
const answerMsMax = 10_000;

export async function probe(deployment: Deployment, door: OpenDoor): Promise<void> {
  const client = await ProbeClient.connect(door, deployment.tlsOnly === true);
  try {
    await client.run('admin', (command) => command.int32('hello', 1));
    if (!deployment.anonymous) await client.authenticate(deployment.accounts[0]!);
    await client.run('admin', (command) => command.int32('ping', 1));
    await writeAndRead(client);
  } finally {
    client.close();
  }
}

async function writeAndRead(client: ProbeClient): Promise<void> {
  const database = `meridian-probe-${randomBytes(8).toString('hex')}`;
  try {
    await client.run(database, (command) =>
      command.string('insert', 'c').beginArray('documents').beginObject('').string('_id', 'i').end().end(),
    );
    const reply = await client.run(database, (command) =>
      command.string('find', 'c').beginObject('filter').string('_id', 'i').end(),
    );
    const cursor = fieldOf(reply, 'cursor')?.slice();
    const batch = cursor === undefined ? undefined : fieldOf(cursor, 'firstBatch');
    if (batch?.type !== BsonType.array || elementCount(batch.bytes, batch.start) !== 1)
      throw new Error('the MongoDB door does not work: what was written is not found');
  } finally {
    await client.run(database, (command) => command.int32('dropDatabase', 1));
  }
}

class ProbeClient {
  readonly #socket: Socket;
  readonly #frames = new FrameSplitter(messageBytesMax);
  #requestId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async connect({ host, port }: OpenDoor, encrypted: boolean): Promise<ProbeClient> {
    // An address that means "all" is none to connect to.
    const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    // It is our own port: whom the certificate names is the operator's affair.
    const socket = encrypted
      ? connectTls({ host: reachable, port, rejectUnauthorized: false })
      : connect({ host: reachable, port, noDelay: true });
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error('the MongoDB door does not answer')));
    await once(socket, encrypted ? 'secureConnect' : 'connect');
    return new ProbeClient(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Runs one command and gives its reply; throws when that is not `ok: 1`. */
  async run(database: string, fill: (command: BsonWriter) => BsonWriter): Promise<Uint8Array> {
    const body = fill(new BsonWriter(256).beginDocument()).string('$db', database).end().finish();
    this.#socket.write(encodeMessage(0, ++this.#requestId, body, 0));
    let frame = this.#frames.next();
    while (frame === undefined) {
      const [chunk] = (await once(this.#socket, 'data')) as [Buffer];
      this.#frames.push(chunk);
      frame = this.#frames.next();
    }
    // A reply is laid out like a request: flags, then one section of kind 0.
    const reply = frame.subarray(headerBytes + 5);
    if (valueOf(fieldOf(reply, 'ok')) === 1 && fieldOf(reply, 'writeErrors') === undefined) return reply;
    const words = fieldOf(reply, 'errmsg');
    throw new Error(`the MongoDB door does not work: ${words === undefined ? 'a write failed' : textOfRaw(words)}`);
  }

  /** SCRAM-SHA-256, the client's side (RFC 5802), as the account's own user. */
  async authenticate({ id, keys }: Account): Promise<void> {
    const nonce = randomBytes(24).toString('base64');
    const bare = `n=${id.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
    const first = await this.run('admin', (command) =>
      command
        .int32('saslStart', 1)
        .string('mechanism', scramMechanism)
        .binary('payload', 0, Buffer.from(`n,,${bare}`))
        .beginObject('options')
        .boolean('skipEmptyExchange', true)
        .end(),
    );
    const serverFirst = payloadOf(first);
    const part = (name: string): string => new RegExp(`(?:^|,)${name}=([^,]*)`).exec(serverFirst)![1]!;
    const salted = await promisify(pbkdf2)(
      keys.primary,
      Buffer.from(part('s'), 'base64'),
      Number(part('i')),
      32,
      'sha256',
    );
    const hmac = (key: Buffer, text: string | Buffer): Buffer => createHmac('sha256', key).update(text).digest();
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `c=biws,r=${part('r')}`;
    const signature = hmac(createHash('sha256').update(clientKey).digest(), `${bare},${serverFirst},${withoutProof}`);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64');
    const conversation = valueOf(fieldOf(first, 'conversationId')) as number;
    await this.run('admin', (command) =>
      command
        .int32('saslContinue', 1)
        .int32('conversationId', conversation)
        .binary('payload', 0, Buffer.from(`${withoutProof},p=${proof}`)),
    );
  }
}

function payloadOf(reply: Uint8Array): string {
  const payload = fieldOf(reply, 'payload')!;
  // A binary value: length, subtype, bytes.
  return Buffer.from(payload.slice().subarray(5)).toString('utf8');
}
