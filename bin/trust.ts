// Whom the configuration trusts beside the holders of keys: issuers of bearer tokens, and which roles their principals
// have from the start.

import { BearerTokens } from '../frontends/bearer.ts';
import { openKeySet } from '../frontends/key-set.ts';
import { builtInRoles, checkedId, checkedScope, type RoleAssignment } from '../frontends/roles.ts';
import { DatabaseError } from '../model/errors.ts';
import { configuredAccounts } from './accounts.ts';
import { UsageError, type Grant } from './flag-type.ts';
import type { Settings } from './flags.ts';

/** What the services' clients ask tokens for. */
const audienceDefault = 'https://cosmos.azure.com';
const storageAudience = 'https://storage.azure.com';

/** Of clients of the Table door: the service's, and the account's own by both of its host names. */
function tableAudiences(settings: Settings): readonly string[] {
  const accounts = configuredAccounts(settings).flatMap(({ name }) => [
    `https://${name}.table.core.windows.net`,
    `https://${name}.table.cosmos.azure.com`,
  ]);
  return [storageAudience, audienceDefault, ...accounts].flatMap((audience) => [audience, `${audience}/`]);
}

/** Undefined when no issuer is trusted. Tokens live in the time of their issuer, whatever the server's clock is. */
export async function openBearerTokens(settings: Settings): Promise<BearerTokens | undefined> {
  const { issuers, audiences, clockTolerance } = settings;
  if (issuers.length === 0) return undefined;
  const nowMs = (): number => Date.now();
  const opened = issuers.map(async ({ name, keys }) => {
    try {
      return { name, keys: await openKeySet(keys, nowMs) };
    } catch (error) {
      if (error instanceof DatabaseError) throw new UsageError(`--issuer ${name}: ${error.message}`);
      throw error;
    }
  });
  return new BearerTokens({
    issuers: await Promise.all(opened),
    audiences: audiences.length === 0 ? [audienceDefault] : audiences,
    tableAudiences: audiences.length === 0 ? tableAudiences(settings) : audiences,
    toleranceSeconds: clockTolerance,
    nowMs,
  });
}

const roleNames: ReadonlyMap<string, string> = new Map([
  ['reader', builtInRoles[0]!.id],
  ['contributor', builtInRoles[1]!.id],
  ['table-reader', builtInRoles[2]!.id],
  ['table-contributor', builtInRoles[3]!.id],
]);

export function roleAssignmentsOf({ grants }: Pick<Settings, 'grants'>): readonly RoleAssignment[] {
  return grants.map(({ principal, role, scope }: Grant, i) => {
    try {
      return {
        id: `configured-${i + 1}`,
        principalId: principal,
        roleDefinitionId: roleNames.get(role.toLowerCase()) ?? checkedId(role, 'role'),
        scope: checkedScope(scope),
      };
    } catch (error) {
      if (error instanceof DatabaseError)
        throw new UsageError(`--grant ${principal}: ${error.argument} ${error.message}`);
      throw error;
    }
  });
}
