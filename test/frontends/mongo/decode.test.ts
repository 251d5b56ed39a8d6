import { deserialize } from 'bson';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../frontends/mongo/crc32c.ts';
import { decodeRequest, type MongoRequest } from '../../../frontends/mongo/decode.ts';
import { encodeCompressed, encodeMessage, encodeReply, okBody } from '../../../frontends/mongo/encode.ts';
import { ProtocolError } from '../../../frontends/mongo/errors.ts';
import { FrameSplitter, messageBytesMax, unauthenticatedMessageBytesMax } from '../../../frontends/mongo/frame.ts';
import { bodySection, bson, compressed, frame, int32, joined, message, randomOf, sequenceSection } from './wire.ts';

const ping = { ping: 1, $db: 'admin' };

function decode(bytes: Uint8Array): MongoRequest {
  return decodeRequest(bytes, messageBytesMax);
}

function failure(bytes: Uint8Array): ProtocolError {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error('the frame was accepted');
}

describe('CRC-32C', () => {
  test('gives the check value of its definition', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });
});

describe('frames', () => {
  test('are found whatever the chunks they arrive in', () => {
    const bytes = joined(message([bodySection(ping)], 0, 1), message([bodySection({ hello: 1, $db: 'x' })], 0, 2));
    for (const size of [1, 3, 5, 16, 1000]) {
      const splitter = new FrameSplitter(messageBytesMax);
      const commands: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        splitter.push(bytes.subarray(at, at + size));
        for (let next = splitter.next(); next !== undefined; next = splitter.next())
          commands.push(decode(next).command);
      }
      expect(commands).toEqual(['ping', 'hello']);
      expect(splitter.bufferedBytes).toBe(0);
    }
  });

  test('of an impossible length are refused before their bytes are awaited', () => {
    for (const length of [0, 15, -1, unauthenticatedMessageBytesMax + 1, 0x7fffffff]) {
      const splitter = new FrameSplitter(unauthenticatedMessageBytesMax);
      splitter.push(int32(length));
      expect(() => splitter.next()).toThrow(ProtocolError);
    }
  });
});

describe('OP_MSG', () => {
  test('gives command, database and the body as the bytes that came', () => {
    const request = decode(message([bodySection({ find: 'c', $db: 'shop' })], 0, 99));
    expect(request).toMatchObject({ kind: 'message', requestId: 99, command: 'find', database: 'shop' });
    expect(Uint8Array.from(request.body)).toEqual(bson({ find: 'c', $db: 'shop' }));
  });

  test('gives document sequences by name, before or after the body', () => {
    const sequence = sequenceSection('documents', [{ a: 1 }, { a: 2 }]);
    const body = bodySection({ insert: 'c', $db: 'd' });
    for (const sections of [
      [body, sequence],
      [sequence, body],
    ]) {
      const { sequences } = decode(message(sections));
      expect(sequences.map(({ name, documents }) => [name, documents.map((each) => deserialize(each))])).toEqual([
        ['documents', [{ a: 1 }, { a: 2 }]],
      ]);
    }
  });

  test('tells moreToCome and exhaustAllowed', () => {
    expect(decode(message([bodySection(ping)], 2)).moreToCome).toBe(true);
    expect(decode(message([bodySection(ping)], 1 << 16)).exhaustAllowed).toBe(true);
    expect(decode(message([bodySection(ping)]))).toMatchObject({ moreToCome: false, exhaustAllowed: false });
  });

  test('is accepted with a right checksum and refused with a wrong one', () => {
    const right = message([bodySection(ping)], 1);
    expect(decode(right).checksum).toBe(true);
    const wrong = Uint8Array.from(right);
    wrong[wrong.length - 1]! ^= 1;
    expect(failure(wrong)).toMatchObject({ closes: true, requestId: 7 });
  });

  test('with an unknown required flag is refused by its own code; an unknown optional one is ignored', () => {
    expect(failure(message([bodySection(ping)], 1 << 7))).toMatchObject({ code: 223, closes: true });
    expect(decode(message([bodySection(ping)], 1 << 20)).command).toBe('ping');
  });

  test.each([
    ['two bodies', [bodySection(ping), bodySection(ping)], 40430],
    ['no body', [sequenceSection('documents', [{}, {}])], 40587],
    ['an unknown section kind', [Uint8Array.of(9), bodySection(ping)], 40432],
    ['a sequence named twice', [bodySection(ping), sequenceSection('a', []), sequenceSection('a', [])], 40431],
  ])('with %s is refused', (_what, sections, code) => {
    expect(failure(message(sections))).toMatchObject({ code, closes: true });
  });

  test.each([
    ['no $db', { ping: 1 }, 40571],
    ['a $db that is no string', { ping: 1, $db: 5 }, 14],
    ['no command', {}, 59],
  ])('with %s is answered with an error and the connection lives', (_what, body, code) => {
    expect(failure(message([bodySection(body)]))).toMatchObject({ code, closes: false, requestId: 7 });
  });

  test('with malformed BSON in a whole frame is answered with InvalidBSON and the connection lives', () => {
    const bytes = message([bodySection({ ping: 1, $db: 'x', a: true })]);
    bytes[bytes.length - 2] = 7;
    expect(failure(bytes)).toMatchObject({ code: 22, closes: false });
  });
});

