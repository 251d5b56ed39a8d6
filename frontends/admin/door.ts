// The admin protocol as the shared pipeline wants it: decode, authenticate, operate, encode, fail.

import type { DatabaseError } from '../../model/errors.ts';
import type { Deployment } from '../deployment.ts';
import type { Door } from '../serve.ts';
import { authenticator } from './authenticate.ts';
import { decode, type AdminInput, type AdminRequest } from './decode.ts';
import { encode, type AdminOutput } from './encode.ts';
import { answerOfError } from './errors.ts';
import type { AdminSources } from './sources.ts';
import type { AdminAnswer } from './surface.ts';

export type AdminDoor = Door<AdminInput, AdminRequest, AdminAnswer, AdminOutput>;

export function adminDoor(deployment: Deployment, sources: AdminSources): AdminDoor {
  return {
    protocol: 'admin',
    decode,
    operationOf: ({ route }) => route.operation,
    authenticate: authenticator(deployment.accounts, sources.hostNames),
    operate: ({ route, query, body }, principal) => route.run({ deployment, sources, principal, query, body }),
    encode: (answer) => encode(answer),
    fail: (error: DatabaseError, _input, _request, activityId) => encode(answerOfError(error, activityId)),
  };
}
