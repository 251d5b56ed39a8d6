// Policies of a container that are set when it is made and that no replacement changes: how conflicts are resolved, what
// clients encrypt, what it is a view of. A replacement that leaves one out keeps it.
// Sources: "Conflict types and resolution policies", "Always Encrypted for Azure Cosmos DB", REST reference "Replace a
// collection".

import { jsonOfBson } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { badRequest } from '../../model/errors.ts';
import { valueOf } from '../../model/value.ts';

const conflictPolicyField = 'conflictResolutionPolicy';

const others = ['clientEncryptionPolicy', 'materializedViewDefinition'] as const;

const modes = ['LastWriterWins', 'Custom'];

/** The policy of a definition in one form, with the service's defaults. */
function conflictPolicyOf(raw: Raw | undefined): Uint8Array {
  if (raw !== undefined && raw.type !== BsonType.object && raw.type !== BsonType.null)
    throw badRequest(`${conflictPolicyField} must be an object`, conflictPolicyField);
  const given = raw?.type === BsonType.object ? raw.slice() : undefined;
  const textOf = (name: string): string | undefined => {
    const value = given && valueOf(fieldOf(given, name));
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string')
      throw badRequest(`${conflictPolicyField}.${name} must be a text`, conflictPolicyField);
    return value;
  };
  const asked = textOf('mode') ?? 'LastWriterWins';
  const mode = modes.find((known) => known.toLowerCase() === asked.toLowerCase());
  if (mode === undefined)
    throw badRequest(`${conflictPolicyField}.mode must be one of ${modes.join(', ')}`, conflictPolicyField);
  const isLast = mode === 'LastWriterWins';
  const path = textOf('conflictResolutionPath') ?? '';
  const procedure = textOf('conflictResolutionProcedure') ?? '';
  if (isLast ? procedure !== '' : path !== '')
    throw badRequest(
      `${conflictPolicyField}: a path belongs to LastWriterWins, a procedure to Custom`,
      conflictPolicyField,
    );
  if (path !== '' && !path.startsWith('/'))
    throw badRequest(`${conflictPolicyField}.conflictResolutionPath must begin with "/"`, conflictPolicyField);
  const writer = new BsonWriter(128).beginDocument().string('mode', mode);
  writer.string('conflictResolutionPath', isLast && path === '' ? '/_ts' : path);
  return writer.string('conflictResolutionProcedure', procedure).end().finish();
}

/** Writes the conflict resolution policy of a definition. Throws BadRequest when a replacement changes it. */
export function writeConflictPolicy(writer: BsonWriter, body: Uint8Array, before: Uint8Array | undefined): void {
  const raw = fieldOf(body, conflictPolicyField);
  const known = before && fieldOf(before, conflictPolicyField);
  if (known !== undefined) {
    if (isGiven(raw) && textOfDocument(conflictPolicyOf(raw)) !== textOfDocument(known.slice()))
      throw unchangeable(conflictPolicyField);
    writer.raw(conflictPolicyField, known);
  } else writer.document(conflictPolicyField, conflictPolicyOf(raw));
}

/** Writes the other policies that stay, where a replacement leaves them out. Throws BadRequest when it changes one. */
export function writeFixed(writer: BsonWriter, body: Uint8Array, before: Uint8Array): void {
  for (const name of others) {
    const known = fieldOf(before, name);
    const raw = fieldOf(body, name);
    if (isGiven(raw)) {
      const given = raw!.type === BsonType.object ? textOfDocument(raw!.slice()) : '';
      if (known === undefined || given !== textOfDocument(known.slice())) throw unchangeable(name);
    } else if (known !== undefined) writer.raw(name, known);
  }
}

function isGiven(raw: Raw | undefined): boolean {
  return raw !== undefined && raw.type !== BsonType.null;
}

function unchangeable(name: string): Error {
  return badRequest(`The ${name} of a container cannot be changed in a replace.`, name);
}

/** As JSON with its names in order: SDKs write them in orders of their own. Depth is bounded by the parser of bodies. */
function textOfDocument(document: Uint8Array): string {
  return JSON.stringify(JSON.parse(jsonOfBson(document).toString()), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
