// The calls that a script makes of its collection, against the transaction it runs in: JSON in, JSON out. What a call
// is refused with goes to the script as an error with the status as its number; it may go on.

import { pageCharge } from '../../core/charge.ts';
import type { LogicalTransaction } from '../../core/logical-transaction.ts';
import { executeQuery } from '../../core/query/execute.ts';
import { itemMissing } from '../../core/refusals.ts';
import { Slices } from '../../core/slices.ts';
import { valueOfJson } from '../../model/bson/json-read.ts';
import { BsonType, depthMax } from '../../model/bson/types.ts';
import { childOf, ElementCursor, Raw, textOfRaw } from '../../model/bson/walk.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import { parseEtag } from '../../model/etag.ts';
import type { Condition, Item, Written } from '../../model/operation.ts';
import { parseResourceId } from '../../model/resource-id.ts';
import { valueOf } from '../../model/value.ts';
import type { Call } from './call.ts';
import { schemaOf } from './container-schema.ts';
import { jsonOfItem } from './encode.ts';
import { cosmosErrorOf } from './errors.ts';
import { sqlQueryOf, type SqlRequest } from './query-request.ts';
import {
  collectWith,
  functionsOf,
  jsonOfRow,
  pageBytesMax,
  portsOf,
  preparedQueries,
  systemViewOf,
} from './run-query.ts';
import { checkedItem, itemJsonBytesMax, tooLargeItem } from './write-item.ts';

/** Documents in one page of a script's query, whatever it asks for. */
const pageItemsMax = 1_000;

/** What is answered to one call, as JSON without its braces. */
interface Reply {
  readonly resource?: Uint8Array | undefined;
  readonly status: number;
  readonly continuation?: string | undefined;
}

/** Codes that end the execution instead of a call. */
const ofTheExecution: ReadonlySet<string> = new Set(['Internal', 'Cancelled', 'PartitionGone', 'ScriptFailed']);

const everyDocument: SqlRequest = { text: 'SELECT * FROM root', parameters: new Map() };

export class ScriptCalls {
  readonly #call: Call;
  readonly #transaction: LogicalTransaction;

  constructor(call: Call, transaction: LogicalTransaction) {
    this.#call = call;
    this.#transaction = transaction;
  }

  /** Answers an array of calls in their order. */
  async answer(calls: string): Promise<string> {
    // A document lies two levels deep: in a call, in the array.
    const list = valueOfJson(calls, { levelsMax: depthMax + 2 });
    if (!(list instanceof Raw) || list.type !== BsonType.array) throw malformed();
    const answers: string[] = [];
    const slices = new Slices(this.#call.context.signal);
    const cursor = new ElementCursor(list.bytes, list.start);
    while (cursor.next()) {
      if (slices.isOver) await slices.pause();
      answers.push(await this.#answerOne(cursor.raw()));
    }
    return `[${answers.join(',')}]`;
  }

  async #answerOne(given: Raw): Promise<string> {
    const id = given.type === BsonType.object ? valueOf(childOf(given, 'id')) : undefined;
    if (typeof id !== 'number') throw malformed();
    try {
      return `{"id":${id},${textOf(await this.#reply(given))}}`;
    } catch (error) {
      if (!(error instanceof DatabaseError) || ofTheExecution.has(error.code)) throw error;
      const { status, phrase } = cosmosErrorOf(error);
      if (status === 304) return `{"id":${id},"options":{"statusCode":304,"notModified":true}}`;
      const message = phrase === undefined ? error.message : `${phrase} Reason: ${error.message}`;
      return `{"id":${id},"error":${JSON.stringify({ number: status, message })}}`;
    }
  }

  async #reply(given: Raw): Promise<Reply> {
    const kind = valueOf(childOf(given, 'kind'));
    switch (kind) {
      case 'create':
        return this.#written(this.#write({ kind: 'create-item', body: this.#itemIn(given), view: 'sql' }));
      case 'upsert': {
        const condition = conditionIn(given);
        return this.#written(this.#write({ kind: 'upsert-item', body: this.#itemIn(given), view: 'sql', condition }));
      }
      case 'replace': {
        const id = this.#idIn(given);
        const condition = conditionIn(given);
        const body = this.#itemIn(given);
        return this.#written(this.#write({ kind: 'replace-item', body, view: 'sql', id, renames: true, condition }));
      }
      case 'delete': {
        const { partitionKey } = this.#transaction;
        this.#write({ kind: 'delete-item', id: this.#idIn(given), partitionKey, condition: conditionIn(given) });
        return { status: 204 };
      }
      case 'read':
        return this.#read(given);
      case 'feed':
        return this.#query(given, everyDocument);
      case 'query': {
        const query = childOf(given, 'query');
        if (query?.type !== BsonType.object) throw badRequest('a query must be a text or an object', 'query');
        return this.#query(given, sqlQueryOf(query.slice()));
      }
      default:
        throw malformed();
    }
  }

