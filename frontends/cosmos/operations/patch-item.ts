// PATCH …/docs/{item}: a list of changes to parts of an item, made in one step on its partition.

import { Raw } from '../../../model/bson/walk.ts';
import { badRequest } from '../../../model/errors.ts';
import { valueOfBody } from '../body.ts';
import { conditionOf, containerOf, keyOf, touch, wantsContent, type Call } from '../call.ts';
import type { CosmosRequest } from '../decode.ts';
import { jsonOfItem, type Answer } from '../encode.ts';
import { itemIdOf } from '../item-id.ts';
import { editOf, parsePatch } from '../patch.ts';
import { testOfCondition } from '../patch-condition.ts';

export async function patchItem(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const partitionKey = keyOf(call, container);
  const partition = touch(call, container, partitionKey);
  const id = itemIdOf(call, container, partition);
  const { operations, condition } = parsePatch(patchIn(request));
  const holds = condition === undefined ? undefined : testOfCondition(condition, container, call.deployment);
  const edit = editOf(operations, conditionOf(request), holds, container);
  const { item, charge } = await engine.execute(
    {
      kind: 'write-item',
      database: container.database,
      container: container.id,
      write: { kind: 'edit-item', id, partitionKey, edit },
    },
    context,
  );
  const body = wantsContent(request) ? jsonOfItem(container, item) : undefined;
  return { status: 200, body, etag: item.time, charge, place: { engine, container, partition } };
}

function patchIn(request: CosmosRequest): Raw {
  const body = valueOfBody(request.body);
  if (!(body instanceof Raw)) throw badRequest('a patch must be an object or an array', 'body');
  return body;
}
