// One write to one entity, from its request to what core executes, and from what core did to the answer. Alone or as a
// part of an entity group transaction it is the same. Sources: "Insert Entity", "Update Entity", "Merge Entity",
// "Insert Or Replace Entity", "Insert Or Merge Entity", "Delete Entity" (Azure Storage REST reference).
//
// A write onto an entity that is there is a diff: what comes back as it was shown keeps its stored bytes.

import { mergeEdmBody } from '../../model/edm-view.ts';
import { entityOfJson, type EdmEntity, type SentKey } from '../../model/edm-read.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { HybridTime } from '../../model/hybrid-time.ts';
import type { Edit, ItemWrite, Written } from '../../model/operation.ts';
import type { Answer } from './answer.ts';
import { checkEntity, checkMerged, checkNewKey } from './check-entity.ts';
import { addressedKey, entityAddress } from './entity-address.ts';
import { jsonOfEntity } from './entity-json.ts';
import { refusal } from './errors.ts';
import { checkJsonBody, contentTypeOf, levelOf } from './format.ts';
import { preferenceOf } from './preference.ts';
import { headerOf, type EntityKey, type Flavour, type TableRequest } from './request.ts';
import { etagOf, parseEtag } from './stamp.ts';

export interface PreparedWrite {
  readonly key: EntityKey;
  readonly write: ItemWrite;
  /** What the client is told once the write is done. */
  readonly answerOf: (written: Written) => Answer;
}

/** Everything of a write but its execution. Throws what the service refuses before it looks at the table. */
export function prepareWrite(request: TableRequest): PreparedWrite {
  const { operation } = request.row;
  switch (operation) {
    case 'insert-entity':
      return insertion(request);
    case 'update-entity':
      return edit(request, 'removed', conditionOf(request));
    case 'merge-entity':
      return edit(request, 'kept', conditionOf(request));
    case 'insert-or-replace-entity':
      return edit(request, 'removed', undefined);
    case 'insert-or-merge-entity':
      return edit(request, 'kept', undefined);
    case 'delete-entity':
      return deletion(request);
    default:
      throw refusal('NotImplemented', 'operation');
  }
}

function insertion(request: TableRequest): PreparedWrite {
  const { flavour } = request;
  checkJsonBody(request);
  const preference = preferenceOf(request);
  const level = levelOf(request);
  const entity = readEntity(request, undefined);
  const { body } = entity;
  const key = { partitionKey: sentText(entity.partitionKey), rowKey: sentText(entity.rowKey) };
  checkNewKey(key, flavour);
  checkEntity(entity, flavour);
  return {
    key,
    write: { kind: 'create-item', body, view: 'exact', partitionKey: [key.partitionKey] },
    answerOf: ({ container, item }) => {
      const { serviceRoot, accountName } = request;
      const location = `${serviceRoot}/${entityAddress(container.id, key.partitionKey, key.rowKey)}`;
      const headers = ['ETag', etagOf(item.time), 'Location', location];
      if (preference !== undefined) headers.push('Preference-Applied', preference);
      if (preference === 'return-no-content') {
        headers.push('DataServiceId', location);
        return { status: 204, headers, body: undefined };
      }
      headers.push('Content-Type', contentTypeOf(level));
      const form = { level, serviceRoot, accountName, table: container.id, select: undefined };
      return { status: 201, headers, body: jsonOfEntity(item, form) };
    },
  };
}

/** `condition` undefined: the entity is made when it is not there. */
function edit(
  request: TableRequest,
  absent: 'removed' | 'kept',
  condition: HybridTime | '*' | undefined,
): PreparedWrite {
  const { flavour } = request;
  const key = addressedKey(request);
  checkJsonBody(request);
  refuseIfNoneMatch(request);
  const entity = readEntity(request, key);
  const { body, bare } = entity;
  checkSentKey(entity.partitionKey, key.partitionKey, flavour);
  checkSentKey(entity.rowKey, key.rowKey, flavour);
  if (condition === undefined) checkNewKey(key, flavour);
  checkEntity(entity, flavour);
  const change: Edit = (current) => {
    if (current === undefined) {
      if (condition === undefined) return body;
      throw new DatabaseError('ItemNotFound', 'no entity with these keys', { argument: 'keys' });
    }
    if (condition !== undefined && condition !== '*' && condition !== current.time)
      throw new DatabaseError('PreconditionFailed', 'the entity has another ETag', { argument: 'If-Match' });
    const merged = mergeEdmBody(current.body, body, { absent, bare });
    if (absent === 'kept') checkMerged(merged, flavour);
    return merged;
  };
  return {
    key,
    write: { kind: 'edit-item', id: key.rowKey, partitionKey: [key.partitionKey], edit: change },
    answerOf: ({ item }) => ({ status: 204, headers: ['ETag', etagOf(item.time)], body: undefined }),
  };
}

function deletion(request: TableRequest): PreparedWrite {
  const key = addressedKey(request);
  refuseIfNoneMatch(request);
  const ifMatch = conditionOf(request);
  return {
    key,
    write: { kind: 'delete-item', id: key.rowKey, partitionKey: [key.partitionKey], condition: { ifMatch } },
    answerOf: () => ({ status: 204, headers: [], body: undefined }),
  };
}

function conditionOf(request: TableRequest): HybridTime | '*' {
  const given = headerOf(request, 'if-match');
  if (given === undefined || given.trim() === '') throw refusal('MissingRequiredHeader', 'If-Match');
  return parseEtag(given);
}

function refuseIfNoneMatch(request: TableRequest): void {
  if (request.headers['if-none-match'] === undefined) return;
  const verb = request.verb === 'DELETE' ? 'DELETE' : 'PUT';
  throw refusal(
    'InvalidInput',
    'If-None-Match',
    `If-None-Match HTTP header cannot be specified for ${verb} operations.`,
  );
}

/** A name that Cosmos DB takes for its own and drops. */
const cosmosOwnName = { ignores: 'Etag' } as const;
const nothingIgnored = {} as const;

function readEntity(request: TableRequest, key: EntityKey | undefined): EdmEntity {
  try {
    return entityOfJson(request.body, key, request.flavour === 'cosmos' ? cosmosOwnName : nothingIgnored);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.argument === 'name') throw refusal('DuplicatePropertiesSpecified', 'body');
    if (error.code === 'TooLarge') throw refusal('EntityTooLarge', 'body');
    throw error;
  }
}

/** A key of a new entity. */
function sentText(sent: SentKey | undefined): string {
  if (sent === undefined) throw refusal('PropertiesNeedValue', 'body');
  if (sent.text === undefined || !isStringType(sent.type)) throw refusal('InvalidInput', 'body');
  return sent.text;
}

/** A key that the address has told already. The storage service takes it in any type whose text is the same. */
function checkSentKey(sent: SentKey | undefined, addressed: string, flavour: Flavour): void {
  if (sent === undefined) return;
  const isSame = sent.text === addressed && (flavour === 'storage' || isStringType(sent.type));
  if (!isSame) throw refusal('InvalidInput', 'body');
}

function isStringType(type: string | undefined): boolean {
  return type === undefined || type === 'Edm.String';
}
