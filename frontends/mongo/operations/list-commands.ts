// listCommands: the surface, as a command tells it.

import type { Operation } from '../call.ts';
import { surface } from '../surface.ts';

export const listCommands: Operation = {
  run: () => ({
    fields: (writer) => {
      writer.beginObject('commands');
      for (const { name, operation, open, adminOnly } of surface) {
        if (operation === undefined) continue;
        writer
          .beginObject(name)
          .string('help', '')
          .boolean('requiresAuth', open !== true);
        writer
          .boolean('secondaryOk', false)
          .boolean('adminOnly', adminOnly === true)
          .beginArray('apiVersions')
          .end()
          .end();
      }
      writer.end();
    },
  }),
};
