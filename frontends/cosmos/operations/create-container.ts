// POST /dbs/{database}/colls

import { catalogWriteCharge } from '../../../core/charge.ts';
import { fieldOf } from '../../../model/bson/walk.ts';
import { databaseOf, type Call } from '../call.ts';
import { checkEncryptionPolicy } from '../client-encryption-keys.ts';
import type { Answer } from '../encode.ts';
import { partitionsFor } from '../offers.ts';
import { containerDocument, jsonOf } from '../represent.ts';
import { containerDefinition, throughputOf } from '../settings.ts';

export async function createContainer(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const throughput = throughputOf(request);
  const { id, partitionKey, settings } = containerDefinition(request, throughput);
  checkEncryptionPolicy(call, fieldOf(settings, 'clientEncryptionPolicy'), partitionKey);
  const container = await engine.execute(
    {
      kind: 'create-container',
      database: databaseOf(call).id,
      container: id,
      profile: 'documents',
      partitionKey,
      partitions: throughput && Math.max(engine.partitionsDefault, partitionsFor(throughput)),
      settings,
    },
    context,
  );
  return {
    status: 201,
    body: jsonOf(containerDocument(container)),
    etag: container.time,
    charge: catalogWriteCharge,
    place: { engine, container, itself: true },
  };
}