  #write(write: Parameters<LogicalTransaction['write']>[0]): Written {
    return this.#transaction.write(write);
  }

  #json(item: Item): Uint8Array {
    return jsonOfItem(this.#transaction.container, item);
  }

  #written({ item, change }: Written): Reply {
    return { resource: this.#json(item), status: change === 'created' ? 201 : 200 };
  }

  #itemIn(given: Raw): Uint8Array {
    const body = childOf(given, 'body');
    if (body?.type !== BsonType.object) throw badRequest('a document must be an object', 'body');
    const document = body.slice();
    if (document.length > itemJsonBytesMax) throw tooLargeItem();
    // A copy: the calls' buffer would live as long as one of its documents.
    return checkedItem(this.#transaction.container, document).slice();
  }

  /** The id that a link means. An unknown `_rid` is no id of an item. */
  #idIn(given: Raw): string {
    const rid = textIn(given, 'rid');
    if (rid === undefined) return this.#named(textIn(given, 'name') ?? '');
    const parsed = parseResourceId(rid);
    if (parsed?.kind !== 'item' || parsed.container !== this.#transaction.container.number) throw itemMissing();
    const found = this.#transaction.findCreated(parsed.number);
    if (found === undefined) throw itemMissing();
    return found.id;
  }

  /** Links by names may be percent-encoded. */
  #named(name: string): string {
    if (!name.includes('%') || this.#transaction.find(name) !== undefined) return name;
    try {
      return decodeURIComponent(name);
    } catch {
      return name;
    }
  }

  #read(given: Raw): Reply {
    const item = this.#transaction.read(this.#idIn(given));
    const known = textIn(given, 'ifNoneMatch');
    if (known !== undefined && parseEtag(known) === item.time)
      throw new DatabaseError('NotModified', 'the item still has that version');
    return { resource: this.#json(item), status: 200 };
  }

  async #query(given: Raw, sql: SqlRequest): Promise<Reply> {
    const { container } = this.#transaction;
    const pageSize = valueOf(childOf(given, 'pageSize'));
    const rowsMax = typeof pageSize === 'number' && pageSize >= 1 ? Math.min(pageSize, pageItemsMax) : pageItemsMax;
    const prepared = preparedQueries.get(sql.text, { schema: schemaOf(container) });
    const functions = functionsOf(this.#call.engine, container);
    const execution = executeQuery(prepared, {
      source: () => source,
      ports: portsOf(this.#call.deployment, functions),
      parameters: sql.parameters,
      page: { rowsMax, bytesMax: pageBytesMax },
      continuation: textIn(given, 'continuation'),
      signal: this.#call.context.signal,
    });
    const source = this.#transaction.rows(systemViewOf(container));
    const page = await collectWith(execution, functions);
    const documents = page.rows.map((row) => jsonOfRow(row, container));
    const text = `[${documents.map((document) => Buffer.from(document).toString()).join(',')}]`;
    const { examined, index } = page.explanation;
    const lookups = index?.uses.length ?? 0;
    this.#transaction.addCharge(
      pageCharge({ lookups, itemsLoaded: examined, bytesLoaded: text.length, bytesReturned: text.length }),
    );
    return { resource: Buffer.from(text), status: 200, continuation: page.continuation };
  }
}

function textOf({ resource, status, continuation }: Reply): string {
  const options = JSON.stringify({ statusCode: status, continuation });
  return resource === undefined
    ? `"options":${options}`
    : `"resource":${Buffer.from(resource).toString()},"options":${options}`;
}

function textIn(given: Raw, name: string): string | undefined {
  const raw = childOf(given, name);
  return raw?.type === BsonType.string ? textOfRaw(raw) : undefined;
}

function conditionIn(given: Raw): Condition | undefined {
  const etag = textIn(given, 'etag');
  return etag === undefined ? undefined : { ifMatch: parseEtag(etag) };
}

/** A script that tampers with the built-ins may make its own calls unreadable. */
function malformed(): DatabaseError {
  return new DatabaseError('ScriptFailed', 'the script made a call that cannot be read');
}

/** Parameters of a procedure: an array as it is, any other value as the only one. */
export function parametersIn(body: Uint8Array): string {
  const text = Buffer.from(body).toString().trim();
  if (text === '' || text === 'null') return '[]';
  if (!text.startsWith('[')) return `[${jsonTextOf(text)}]`;
  return jsonTextOf(text);
}

/** Refuses what is no JSON: it goes into a larger text. */
function jsonTextOf(text: string): string {
  valueOfJson(text);
  return text;
}
