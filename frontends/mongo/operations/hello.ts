// hello, isMaster, ismaster: who answers, what it can do; and the streaming form a driver's monitor uses: with the
// topologyVersion it knows and maxAwaitTimeMS, the answer waits until there is news or the time is over.
// Source: MongoDB specifications, "Server Monitoring" and "MongoDB Handshake".

import { setTimeout as wait } from 'node:timers/promises';
import { BsonType } from '../../../model/bson/types.ts';
import type { BsonWriter } from '../../../model/bson/write.ts';
import { childOf, fieldOf, textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import { scramMechanism } from '../scram.ts';
import { writeSaslReply } from '../authenticate.ts';
import { elementsOf, isNumber, numberOf, truthOf } from '../bson-input.ts';
import type { Answer, Command, CommandContext } from '../command.ts';
import { documentBytesMax } from '../decode.ts';
import { badValue } from '../errors.ts';
import { messageBytesMax } from '../frame.ts';
import {
  maxWireVersion,
  minWireVersion,
  replicaSetName,
  sessionTimeoutMinutes,
  writeBatchDocumentsMax,
} from '../versions.ts';

/** Longest a monitor may ask us to wait. */
const awaitMsMax = 60_000;

export const hello: Command = { open: true, run: answer };

function answer(context: CommandContext): Answer | AsyncIterable<Answer> {
  const { request } = context;
  noteClient(context);
  const awaitMs = awaitMsOf(context);
  const first: Answer = { write: (writer) => writeHello(context, writer) };
  if (awaitMs === undefined) return first;
  return stream(context, awaitMs, request.exhaustAllowed);
}

/** The topology of one process changes only when it ends: every answer but the first waits its full time. */
async function* stream(context: CommandContext, awaitMs: number, exhaust: boolean): AsyncIterable<Answer> {
  let waits = knowsTopology(context);
  do {
    if (waits) {
      try {
        await wait(awaitMs, undefined, { signal: context.signal, ref: false });
      } catch {
        return;
      }
    }
    waits = true;
    yield { write: (writer) => writeHello(context, writer), moreToCome: exhaust };
  } while (exhaust && !context.signal.aborted);
}

function awaitMsOf({ request }: CommandContext): number | undefined {
  const awaitMs = fieldOf(request.body, 'maxAwaitTimeMS');
  const known = fieldOf(request.body, 'topologyVersion');
  if (awaitMs === undefined && known === undefined) return undefined;
  if (awaitMs === undefined || known?.type !== BsonType.object || !isNumber(awaitMs) || !(numberOf(awaitMs) >= 0))
    throw badValue("'topologyVersion' and 'maxAwaitTimeMS' must be given together");
  return Math.min(numberOf(awaitMs), awaitMsMax);
}

function knowsTopology({ request, server }: CommandContext): boolean {
  const known = childOf(fieldOf(request.body, 'topologyVersion')!, 'processId');
  return known?.type === BsonType.objectId && Buffer.compare(known.slice(), server.processId) === 0;
}

/** Remembers the application's name: fail points and logs go by it. */
function noteClient({ request, connection }: CommandContext): void {
  const client = fieldOf(request.body, 'client');
  const application = client === undefined ? undefined : childOf(client, 'application');
  const name = application === undefined ? undefined : childOf(application, 'name');
  if (name?.type === BsonType.string) connection.appName = textOfRaw(name);
}

function writeHello({ request, server, connection }: CommandContext, writer: BsonWriter): void {
  const modern = request.command === 'hello';
  const host =
    server.deployment.advertise === undefined
      ? connection.local
      : advertised(server.deployment.advertise, connection.local);
  const nowMs = server.deployment.nowMs();
  const asked = fieldOf(request.body, 'helloOk');
  if (asked !== undefined && truthOf(asked)) writer.boolean('helloOk', true);
  writer.beginObject('topologyVersion').objectId('processId', server.processId).int64('counter', 1n).end();
  writer.beginArray('hosts').string('', host).end();
  writer.string('setName', replicaSetName).int32('setVersion', 1);
  writer.boolean(modern ? 'isWritablePrimary' : 'ismaster', true).boolean('secondary', false);
  writer.string('primary', host).string('me', host);
  writer.objectId('electionId', electionId);
  const time = server.clusterTime();
  writer.beginObject('lastWrite');
  writer.beginObject('opTime').timestamp('ts', time.seconds, time.increment).int64('t', 1n).end();
  writer.date('lastWriteDate', time.seconds * 1000);
  writer.beginObject('majorityOpTime').timestamp('ts', time.seconds, time.increment).int64('t', 1n).end();
  writer.date('majorityWriteDate', time.seconds * 1000).end();
  writer.int32('maxBsonObjectSize', documentBytesMax);
  writer.int32('maxMessageSizeBytes', messageBytesMax);
  writer.int32('maxWriteBatchSize', writeBatchDocumentsMax);
  writer.date('localTime', Math.floor(nowMs));
  writer.int32('logicalSessionTimeoutMinutes', sessionTimeoutMinutes);
  writer.int32('connectionId', connection.id);
  writer.int32('minWireVersion', minWireVersion).int32('maxWireVersion', maxWireVersion);
  writer.boolean('readOnly', false);
  if (agreesOnZlib(fieldOf(request.body, 'compression'))) writer.beginArray('compression').string('', 'zlib').end();
  if (fieldOf(request.body, 'saslSupportedMechs') !== undefined)
    // The same for every name: whether a user exists is not told.
    writer.beginArray('saslSupportedMechs').string('', scramMechanism).end();
  const speculative = fieldOf(request.body, 'speculativeAuthenticate');
  const reply = speculative === undefined ? undefined : connection.authentication.speculate(speculative);
  if (reply !== undefined) {
    writer.beginObject('speculativeAuthenticate');
    writeSaslReply(writer, reply);
    writer.end();
  }
}

/** Term 1 of the one election there was. */
const electionId = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1);

/** Host of the URL we are told to tell, with the port the client came in by. */
function advertised(url: string, local: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : url;
  return `${host}:${local.slice(local.lastIndexOf(':') + 1)}`;
}

function agreesOnZlib(offered: Raw | undefined): boolean {
  if (offered?.type !== BsonType.array) return false;
  return elementsOf(offered).some((each) => each.type === BsonType.string && textOfRaw(each) === 'zlib');
}