describe('OP_QUERY', () => {
  const query = (collection: string, document: object): Uint8Array =>
    frame(2004, joined(int32(4), Buffer.from(`${collection}\0`), int32(0, -1), bson(document)));

  test('gives the command of a first hello, wrapped or not', () => {
    expect(decode(query('admin.$cmd', { isMaster: 1 }))).toMatchObject({
      kind: 'query',
      command: 'isMaster',
      database: 'admin',
    });
    expect(decode(query('admin.$cmd', { $query: { hello: 1 }, $readPreference: {} })).command).toBe('hello');
  });

  test('of a collection is refused', () => {
    expect(failure(query('shop.c', {})).closes).toBe(true);
  });

  test('is answered by OP_REPLY', () => {
    const reply = Buffer.from(encodeReply(decode(query('admin.$cmd', { isMaster: 1 })), 3, okBody()));
    expect([reply.readInt32LE(0), reply.readInt32LE(8), reply.readInt32LE(12), reply.readInt32LE(32)]).toEqual([
      reply.length,
      7,
      1,
      1,
    ]);
    expect(deserialize(reply.subarray(36))).toEqual({ ok: 1 });
  });
});

describe('OP_COMPRESSED', () => {
  test('gives the request inside, and its reply goes back compressed', () => {
    const request = decode(compressed(message([bodySection({ find: 'c', $db: 'd' })])));
    expect(request).toMatchObject({ command: 'find', compressor: 2 });
    const reply = Buffer.from(
      encodeReply(
        request,
        1,
        okBody((writer) => writer.string('text', 'x'.repeat(2000))),
      ),
    );
    expect(reply.readInt32LE(12)).toBe(2012);
    expect(reply.length).toBeLessThan(200);
  });

  test('that unfolds to more or less than it claims is refused, as is one that claims too much', () => {
    const plain = message([bodySection({ ping: 1, $db: 'd', text: 'x'.repeat(1000) })]);
    for (const claimed of [0, 5, plain.length - 17, plain.length - 15, messageBytesMax, -1, 0x7fffffff])
      expect(failure(compressed(plain, claimed)).closes).toBe(true);
  });

  test('that would unfold beyond the limit of the connection is refused', () => {
    const plain = message([bodySection({ ping: 1, $db: 'd', text: 'x'.repeat(100_000) })]);
    expect(() => decodeRequest(compressed(plain), unauthenticatedMessageBytesMax)).toThrow(ProtocolError);
  });

  test('inside another, or by an unknown compressor, is refused', () => {
    expect(failure(compressed(compressed(message([bodySection(ping)])))).closes).toBe(true);
    expect(failure(compressed(message([bodySection(ping)]), undefined, 1)).closes).toBe(true);
  });

  test('as we write it is as we read it', () => {
    const plain = encodeMessage(0, 5, bson({ ping: 1, $db: 'd', text: 'y'.repeat(3000) }), 0);
    expect(decode(encodeCompressed(plain)).command).toBe('ping');
  });
});

describe('any bytes', () => {
  const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? 1);

  test('give a request or a protocol error, never anything else', () => {
    const seed = Number(process.env['MERIDIAN_SEED'] ?? Date.now() % 1_000_000);
    const random = randomOf(seed);
    const pick = (below: number): number => Math.floor(random() * below);
    const models = [
      message([bodySection({ insert: 'c', $db: 'd' }), sequenceSection('documents', [{ a: [1, { b: 'x' }] }, {}])]),
      message([bodySection({ find: 'c', $db: 'd', filter: { a: /x/i, b: Buffer.from('z') } })], 1),
      compressed(message([bodySection({ ping: 1, $db: 'd', pad: 'p'.repeat(300) })])),
      frame(2004, joined(int32(0), Buffer.from('admin.$cmd\0'), int32(0, -1), bson({ isMaster: 1 }))),
    ];
    const interesting = [0, 1, 0x7f, 0x80, 0xff];
    let accepted = 0;
    let refused = 0;
    for (let run = 0; run < 20_000 * scale; run++) {
      const bytes = Uint8Array.from(models[pick(models.length)]!);
      for (let change = pick(4); change >= 0; change--)
        bytes[pick(bytes.length)] = random() < 0.5 ? pick(256) : interesting[pick(interesting.length)]!;
      const cut = random() < 0.2 ? bytes.subarray(0, pick(bytes.length + 1)) : bytes;
      const splitter = new FrameSplitter(1 << 20);
      try {
        splitter.push(cut);
        for (let next = splitter.next(); next !== undefined; next = splitter.next()) {
          const request = decodeRequest(next, 1 << 20);
          encodeReply(request, 1, okBody());
          accepted++;
        }
      } catch (error) {
        if (!(error instanceof ProtocolError))
          throw new Error(`seed ${seed}, run ${run}: ${Buffer.from(cut).toString('hex')}`, { cause: error });
        refused++;
      }
    }
    expect(accepted, `seed ${seed}`).toBeGreaterThan(100);
    expect(refused, `seed ${seed}`).toBeGreaterThan(100);
  });
});
