// GET /dbs/{database}/colls/{container}

import { catalogReadCharge } from '../../../core/charge.ts';
import { containerOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { containerDocument, jsonOf } from '../represent.ts';

export function readContainer(call: Call): Answer {
  const container = containerOf(call);
  return {
    status: 200,
    body: jsonOf(containerDocument(container)),
    etag: container.time,
    charge: catalogReadCharge,
    place: { engine: call.engine, container },
    extra: ['x-ms-documentdb-collection-index-transformation-progress', '100'],
  };
}
