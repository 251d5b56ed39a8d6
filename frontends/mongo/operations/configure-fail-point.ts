// configureFailPoint: the faults that driver test suites ask for. Only with --enable-test-commands.

import { emptyReply, type Operation } from '../call.ts';

export const configureFailPoint: Operation = {
  run: ({ request, shared }) => {
    shared.failPoints.configure(request.body);
    return emptyReply;
  },
};
