// hello, isMaster: what a client must know of this server. It says that it is the primary and only member of a
// replica set, so that drivers offer sessions, retries and change streams. With `maxAwaitTimeMS` the answer waits,
// because the topology never changes; as an exhaust stream it comes again and again.
// Source: MongoDB driver specifications "Server Discovery And Monitoring", "Handshake".

import { BsonType } from '../../../model/bson/types.ts';
import { equalBytes } from '../../../model/bytes.ts';
import { childOf, fieldOf, textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import type { BsonWriter } from '../../../model/bson/write.ts';
import { writeSaslReply } from '../authenticate.ts';
import type { Call, Operation, Reply } from '../call.ts';
import { documentBytesMax } from '../decode.ts';
import { MongoError } from '../errors.ts';
import { messageBytesMax } from '../frame.ts';
import { scramMechanism } from '../scram.ts';
import { replicaSet, wireVersion } from '../version.ts';
import { batchItemsMax } from '../write-reply.ts';

/** Longest wait a client may ask for. */
const awaitMsMax = 10 * 60_000;

/** Seven bytes of ones and an election that never happens again. */
const electionId = Uint8Array.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1]);

export const sessionMinutes = 30;

function run(call: Call): Reply | Promise<Reply> | AsyncIterable<Reply> {
  const { args, request } = call;
  const version = args.object('topologyVersion');
  const awaitMs = args.count('maxAwaitTimeMS');
  if (version === undefined && awaitMs !== undefined)
    throw new MongoError(31368, "A request with 'maxAwaitTimeMS' must include a 'topologyVersion'");
  if (version !== undefined && awaitMs === undefined)
    throw new MongoError(31368, "A request with a 'topologyVersion' must include 'maxAwaitTimeMS'");
  const waits = version !== undefined && isOurs(version, call.shared.processId);
  const waitMs = waits ? Math.min(awaitMs!, awaitMsMax) : 0;
  if (request.exhaustAllowed && version !== undefined) return stream(call, waitMs, Math.min(awaitMs!, awaitMsMax));
  return waits ? after(call.signal, waitMs, helloReply(call)) : helloReply(call);
}

function isOurs(version: Raw, processId: Uint8Array): boolean {
  const process = fieldOf(version.slice(), 'processId');
  return process?.type === BsonType.objectId && equalBytes(process.slice(), processId);
}

async function after(signal: AbortSignal, milliseconds: number, reply: Reply): Promise<Reply> {
  await sleep(milliseconds, signal);
  return reply;
}

async function* stream(call: Call, firstMs: number, everyMs: number): AsyncIterable<Reply> {
  await sleep(firstMs, call.signal);
  while (!call.signal.aborted) {
    yield { ...helloReply(call), moreToCome: true };
    await sleep(everyMs, call.signal);
  }
}

/** Waits in real time, as drivers do, and no longer than the client is there. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    signal.addEventListener('abort', done);
  });
}

function helloReply(call: Call): Reply {
  const { args, client, request, shared } = call;
  const application = args.object('client');
  const name = application && childOf(application, 'application');
  const text = name && childOf(name, 'name');
  if (text?.type === BsonType.string) client.appName = textOfRaw(text);
  const speculative = args.object('speculativeAuthenticate');
  const reply = speculative === undefined ? undefined : client.authentication.speculate(speculative);
  return {
    fields: (writer) => {
      if (args.boolean('helloOk')) writer.boolean('helloOk', true);
      writer.beginObject('topologyVersion').objectId('processId', shared.processId).int64('counter', 0n).end();
      writeMember(writer, client.local, request.command);
      writeLastWrite(writer, call);
      writer
        .int32('maxBsonObjectSize', documentBytesMax)
        .int32('maxMessageSizeBytes', messageBytesMax)
        .int32('maxWriteBatchSize', batchItemsMax)
        .date('localTime', Math.floor(shared.deployment.nowMs()))
        .int32('logicalSessionTimeoutMinutes', sessionMinutes)
        .int32('connectionId', client.number)
        .int32('minWireVersion', wireVersion.min)
        .int32('maxWireVersion', wireVersion.max)
        .boolean('readOnly', false);
      writeCompression(writer, args.array('compression'));
      if (args.has('saslSupportedMechs')) writer.beginArray('saslSupportedMechs').string('', scramMechanism).end();
      if (reply !== undefined) {
        writer.beginObject('speculativeAuthenticate');
        writeSaslReply(writer, reply);
        writer.end();
      }
    },
  };
}

function writeMember(writer: BsonWriter, address: string, command: string): void {
  writer
    .beginArray('hosts')
    .string('', address)
    .end()
    .string('setName', replicaSet)
    .int32('setVersion', 1)
    .boolean(command === 'hello' ? 'isWritablePrimary' : 'ismaster', true)
    .boolean('secondary', false)
    .string('primary', address)
    .string('me', address)
    .objectId('electionId', electionId);
}

function writeLastWrite(writer: BsonWriter, { shared }: Call): void {
  const { seconds, increment } = shared.time.now();
  writer.beginObject('lastWrite');
  for (const [time, date] of [
    ['opTime', 'lastWriteDate'],
    ['majorityOpTime', 'majorityWriteDate'],
  ] as const)
    writer
      .beginObject(time)
      .timestamp('ts', seconds, increment)
      .int64('t', 1n)
      .end()
      .date(date, seconds * 1000);
  writer.end();
}

/** What of the client's compressors this server speaks; nothing when it asked for none. */
function writeCompression(writer: BsonWriter, asked: readonly Raw[] | undefined): void {
  const speaks = asked?.some((value) => value.type === BsonType.string && textOfRaw(value) === 'zlib') === true;
  if (speaks) writer.beginArray('compression').string('', 'zlib').end();
}

export const hello: Operation = { run };
