// saslStart, saslContinue, logout: see authenticate.ts.

import { writeSaslReply } from '../authenticate.ts';
import type { Command } from '../command.ts';

export const saslStart: Command = {
  open: true,
  run: ({ connection, request }) => {
    const reply = connection.authentication.start(request.database, request.body);
    return { write: (writer) => writeSaslReply(writer, reply) };
  },
};

export const saslContinue: Command = {
  open: true,
  run: ({ connection, request }) => {
    const reply = connection.authentication.continue(request.body);
    return { write: (writer) => writeSaslReply(writer, reply) };
  },
};

export const logout: Command = {
  open: true,
  run: ({ connection }) => {
    connection.authentication.logout();
    return { write: () => undefined };
  },
};
