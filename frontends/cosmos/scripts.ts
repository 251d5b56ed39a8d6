// Stored procedures, triggers and user-defined functions as resources of a container (docs: "Stored Procedures",
// "Triggers" and "User-defined functions" of the REST reference). The text is kept as it was sent; it is first read when
// it runs.

import { BsonType } from '../../model/bson/types.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import { formatResourceId, type ChildKind } from '../../model/resource-id.ts';
import type { ResourceOwner, ContainerRecord } from '../../model/resource.ts';
import { containerOf, type Call } from './call.ts';
import { withoutSystem, type ChildResource, type Owner } from './child-resource.ts';
import { linksOfContainer } from './links.ts';

/** Bytes of a script's text. */
export const scriptBytesMax = 512 * 1024;

/** The owner of a container's scripts. */
export function scriptOwnerOf({ number }: ContainerRecord): ResourceOwner {
  return { kind: 'container', number };
}

function ownerOf(call: Call): Owner {
  const container = containerOf(call);
  const { rid, self } = linksOfContainer(container);
  return { owner: scriptOwnerOf(container), rid, self, place: { engine: call.engine, container } };
}

function textIn(body: Uint8Array): void {
  const text = fieldOf(body, 'body');
  if (text?.type !== BsonType.string || textOfRaw(text).trim() === '')
    throw badRequest("The input content is invalid because the required properties - 'body; ' - are missing", 'body');
  if (text.end - text.start > scriptBytesMax)
    throw new DatabaseError('TooLarge', `a script has at most ${scriptBytesMax} bytes`, { argument: 'body' });
}

/** As the service shows them, whatever the case of what was sent. */
function oneOf(body: Uint8Array, name: string, values: readonly string[]): void {
  const raw = fieldOf(body, name);
  const text = raw?.type === BsonType.string ? textOfRaw(raw).toLowerCase() : '';
  if (!values.some((value) => value.toLowerCase() === text))
    throw badRequest(`${name} must be one of ${values.join(', ')}`, name);
}

function kindOf(kind: Extract<ChildKind, 'storedProcedure' | 'trigger' | 'userDefinedFunction'>) {
  return (_call: Call, owner: Owner, number: number): string => {
    const { databaseNumber } = owner.place!.container;
    return formatResourceId({ kind, database: databaseNumber, container: owner.owner.number, partition: 0, number });
  };
}

export const storedProcedures: ChildResource = {
  type: 'storedProcedure',
  segment: 'sprocs',
  feed: 'StoredProcedures',
  noun: 'stored-procedure',
  ownerOf,
  ridOf: kindOf('storedProcedure'),
  accept: (_call, body) => {
    textIn(body);
    return withoutSystem(body);
  },
};

/** Operations before or after which a trigger may run. */
const triggerOperations = ['All', 'Create', 'Update', 'Delete', 'Replace', 'Upsert'];

export const triggers: ChildResource = {
  type: 'trigger',
  segment: 'triggers',
  feed: 'Triggers',
  noun: 'trigger',
  ownerOf,
  ridOf: kindOf('trigger'),
  accept: (_call, body) => {
    textIn(body);
    oneOf(body, 'triggerType', ['Pre', 'Post']);
    oneOf(body, 'triggerOperation', triggerOperations);
    return withoutSystem(body);
  },
};

export const userDefinedFunctions: ChildResource = {
  type: 'userDefinedFunction',
  segment: 'udfs',
  feed: 'UserDefinedFunctions',
  noun: 'user-defined-function',
  ownerOf,
  ridOf: kindOf('userDefinedFunction'),
  accept: (_call, body) => {
    textIn(body);
    return withoutSystem(body);
  },
};
