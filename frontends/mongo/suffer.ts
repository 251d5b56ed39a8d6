// What a command goes through that meets a fail point: a wait, a cut connection, an error, or a complaint in an
// otherwise good reply. Source: MongoDB specifications, "failCommand"; labels by "Retryable Writes".

import { setTimeout as wait } from 'node:timers/promises';
import { fieldOf } from '../../model/bson/walk.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { Call, Reply } from './call.ts';
import { MongoError } from './errors.ts';
import type { Fault } from './fail-points.ts';

/** Codes after which a driver may send a write again (retryable writes specification). */
const retryableCodes: ReadonlySet<number> = new Set([
  6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

type Answer = Reply | Promise<Reply> | AsyncIterable<Reply>;

/** A stream is not complained about: its first reply comes as it is. */
export async function suffer(call: Call, fault: Fault, run: () => Answer): Promise<Reply> {
  if (fault.blockMs > 0) await wait(fault.blockMs, undefined, { signal: call.signal, ref: false });
  if (fault.closeConnection) {
    call.client.destroy();
    throw new DatabaseError('Cancelled', 'a fail point closed the connection');
  }
  if (fault.errorCode !== undefined) {
    const retryable = retryableCodes.has(fault.errorCode) && fieldOf(call.request.body, 'txnNumber') !== undefined;
    const labels = fault.errorLabels ?? (retryable ? ['RetryableWriteError'] : []);
    throw new MongoError(fault.errorCode, "Failing command via 'failCommand' failpoint", labels);
  }
  const reply = await firstOf(run());
  const { writeConcernError, errorLabels } = fault;
  if (writeConcernError === undefined) return reply;
  return {
    ...reply,
    fields: (writer) => {
      reply.fields(writer);
      writer.raw('writeConcernError', writeConcernError);
      if (errorLabels === undefined) return;
      writer.beginArray('errorLabels');
      for (const label of errorLabels) writer.string('', label);
      writer.end();
    },
  };
}

async function firstOf(answer: Answer): Promise<Reply> {
  if (!(Symbol.asyncIterator in answer)) return answer;
  for await (const reply of answer) return { ...reply, moreToCome: false };
  throw new DatabaseError('Cancelled', 'the stream ended before it began');
}
