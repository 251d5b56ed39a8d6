// GET /_explorer/emulator.pem and /cosmos/emulator: the certificate authority's certificate, where the emulators serve theirs, so that
// set-up scripts find it. It is public, and over plain HTTP because whoever asks does not trust us yet.

import { DatabaseError } from '../../../model/errors.ts';
import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';

export function readCertificate({ request, deployment }: Call): Answer {
  if (request.ids[0] !== (request.row.path.startsWith('/cosmos/') ? 'emulator' : 'emulator.pem'))
    throw new DatabaseError('ResourceNotFound', 'there is no such file', { argument: 'path' });
  return { status: 200, body: Buffer.from(deployment.authorityPem), contentType: 'application/x-pem-file', charge: 0 };
}
