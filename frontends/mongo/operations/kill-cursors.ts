// killCursors: ends cursors of one namespace.

import { integerOf } from '../bson-input.ts';
import { namespaceOfCall, ownerOf, type Call, type Operation } from '../call.ts';
import { MongoError, typeMismatch } from '../errors.ts';

export const killCursors: Operation = {
  arguments: new Set(['killCursors', 'cursors']),
  run: (call: Call) => {
    const { args, shared } = call;
    const namespace = namespaceOfCall(call);
    const given = args.array('cursors');
    if (given === undefined)
      throw new MongoError(40414, "BSON field 'killCursors.cursors' is missing but a required field");
    const ids = given.map((value) => {
      const id = integerOf(value);
      if (id === undefined) throw typeMismatch("BSON field 'killCursors.cursors' must hold numbers of type long");
      return id;
    });
    const owner = ownerOf(call);
    const killed = new Set(ids.filter((id) => shared.cursors.kill(id, namespace.text, owner)));
    return {
      fields: (writer) => {
        writer.beginArray('cursorsKilled');
        for (const id of killed) writer.int64('', id);
        writer.end().beginArray('cursorsNotFound');
        for (const id of ids) if (!killed.has(id)) writer.int64('', id);
        writer.end().beginArray('cursorsAlive').end().beginArray('cursorsUnknown').end();
      },
    };
  },
};
