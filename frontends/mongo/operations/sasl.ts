// saslStart, saslContinue, logout: see `authenticate.ts`.

import { type BsonWriter } from '../../../model/bson/write.ts';
import { writeSaslReply, type SaslReply } from '../authenticate.ts';
import { emptyReply, type Operation, type Reply } from '../call.ts';

function replyOf(reply: SaslReply): Reply {
  return { fields: (writer: BsonWriter) => writeSaslReply(writer, reply) };
}

export const saslStart: Operation = {
  run: ({ client, request }) => replyOf(client.authentication.start(request.database, request.body)),
};

export const saslContinue: Operation = {
  run: ({ client, request }) => replyOf(client.authentication.continue(request.body)),
};

export const logout: Operation = {
  run: ({ client }) => {
    client.authentication.logout();
    return emptyReply;
  },
};
