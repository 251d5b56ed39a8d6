// Fields of a container's settings that are one door's own, or core's: every other door neither shows them nor drops
// them when it replaces the settings.

import { declaredIndexesField } from './declared-index.ts';
import { enforcedField } from './offer.ts';

/** Stored access policies of a table. */
export const tablePoliciesField = 'tableAccessPolicies';

export const keptFields: readonly string[] = [declaredIndexesField, enforcedField, tablePoliciesField];
