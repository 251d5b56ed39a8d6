// GET /?restype=service&comp=stats, on the secondary address only: how far behind the primary it is. Both addresses are
// served from one store here, so it is never behind.

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { refusal } from '../errors.ts';
import { element, xmlDocument } from '../xml.ts';

export function readServiceStats({ request, deployment }: Call): Answer {
  if (!request.isSecondary) throw refusal('InvalidQueryParameterValue', 'comp');
  const replication = element('GeoReplication', [
    element('Status', 'live'),
    element('LastSyncTime', new Date(deployment.nowMs()).toUTCString()),
  ]);
  return { status: 200, ...xmlDocument(element('StorageServiceStats', [replication])) };
}
