// OPTIONS on any address: a browser asks whether a page of another site may send a request. It bears no credentials.

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { preflightHeaders } from '../cors.ts';
import { servicePropertiesOf } from '../service-properties.ts';

export function preflight({ request, engine }: Call): Answer {
  return { status: 200, headers: preflightHeaders(request, servicePropertiesOf(engine.catalog)), body: undefined };
}
