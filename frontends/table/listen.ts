// Opens the Table door: the REST protocol of Azure Table storage, and that of Azure Cosmos DB for Table, over HTTP and
// HTTPS on one port. It only joins the pieces; the order of a request is `frontends/serve.ts`.

import type { Deployment, ListenOptions, OpenDoor } from '../deployment.ts';
import type { HttpAnswer, HttpInput } from '../http-exchange.ts';
import { openHttpDoor } from '../http-door.ts';
import type { Door } from '../serve.ts';
import type { Answer } from './answer.ts';
import { authenticator } from './authenticate.ts';
import { authorize } from './authorize.ts';
import { corsHeaders } from './cors.ts';
import { decode } from './decode.ts';
import { encode, encodeFailure } from './encode.ts';
import { refusal } from './errors.ts';
import { bodyBytesMax } from './limits.ts';
import type { TablePrincipal } from './principal.ts';
import type { TableRequest } from './request.ts';
import { servicePropertiesOf } from './service-properties.ts';
import { accountNamed } from './signing-keys.ts';

const protocol = 'table';

export function tableDoor(deployment: Deployment): Door<HttpInput, TableRequest, Answer, HttpAnswer, TablePrincipal> {
  const authenticate = authenticator(deployment);
  const options = { isAccount: (name: string) => accountNamed(deployment, name) !== undefined };
  const accounts = new Map(deployment.accounts.map((account) => [account.number, account]));
  return {
    protocol,
    decode: (input) => decode(input, options),
    operationOf: (request) => request.row.operation,
    authenticate,
    operate: (request, principal, signal) => {
      const { run } = request.row;
      authorize(principal, request);
      if (run === undefined) throw refusal('NotImplemented', 'path');
      const account = accounts.get(principal.account)!;
      const context = { account: account.number, signal };
      return run({ request, principal, deployment, account, engine: account.engine, context });
    },
    encode: (answer, request) => encode(answer, request, corsOf(deployment, request, answer)),
    fail: (error, input, request, requestId) => {
      const failed = request ?? { headers: input.message.headers };
      const answer = encodeFailure(error, failed, requestId);
      const cors = request === undefined ? [] : corsOf(deployment, request, answer);
      return encode(answer, failed, cors, requestId);
    },
  };
}

/** What browsers are told on behalf of pages of other sites, also about failures. A preflight says it itself. */
function corsOf(deployment: Deployment, request: TableRequest, answer: Answer): readonly string[] {
  if (request.row.operation === 'preflight') return [];
  const account = accountNamed(deployment, request.accountName);
  if (account === undefined) return [];
  return corsHeaders(request, servicePropertiesOf(account.engine.catalog), answer.headers);
}

export function openTable(deployment: Deployment, options: ListenOptions): Promise<OpenDoor> {
  return openHttpDoor(tableDoor(deployment), deployment, options, bodyBytesMax);
}
