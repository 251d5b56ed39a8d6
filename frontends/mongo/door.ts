// One connection's requests in the terms of `frontends/serve.ts`: decode, who asks, which operation, how it is
// answered. Errors are replies here too; only a broken frame ends the connection.

import { DatabaseError } from '../../model/errors.ts';
import { readInt32 } from '../../model/bytes.ts';
import { isQuorumLevel, type Account } from '../deployment.ts';
import type { Door, Principal } from '../serve.ts';
import { Arguments } from './arguments.ts';
import type { Client, Call, Reply, Run, Shared } from './call.ts';
import { deadlineOf, type Deadline } from './deadline.ts';
import { decodeRequest, type MongoRequest } from './decode.ts';
import { encodeMessage, encodeReply, errorBody, okBody } from './encode.ts';
import { databaseErrorOf, MongoCode, MongoError, mongoErrorOf, ProtocolError } from './errors.ts';
import { messageBytesMax, unauthenticatedMessageBytesMax } from './frame.ts';
import { suffer } from './suffer.ts';
import { commandOf, type Command } from './surface.ts';

export const protocol = 'mongo';

/** What the connection learns from a request on its way. */
export interface Fate {
  /** The connection ends once the answer is sent. */
  closes: boolean;
}

/** Bytes of a message from this client: little until it is known. */
export function bytesMaxOf(client: Client): number {
  return client.authentication.allowed ? messageBytesMax : unauthenticatedMessageBytesMax;
}

/** No output when the client wants none. */
export function mongoDoor(
  shared: Shared,
  client: Client,
  fate: Fate,
): Door<Uint8Array, MongoRequest, Reply, Uint8Array | undefined> {
  let replies = 0;
  let streamed: { readonly request: MongoRequest; readonly replyId: number } | undefined;
  const nextReplyId = (): number => (replies = (replies + 1) & 0x7fffffff);
  return {
    protocol,
    decode: (frame) => decodeRequest(frame, bytesMaxOf(client)),
    operationOf: (request) => commandOf(request.command)?.name ?? 'unknown',
    authenticate: (request) => principalOf(shared, client, request),
    operate: (request, principal, signal) => run(shared, client, request, principal, signal),
    encode: (reply, request) => {
      if (request.moreToCome) return undefined;
      const body = okBody(reply.fields, shared.time.append, reply.bytes);
      // In a stream each reply answers the one before it.
      const answered = streamed?.request === request ? { ...request, requestId: streamed.replyId } : request;
      const replyId = nextReplyId();
      streamed = reply.moreToCome === true ? { request, replyId } : undefined;
      return encodeReply(answered, replyId, body, reply.moreToCome);
    },
    translate: (thrown) =>
      thrown instanceof MongoError || thrown instanceof ProtocolError ? databaseErrorOf(thrown) : undefined,
    fail: (error, frame, request) => {
      fate.closes ||= client.authentication.exhausted;
      const { cause } = error;
      if (request === undefined && !(cause instanceof ProtocolError && !cause.closes)) fate.closes = true;
      if (request?.moreToCome === true) return undefined;
      const body = errorBody(mongoErrorOf(error), shared.time.append);
      return request === undefined
        ? encodeMessage(readInt32(frame, 4), nextReplyId(), body, 0)
        : encodeReply(request, nextReplyId(), body);
    },
  };
}

/** The account a user stands for; the first one when no credentials are asked for. */
function accountOf({ deployment }: Shared, client: Client): Account {
  const name = client.authentication.principal?.name;
  return deployment.accounts.find((account) => account.id === name) ?? deployment.accounts[0]!;
}

function principalOf(shared: Shared, client: Client, request: MongoRequest): Principal {
  const command = commandOf(request.command);
  if (!client.authentication.allowed && command?.open !== true)
    throw new MongoError(MongoCode.Unauthorized, `Command ${request.command} requires authentication`);
  return {
    account: accountOf(shared, client).number,
    name: client.authentication.principal?.name ?? '',
    access: 'full',
  };
}

