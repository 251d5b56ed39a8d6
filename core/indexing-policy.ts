// What a container's settings say about its index. Cosmos DB's words are kept as they came (`indexingPolicy`); this
// reads out of them what the index understands.

import { ElementCursor, fieldOf, type Raw } from '../model/bson/walk.ts';
import { BsonType } from '../model/bson/types.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { valueOf } from '../model/value.ts';
import { compilePolicy, defaultPolicy, parsePath, type CompositePart, type IndexingPolicy } from '../indexer/policy.ts';

const policies = new WeakMap<ContainerRecord, IndexingPolicy>();

/** The policy of a container's index. */
export function indexingPolicyOf(container: ContainerRecord): IndexingPolicy {
  let policy = policies.get(container);
  if (policy === undefined) policies.set(container, (policy = checkedPolicy(container.settings)));
  return policy;
}

/** Reads the policy out of settings. Throws BadRequest naming what an index cannot do. */
export function checkedPolicy(settings: Uint8Array): IndexingPolicy {
  const policy = readPolicy(settings);
  compilePolicy(policy);
  return policy;
}

/** Differs exactly when an index built for one policy cannot serve the other. */
export function policyText(policy: IndexingPolicy): string {
  const steps = (part: CompositePart): unknown[] => part.path.map((step) => (typeof step === 'string' ? step : 0));
  return JSON.stringify([
    policy.included,
    policy.excluded,
    policy.composites.map((parts) => parts.map((part) => [steps(part), part.descending])),
  ]);
}

function readPolicy(settings: Uint8Array): IndexingPolicy {
  const policy = fieldOf(settings, 'indexingPolicy');
  if (policy?.type !== BsonType.object) return defaultPolicy;
  const body = policy.slice();
  if (valueOf(fieldOf(body, 'indexingMode')) === 'none') return { included: [], excluded: ['/*'], composites: [] };
  const included = pathsOf(fieldOf(body, 'includedPaths'));
  return {
    included: included.length === 0 && fieldOf(body, 'includedPaths') === undefined ? ['/*'] : included,
    excluded: pathsOf(fieldOf(body, 'excludedPaths')),
    composites: elementsOf(fieldOf(body, 'compositeIndexes')).map((parts) => elementsOf(parts).map(partOf)),
  };
}

function partOf(raw: Raw): CompositePart {
  const body = raw.slice();
  const { steps } = parsePath(String(valueOf(fieldOf(body, 'path'))));
  return { path: steps, descending: valueOf(fieldOf(body, 'order')) === 'descending' };
}

function pathsOf(list: Raw | undefined): string[] {
  return elementsOf(list).map((entry) => String(valueOf(fieldOf(entry.slice(), 'path'))));
}

function elementsOf(list: Raw | undefined): Raw[] {
  if (list?.type !== BsonType.array) return [];
  const cursor = new ElementCursor(list.slice());
  const elements: Raw[] = [];
  while (cursor.next()) elements.push(cursor.raw());
  return elements;
}
