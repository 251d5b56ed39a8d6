// Names of tables, as each flavour of the service allows them. Sources: "Understanding the Table service data model"
// (Azure Storage), "Azure Cosmos DB for Table FAQ"; the sentences are those by which clients know what is wrong.

import type { DatabaseError } from '../../model/errors.ts';
import { refusal } from './errors.ts';
import type { Flavour } from './request.ts';

const storageForm = /^[A-Za-z][A-Za-z0-9]*$/;
const storageLengthMin = 3;
const storageLengthMax = 63;

/** Cosmos DB's names have fewer units than this. */
const cosmosLengthLimit = 255;

const cosmosForbidden = /[/\\#?\u0000-\u001f\u007f-\u009f]/;

/** The service's own list of tables. */
const reserved = 'tables';

/** What is wrong with a name that is addressed; undefined when there may be such a table. */
export function nameFault(name: string, flavour: Flavour): DatabaseError | undefined {
  if (flavour === 'cosmos') {
    if (cosmosForbidden.test(name))
      return refusal('InvalidInput', 'table', 'The table name contains an invalid character.');
    if (name.endsWith(' ')) return refusal('InvalidInput', 'table', 'Table name cannot end with a space.');
    return undefined;
  }
  if (!storageForm.test(name)) return refusal('InvalidResourceName', 'table');
  if (name.length < storageLengthMin || name.length > storageLengthMax)
    return refusal(
      'OutOfRangeInput',
      'table',
      'The specified resource name length is not within the permissible limits.',
    );
  return undefined;
}

/** Throws what is wrong with the name of a new table. */
export function checkNewName(name: string, flavour: Flavour): void {
  if (flavour === 'cosmos' && (name === '' || name.length >= cosmosLengthLimit))
    throw refusal('BadRequest', 'TableName', 'The input name is invalid.');
  const fault = nameFault(name, flavour);
  if (fault !== undefined) throw fault;
  if (name.toLowerCase() === reserved) throw refusal('InvalidInput', 'TableName');
}