function run(
  shared: Shared,
  client: Client,
  request: MongoRequest,
  principal: Principal,
  gone: AbortSignal,
): Reply | Promise<Reply> | AsyncIterable<Reply> {
  const command = commandOf(request.command);
  if (command === undefined || (command.test === true && !shared.deployment.testCommands))
    throw new MongoError(MongoCode.CommandNotFound, `no such command: '${request.command}'`);
  if (command.adminOnly === true && request.database !== 'admin')
    throw new MongoError(MongoCode.Unauthorized, `${command.name} may only be run against the admin database.`);
  const { operation } = command;
  if (operation === undefined)
    throw new MongoError(MongoCode.CommandNotSupported, `the command ${command.name} is not supported by this server`);
  // OP_QUERY is what clients of long ago begin with, to learn that they must not go on with it.
  if (request.kind === 'query' && operation !== commandOf('hello')!.operation)
    throw new MongoError(
      MongoCode.UnsupportedOpQueryCommand,
      `Unsupported OP_QUERY command: ${request.command}. The client driver may require an upgrade.`,
    );
  const args = new Arguments(command.name, request.body, operation.arguments, request.sequences);
  checkGeneric(command, args);
  const account = shared.deployment.accounts.find(({ number }) => number === principal.account)!;
  const timeout = args.count('maxTimeMS') ?? 0;
  const deadline = timeout > 0 ? deadlineOf(gone, timeout) : undefined;
  const call: Call = {
    request,
    args,
    shared,
    client,
    account,
    engine: account.engine,
    context: { account: account.number, isQuorumRead: isQuorumLevel(shared.deployment.consistency) },
    signal: deadline?.signal ?? gone,
  };
  const fault = command.test === true ? undefined : shared.failPoints.meet(command.name, client.appName);
  const answered = (): ReturnType<Run> =>
    fault === undefined ? operation.run(call) : suffer(call, fault, () => operation.run(call));
  return deadline === undefined ? answered() : timed(answered, deadline, gone);
}

/** The same answer, which fails when its time is over. */
function timed(answered: () => ReturnType<Run>, deadline: Deadline, gone: AbortSignal): ReturnType<Run> {
  let answer: ReturnType<Run>;
  try {
    answer = answered();
  } catch (error) {
    deadline.end();
    throw error;
  }
  if (answer instanceof Promise)
    return answer.catch((error: unknown) => rethrow(error, gone)).finally(() => deadline.end());
  if (Symbol.asyncIterator in answer) return timedStream(answer, deadline, gone);
  deadline.end();
  return answer;
}

async function* timedStream(
  replies: AsyncIterable<Reply>,
  deadline: Deadline,
  gone: AbortSignal,
): AsyncIterable<Reply> {
  try {
    yield* replies;
  } catch (error) {
    rethrow(error, gone);
  } finally {
    deadline.end();
  }
}

/** Work that stopped before the client left stopped because its time was over. */
function rethrow(error: unknown, gone: AbortSignal): never {
  if (error instanceof DatabaseError && error.code === 'Cancelled' && !gone.aborted)
    throw new MongoError(MongoCode.MaxTimeMSExpired, 'operation exceeded time limit');
  throw error;
}

/** Arguments that stand in any command. */
function checkGeneric(command: Command, args: Arguments): void {
  if (args.has('autocommit') || args.has('startTransaction'))
    throw new MongoError(
      MongoCode.OperationNotSupportedInTransaction,
      `Cannot run '${command.name}' in a multi-document transaction.`,
    );
  const version = args.string('apiVersion');
  if (version !== undefined && version !== '1')
    throw new MongoError(MongoCode.APIVersionError, 'API version must be "1"');
  const concern = args.document('readConcern');
  if (concern !== undefined && new Arguments('readConcern', concern, undefined).string('level') === 'snapshot')
    throw new MongoError(MongoCode.InvalidOptions, 'read concern snapshot is not supported by this server');
}
