// GET /Table?comp=acl: the stored access policies of a table.

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { policiesOf } from '../access-policy.ts';
import { policiesXml } from '../access-policy-xml.ts';
import { tableOf } from '../tables.ts';
import { xmlDocument } from '../xml.ts';

export function readTableAcl(call: Call): Answer {
  return { status: 200, ...xmlDocument(policiesXml(policiesOf(tableOf(call)))) };
}
