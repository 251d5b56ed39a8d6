// Stored access policies as clients send and get them: at most five, each with an identifier of its own, and of start,
// expiry and permission those that it fixes. Source: "Set Table ACL", "Get Table ACL" (Azure Storage REST reference).

import { identifierCharactersMax, policiesMax, type AccessPolicy } from './access-policy.ts';
import { instantOf, toTicks } from './access-time.ts';
import { refusal } from './errors.ts';
import { checkNames, childNamed, element, readXml, requiredChild, type XmlElement } from './xml.ts';

/** Each letter once, in this order. */
const permissionShape = /^r?a?u?d?$/;

/** The policies in a body; an empty body has none. */
export async function policiesIn(body: Uint8Array): Promise<readonly AccessPolicy[]> {
  if (body.length === 0) return [];
  const root = await readXml(body, 'SignedIdentifiers');
  checkNames(root, ['SignedIdentifier']);
  if (root.children.length > policiesMax) throw refusal('InvalidXmlDocument', 'SignedIdentifiers');
  const policies = root.children.map(policyIn);
  if (new Set(policies.map(({ id }) => id)).size < policies.length) throw refusal('InvalidXmlDocument', 'Id');
  return policies;
}

function policyIn(identifier: XmlElement): AccessPolicy {
  checkNames(identifier, ['Id', 'AccessPolicy']);
  const id = requiredChild(identifier, 'Id').text;
  if (id === '' || id.length > identifierCharactersMax) throw refusal('InvalidXmlNodeValue', 'Id');
  const policy = childNamed(identifier, 'AccessPolicy');
  if (policy === undefined) return { id };
  checkNames(policy, ['Start', 'Expiry', 'Permission']);
  const start = timeIn(policy, 'Start');
  const expiry = timeIn(policy, 'Expiry');
  const permission = childNamed(policy, 'Permission')?.text.trim() ?? '';
  if (!permissionShape.test(permission)) throw refusal('InvalidXmlNodeValue', 'Permission');
  return {
    id,
    ...(start !== undefined && { start }),
    ...(expiry !== undefined && { expiry }),
    ...(permission !== '' && { permission }),
  };
}

/** An empty element says nothing. */
function timeIn(policy: XmlElement, name: string): string | undefined {
  const text = childNamed(policy, name)?.text.trim() ?? '';
  if (text === '') return undefined;
  if (instantOf(text) === undefined) throw refusal('InvalidXmlNodeValue', name);
  return text;
}

export function policiesXml(policies: readonly AccessPolicy[]): string {
  return element(
    'SignedIdentifiers',
    policies.map(({ id, start, expiry, permission }) => {
      const said = [
        ...(start === undefined ? [] : [element('Start', toTicks(start))]),
        ...(expiry === undefined ? [] : [element('Expiry', toTicks(expiry))]),
        ...(permission === undefined ? [] : [element('Permission', permission)]),
      ];
      // Clients take a policy that says nothing for none.
      return element('SignedIdentifier', [
        element('Id', id),
        ...(said.length === 0 ? [] : [element('AccessPolicy', said)]),
      ]);
    }),
  );
}
