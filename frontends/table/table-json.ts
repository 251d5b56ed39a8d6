// Tables as answers show them: their names, and around them what the level asks for.

import { JsonWriter } from '../../model/bson/json-write.ts';
import { tableAddress } from './entity-address.ts';
import type { Level } from './format.ts';
import type { TableRequest } from './request.ts';

type Place = Pick<TableRequest, 'serviceRoot' | 'accountName'>;

/** One table as the whole answer. */
export function jsonOfTable(name: string, place: Place, level: Level): Buffer {
  const writer = new JsonWriter('sql').text('{');
  if (level !== 'nometadata')
    writer.text('"odata.metadata":').string(`${place.serviceRoot}/$metadata#Tables/@Element`).text(',');
  return write(writer, name, place, level).text('}').finish();
}

export function jsonOfTables(names: readonly string[], place: Place, level: Level): Buffer {
  const writer = new JsonWriter('sql').text('{');
  if (level !== 'nometadata')
    writer.text('"odata.metadata":').string(`${place.serviceRoot}/$metadata#Tables`).text(',');
  writer.text('"value":[');
  for (const [i, name] of names.entries()) {
    writer.text(i === 0 ? '{' : ',{');
    write(writer, name, place, level).text('}');
  }
  return writer.text(']}').finish();
}

function write(writer: JsonWriter, name: string, { serviceRoot, accountName }: Place, level: Level): JsonWriter {
  if (level === 'fullmetadata') {
    const address = tableAddress(name);
    writer.text('"odata.type":').string(`${accountName}.Tables`);
    writer.text(',"odata.id":').string(`${serviceRoot}/${address}`);
    writer.text(',"odata.editLink":').string(address).text(',');
  }
  return writer.text('"TableName":').string(name);
}
