// POST …/sprocs/{id}: runs a stored procedure in one logical partition, as one transaction. The body is the array of its
// arguments (docs: "Execute a stored procedure").

import { transact } from '../../../core/transact.ts';
import { badRequest } from '../../../model/errors.ts';
import { containerOf, keyOf, touch, type Call } from '../call.ts';
import { childOf } from '../child-resource.ts';
import { scriptLogHeader, type Answer } from '../encode.ts';
import { runScript, ScriptTime, withStoredStamps } from '../run-script.ts';
import { parametersIn, ScriptCalls } from '../script-calls.ts';
import { storedProcedures } from '../scripts.ts';

export async function executeStoredProcedure(call: Call): Promise<Answer> {
  const { engine, context, request } = call;
  const container = containerOf(call);
  const script = childOf(call, storedProcedures, storedProcedures.ownerOf(call));
  const partitionKey = keyOf(call, container);
  const partition = touch(call, container, partitionKey);
  const parameters = parametersIn(request.body);
  if (request.body.length > bodyBytesMax) throw badRequest(`the arguments have at most ${bodyBytesMax} bytes`, 'body');
  const time = new ScriptTime();
  const {
    value: outcome,
    charge,
    writes,
  } = await transact(
    engine,
    container,
    partitionKey,
    (transaction) => {
      const calls = new ScriptCalls(call, transaction);
      return runScript(call, script, transaction, calls, time, {
        request: { Body: { value: parameters, isWritable: false } },
        response: { Body: { value: '""', isWritable: true } },
        parameters,
      });
    },
    context,
  );
  const body = withStoredStamps(container, outcome.response ?? '""', writes);
  return {
    status: 200,
    body: Buffer.from(body),
    charge,
    place: { engine, container, partition },
    extra: outcome.log === '' ? undefined : [scriptLogHeader, encodeURIComponent(outcome.log)],
  };
}

/** Bytes of the arguments. */
const bodyBytesMax = 2 * 1024 * 1024;
