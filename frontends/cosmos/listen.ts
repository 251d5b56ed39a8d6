// Opens the Cosmos door: the Azure Cosmos DB NoSQL REST protocol over HTTP and HTTPS on one port.
// It only joins the pieces; the order of a request is `frontends/serve.ts`.

import { DatabaseError } from '../../model/errors.ts';
import { isQuorumLevel, type Deployment, type ListenOptions, type OpenDoor } from '../deployment.ts';
import type { HttpAnswer, HttpInput } from '../http-exchange.ts';
import { openHttpDoor } from '../http-door.ts';
import type { Door } from '../serve.ts';
import { authenticator } from './authenticate.ts';
import type { CosmosPrincipal } from './authorize.ts';
import { consistencyOf, sessionTokenOf } from './consistency.ts';
import { decode, type CosmosRequest } from './decode.ts';
import { encode, encodeFailure, type Answer } from './encode.ts';
import { itemJsonBytesMax } from './write-item.ts';

/** A whole item or batch, and room for what a batch adds around its items. */
const bodyBytesMax = itemJsonBytesMax + 64 * 1024;

const protocol = 'cosmos';

export function cosmosDoor(
  deployment: Deployment,
): Door<HttpInput, CosmosRequest, Answer, HttpAnswer, CosmosPrincipal> {
  const authenticate = authenticator(deployment);
  const accounts = new Map(deployment.accounts.map((account) => [account.number, account]));
  return {
    protocol,
    decode: (input) => decode(input, deployment.addresses),
    operationOf: (request) => request.row.operation,
    authenticate,
    operate: (request, principal, signal) => {
      const { run, operation } = request.row;
      if (run === undefined)
        throw new DatabaseError('NotSupported', `${operation} is not supported yet`, { argument: 'path' });
      const account = accounts.get(principal.account)!;
      const level = consistencyOf(request, deployment.consistency);
      const sessionToken = sessionTokenOf(request, deployment.consistency);
      const context = { account: account.number, signal, sessionToken, isQuorumRead: isQuorumLevel(level) };
      return run({ request, principal, deployment, account, engine: account.engine, context });
    },
    encode,
    fail: (error, _input, request, activityId) => encodeFailure(error, request, activityId),
  };
}

export function openCosmos(deployment: Deployment, options: ListenOptions): Promise<OpenDoor> {
  return openHttpDoor(cosmosDoor(deployment), deployment, options, bodyBytesMax);
}
