// What stands between a decoded request and its command: is it known, may it run here and now, does a fail point
// meet it. The commands themselves know nothing of this.

import { setTimeout as wait } from 'node:timers/promises';
import { fieldOf } from '../../model/bson/walk.ts';
import type { Answer, CommandContext } from './command.ts';
import { MongoCode, MongoError } from './errors.ts';
import type { Fault } from './fail-points.ts';
import { surface } from './surface.ts';

const handshakes: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster']);

/** Codes after which a driver may send a write again (retryable writes specification). */
const retryableCodes: ReadonlySet<number> = new Set([
  6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

/** The answer or answers, or 'close' when a fail point wants the connection gone. */
export async function operate(context: CommandContext): Promise<Answer | AsyncIterable<Answer> | 'close'> {
  const { request, connection, server } = context;
  const { command: name, database } = request;
  const command = surface.get(name);
  if (request.kind === 'query' && !handshakes.has(name))
    throw new MongoError(MongoCode.UnsupportedOpQueryCommand, `Unsupported OP_QUERY command: ${name}`);
  if (command === undefined || (command.test === true && !server.deployment.testCommands))
    throw new MongoError(MongoCode.CommandNotFound, `no such command: '${name}'`);
  if (command.open !== true && !connection.authentication.allowed)
    throw new MongoError(MongoCode.Unauthorized, `Command ${name} requires authentication`);
  if (command.admin === true && database !== 'admin')
    throw new MongoError(MongoCode.Unauthorized, `${name} may only be run against the admin database.`);
  const fault = command.test === true ? undefined : server.failPoints.meet(name, connection.appName);
  if (fault === undefined) return command.run(context);
  return suffer(context, fault, () => command.run(context));
}

async function suffer(
  { request, signal }: CommandContext,
  fault: Fault,
  run: () => Answer | Promise<Answer> | AsyncIterable<Answer>,
): Promise<Answer | AsyncIterable<Answer> | 'close'> {
  if (fault.blockMs > 0) await wait(fault.blockMs, undefined, { signal, ref: false });
  if (fault.closeConnection) return 'close';
  if (fault.errorCode !== undefined) {
    const retryable = retryableCodes.has(fault.errorCode) && fieldOf(request.body, 'txnNumber') !== undefined;
    const labels = fault.errorLabels ?? (retryable ? ['RetryableWriteError'] : []);
    throw new MongoError(fault.errorCode, "Failing command via 'failCommand' failpoint", labels);
  }
  const answer = await run();
  const { writeConcernError, errorLabels } = fault;
  if (writeConcernError === undefined || Symbol.asyncIterator in answer) return answer;
  return {
    ...answer,
    write: (writer) => {
      answer.write(writer);
      writer.raw('writeConcernError', writeConcernError);
      if (errorLabels === undefined) return;
      writer.beginArray('errorLabels');
      for (const label of errorLabels) writer.string('', label);
      writer.end();
    },
  };
}
