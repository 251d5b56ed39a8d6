// Runs one script of a container in a transaction: what it finds in its machine, and what becomes of its end. A script
// that throws gives 400 with the number of its error as substatus, and its message and stack, as in the service; one that
// runs for too long gives 408.

import { scriptCharge } from '../../core/charge.ts';
import type { LogicalTransaction, StoredWrite } from '../../core/logical-transaction.ts';
import {
  logCharactersMax,
  responseCharactersMax,
  scriptCallCharactersMax,
  scriptCallsMax,
  scriptMsMax,
} from '../../core/script/limits.ts';
import type { ScriptOutcome } from '../../core/script/messages.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { DatabaseError } from '../../model/errors.ts';
import { etagOf } from '../../model/etag.ts';
import type { ContainerRecord, ResourceRecord } from '../../model/resource.ts';
import type { Call } from './call.ts';
import { headerOf, isTrue, type CosmosRequest } from './decode.ts';
import { scriptFailed } from './errors.ts';
import { linksOfContainer, ridOfItem } from './links.ts';
import type { ScriptCalls } from './script-calls.ts';

/** A property of a request or response that a script finds; the value is JSON, absent for undefined. */
export interface Property {
  readonly value: string | undefined;
  readonly isWritable: boolean;
}

export type Properties = Readonly<Record<string, Property>>;

export interface ScriptInput {
  readonly request: Properties;
  /** Absent before the operation of a trigger. */
  readonly response: Properties | undefined;
  /** JSON array. */
  readonly parameters: string;
}

/** Time for all scripts of a request, repeats included. */
export class ScriptTime {
  readonly #endMs = performance.now() + scriptMsMax;

  get leftMs(): number {
    return this.#endMs - performance.now();
  }
}

/** Repeats with less time left would only time out. */
const repeatMsMin = 100;

function propertiesText(properties: Properties): string {
  const fields = Object.entries(properties).map(([name, { value, isWritable }]) => {
    const shown = value === undefined ? '' : `"value":${value},`;
    return `${JSON.stringify(name)}:{${shown}"isWritable":${isWritable}}`;
  });
  return `{${fields.join(',')}}`;
}

function setupText(call: Call, container: ContainerRecord, { request, response, parameters }: ScriptInput): string {
  const links = {
    selfLink: linksOfContainer(container).self,
    altLink: `dbs/${container.database}/colls/${container.id}`,
    isLogging: wantsLog(call.request),
    logMax: logCharactersMax,
    callsMax: scriptCallsMax,
    charactersMax: scriptCallCharactersMax,
    responseMax: responseCharactersMax,
  };
  const shown = response === undefined ? '' : `,"response":${propertiesText(response)}`;
  return `${JSON.stringify(links).slice(0, -1)},"request":${propertiesText(request)}${shown},"parameters":${parameters}}`;
}

/** Whether the client asks for what its scripts log. */
export function wantsLog(request: CosmosRequest): boolean {
  return isTrue(headerOf(request, 'x-ms-documentdb-script-enable-logging'));
}

export async function runScript(
  call: Call,
  script: ResourceRecord,
  transaction: LogicalTransaction,
  calls: ScriptCalls,
  time: ScriptTime,
  input: ScriptInput,
): Promise<Extract<ScriptOutcome, { readonly kind: 'done' }>> {
  const timeMs = time.leftMs;
  if (timeMs < repeatMsMin) throw new DatabaseError('RetryWith', 'there is no time left to repeat the script');
  const text = fieldOf(script.body, 'body')!;
  const outcome = await call.engine.scripts.run(
    {
      text: textOfRaw(text),
      file: `${script.id}.js`,
      setup: setupText(call, transaction.container, input),
      timeMs,
    },
    (asked) => calls.answer(asked),
  );
  const bytes = text.end - text.start + input.parameters.length;
  if (outcome.kind === 'done') transaction.addCharge(scriptCharge(bytes + (outcome.response?.length ?? 0), 0));
  if (outcome.kind === 'ended')
    throw new DatabaseError('ScriptTimeout', `the script did not end within ${scriptMsMax} ms`);
  if (outcome.kind === 'failed') throw failureOf(outcome);
  const size = (outcome.response?.length ?? 0) + (outcome.request?.length ?? 0);
  if (size > 2 * responseCharactersMax || outcome.log.length > logCharactersMax)
    throw new DatabaseError('TooLarge', 'the script answered more than it may');
  return outcome;
}

/** Numbers that a header can tell. */
const substatusMax = 65_535;

function failureOf({ text, stack, number, log }: Extract<ScriptOutcome, { readonly kind: 'failed' }>): DatabaseError {
  const trace = stack === undefined ? '' : `\r\nStack trace: ${text}\n${stack.trimEnd()}`;
  const message = `Encountered exception while executing Javascript. Exception = ${text}${trace}`;
  const isNumber = number !== undefined && number > 0 && number <= substatusMax;
  return new DatabaseError('ScriptFailed', JSON.stringify({ Errors: [message.slice(0, failureCharactersMax)] }), {
    details: { substatus: isNumber ? number : scriptFailed, scriptLog: log.slice(0, logCharactersMax) },
  });
}

/** Characters of a failure's text. */
const failureCharactersMax = 16 * 1024;

const stamps = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9+-]{22}==/g;

/** Answers show items as they were within the transaction: here they get the ETags and `_rid`s that they are stored with. */
export function withStoredStamps(container: ContainerRecord, text: string, writes: readonly StoredWrite[]): string {
  if (writes.length === 0 || text.length < 24) return text;
  const stored = new Map<string, string>();
  for (const write of writes) {
    const before = write.provisional.item;
    const after = write.stored.item;
    stored.set(etagOf(before.time).slice(1, -1), etagOf(after.time).slice(1, -1));
    stored.set(ridOfItem(container, before), ridOfItem(container, after));
  }
  return text.replace(stamps, (stamp) => stored.get(stamp) ?? stamp);
}
