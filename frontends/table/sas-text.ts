// What a shared access signature covers, by the version it names (docs: "Create a service SAS", "Create an account SAS").
// A parameter that is absent and one that is empty sign the same; so they are the same here.

/** Parameters of the query that belong to a signature; '' when absent. */
export type Field = (name: string) => string;

/** Signatures name how their text is built from here on; older ones know neither protocol nor address. */
export const versionMin = '2012-02-12';
const withProtocol = '2015-04-05';
const withService = '2015-02-21';
const withEncryptionScope = '2020-12-06';

/** The text that a signature for one table covers. */
export function serviceText(account: string, field: Field): string {
  const version = field('sv');
  const resource = `/${account}/${field('tn').toLowerCase()}`;
  return [
    field('sp'),
    field('st'),
    field('se'),
    version >= withService ? `/table${resource}` : resource,
    field('si'),
    ...(version >= withProtocol ? [field('sip'), field('spr')] : []),
    version,
    field('spk'),
    field('srk'),
    field('epk'),
    field('erk'),
  ].join('\n');
}

/**
 * The texts that a signature for an account may cover. Clients that know nothing of encryption scopes leave their line
 * out whatever version they name.
 */
export function accountTexts(account: string, field: Field): readonly string[] {
  const names = ['sp', 'ss', 'srt', 'st', 'se', 'sip', 'spr', 'sv'];
  const text = [account, ...names.map(field), ''].join('\n');
  if (field('sv') < withEncryptionScope) return [text];
  const scope = field('ses');
  return scope === '' ? [`${text}\n`, text] : [`${text}${scope}\n`];
}
