// Writes to one item that name triggers: a pre-trigger sees the request and may change its body, a post-trigger sees what
// was written and may change the answer; both and the write are one transaction, so that what throws undoes all of it
// (docs: "Triggers" of the server-side programming pages). One of each may be named: the service takes a list and runs
// no more. Batches have none.

import type { LogicalTransaction } from '../../core/logical-transaction.ts';
import { transact } from '../../core/transact.ts';
import { jsonOfBson } from '../../model/bson/json-write.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { isBinaryJson } from '../../model/cosmos-binary/read.ts';
import { badRequest } from '../../model/errors.ts';
import type { PartitionKeyValue, Written } from '../../model/operation.ts';
import type { ContainerRecord, PartitionRecord, ResourceRecord } from '../../model/resource.ts';
import { documentOfBody } from './body.ts';
import { conditionOf, wantsContent, type Call } from './call.ts';
import { headerOf } from './decode.ts';
import { jsonOfItem, scriptLogHeader, type Answer } from './encode.ts';
import { runScript, ScriptTime, wantsLog, withStoredStamps } from './run-script.ts';
import { ScriptCalls } from './script-calls.ts';
import { scriptOwnerOf } from './scripts.ts';
import { itemIn } from './write-item.ts';

export type TriggeredWrite = 'create-item' | 'replace-item' | 'upsert-item' | 'delete-item';

/** What each write is for a trigger, and operations of triggers that it fires. */
const operations: Readonly<Record<TriggeredWrite, { readonly type: string; readonly fires: readonly string[] }>> = {
  'create-item': { type: 'Create', fires: ['all', 'create'] },
  'replace-item': { type: 'Replace', fires: ['all', 'replace', 'update'] },
  'upsert-item': { type: 'Upsert', fires: ['all', 'upsert', 'create', 'replace', 'update'] },
  'delete-item': { type: 'Delete', fires: ['all', 'delete'] },
};

export interface Triggers {
  readonly pre: ResourceRecord | undefined;
  readonly post: ResourceRecord | undefined;
}

/** The triggers that a request names; undefined when it names none, as most do. */
export function triggersOf(call: Call, container: ContainerRecord, write: TriggeredWrite): Triggers | undefined {
  const pre = triggerNamed(call, container, write, 'Pre');
  const post = triggerNamed(call, container, write, 'Post');
  return pre === undefined && post === undefined ? undefined : { pre, post };
}

function triggerNamed(
  call: Call,
  container: ContainerRecord,
  write: TriggeredWrite,
  type: 'Pre' | 'Post',
): ResourceRecord | undefined {
  const header = `x-ms-documentdb-${type.toLowerCase()}-trigger-include`;
  const text = headerOf(call.request, header);
  if (text === undefined || text.trim() === '') return undefined;
  const names = text.split(',').map((name) => name.trim());
  if (names.length > 1) throw badRequest(`one ${type.toLowerCase()}-trigger may be named, not ${names.length}`, header);
  const owner = scriptOwnerOf(container);
  const name = call.engine.catalog.childOrNone(owner, 'trigger', text) === undefined ? names[0]! : text;
  const trigger = call.engine.catalog.childOrNone(owner, 'trigger', name);
  if (trigger === undefined) throw badRequest('the container has no trigger with that id', header);
  if (fieldText(trigger, 'triggerType') !== type.toLowerCase())
    throw badRequest(`the trigger named is no ${type.toLowerCase()}-trigger`, header);
  if (!operations[write].fires.includes(fieldText(trigger, 'triggerOperation')))
    throw badRequest(`the trigger named is not for ${operations[write].type}`, header);
  return trigger;
}

function fieldText(trigger: ResourceRecord, name: string): string {
  return textOfRaw(fieldOf(trigger.body, name)!).toLowerCase();
}

/** What one attempt at a write with triggers gives. */
interface Outcome {
  readonly written: Written;
  /** JSON, when the post-trigger set it. */
  readonly response: string | undefined;
  readonly log: string;
}

/** `id` is the one in the address of a replace or delete. */
export async function writeWithTriggers(
  call: Call,
  container: ContainerRecord,
  partition: PartitionRecord,
  partitionKey: PartitionKeyValue,
  write: TriggeredWrite,
  id: string | undefined,
  triggers: Triggers,
): Promise<Answer> {
  const { engine, context, request } = call;
  const time = new ScriptTime();
  const body = (transaction: LogicalTransaction): Promise<Outcome> =>
    attempt(call, container, transaction, time, { write, id, partitionKey, triggers });
  const { value, charge, writes } = await transact(engine, container, partitionKey, body, context);
  const { written, response } = value;
  // What a trigger wrote over it afterwards is not what was answered for.
  const stored = writes.find(({ provisional }) => provisional === written)!.stored.item;
  const place = { engine, container, partition };
  const isShown = write !== 'delete-item' && wantsContent(request);
  const own = isShown ? jsonOfItem(container, stored) : undefined;
  const log = wantsLog(request) ? value.log : '';
  return {
    status: write === 'delete-item' ? 204 : written.change === 'created' ? 201 : 200,
    body: isShown && response !== undefined ? Buffer.from(withStoredStamps(container, response, writes)) : own,
    etag: write === 'delete-item' ? undefined : stored.time,
    charge,
    place,
    extra: log === '' ? undefined : [scriptLogHeader, encodeURIComponent(log)],
  };
}

async function attempt(
  call: Call,
  container: ContainerRecord,
  transaction: LogicalTransaction,
  time: ScriptTime,
  {
    write,
    id,
    partitionKey,
    triggers: { pre, post },
  }: {
    readonly write: TriggeredWrite;
    readonly id: string | undefined;
    readonly partitionKey: PartitionKeyValue;
    readonly triggers: Triggers;
  },
): Promise<Outcome> {
  const calls = new ScriptCalls(call, transaction);
  const isDelete = write === 'delete-item';
  const operation = { value: JSON.stringify(operations[write].type), isWritable: false };
  let json: Uint8Array = call.request.body;
  // Refused here if it is no JSON: it goes into a larger text.
  let document = isDelete ? undefined : itemIn(container, json);
  const bodyText = (): string | undefined => {
    if (isDelete) return undefined;
    return Buffer.from(isBinaryJson(json) ? jsonOfBson(documentOfBody(json)) : json).toString();
  };
  let log = '';
  if (pre !== undefined) {
    const outcome = await runScript(call, pre, transaction, calls, time, {
      request: { Body: { value: bodyText(), isWritable: !isDelete }, OperationType: operation },
      response: undefined,
      parameters: '[]',
    });
    log += outcome.log;
    if (outcome.request !== undefined && !isDelete) {
      json = Buffer.from(outcome.request);
      document = itemIn(container, json);
    }
  }
  const condition = conditionOf(call.request);
  const written = transaction.write(
    document === undefined
      ? { kind: 'delete-item', id: id!, partitionKey, condition }
      : {
          kind: write as Exclude<TriggeredWrite, 'delete-item'>,
          body: document,
          view: 'sql',
          id,
          renames: true,
          condition,
        },
  );
  let response: string | undefined;
  if (post !== undefined) {
    const shown = isDelete ? undefined : jsonOfItem(container, written.item).toString();
    const outcome = await runScript(call, post, transaction, calls, time, {
      request: { Body: { value: bodyText(), isWritable: false }, OperationType: operation },
      response: { Body: { value: shown, isWritable: true } },
      parameters: '[]',
    });
    log += outcome.log;
    response = outcome.response;
  }
  return { written, response, log };
}
