// PUT /Table?comp=acl: replaces all stored access policies of a table. Signatures that name one are judged by what it
// says from the next request on.

import { withPolicies } from '../access-policy.ts';
import { policiesIn } from '../access-policy-xml.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { replaceSettings } from '../replace-settings.ts';
import { tableOf } from '../tables.ts';

export async function replaceTableAcl(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  // A table that is not there is told before what is wrong with the document.
  tableOf(call);
  const policies = await policiesIn(request.body);
  await replaceSettings(async () => {
    const { database, id: container, settings, time } = tableOf(call);
    await engine.execute(
      { kind: 'replace-container', database, container, settings: withPolicies(settings, policies), ifMatch: time },
      context,
    );
  });
  return { status: 204, headers: [], body: undefined };
}
