// Commands of logical sessions. A session is a name that the client makes; the server keeps only what its last
// retryable write did (`sessions.ts`).

import { randomBytes } from 'node:crypto';
import { BinarySubtype, BsonType } from '../../../model/bson/types.ts';
import { emptyReply, ownerOf, type Call, type Operation, type Reply } from '../call.ts';
import { badValue, typeMismatch } from '../errors.ts';
import { sessionName } from '../retry.ts';
import { sessionMinutes } from './hello.ts';

/** Sessions that one command names: what drivers send at most. */
const sessionsMax = 10_000;

export const startSession: Operation = {
  run: () => {
    const id = randomBytes(16);
    id[6] = (id[6]! & 0x0f) | 0x40;
    id[8] = (id[8]! & 0x3f) | 0x80;
    return {
      fields: (writer) => {
        writer.beginObject('id').binary('id', BinarySubtype.uuid, id).end().int32('timeoutMinutes', sessionMinutes);
      },
    };
  },
};

function endNamed(call: Call): Reply {
  const given = call.args.array(call.request.command) ?? [];
  if (given.length > sessionsMax) throw badValue(`at most ${sessionsMax} sessions can be named at once`);
  const owner = ownerOf(call);
  for (const session of given) {
    if (session.type !== BsonType.object) throw typeMismatch(`${call.request.command} takes an array of objects`);
    call.shared.sessions.end(sessionName(owner, session));
  }
  return emptyReply;
}

export const endSessions: Operation = { run: endNamed };
export const killSessions: Operation = { run: endNamed };

/** Sessions need no refreshing: what is kept of them goes by use, not by time. */
export const refreshSessions: Operation = { run: () => emptyReply };

/** Ends all work of sessions. Nothing of theirs outlives a command here, so there is none to end. */
export const killAllSessions: Operation = { run: () => emptyReply };
