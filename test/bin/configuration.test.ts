// docs/configuration.md is made from the table of flags. After a change: `npx vitest run -u test/bin/configuration.test.ts`.

import { expect, test } from 'vitest';
import { commandRows } from '../../bin/commands.ts';
import { defaultWords, environmentName, flagList, optionWords } from '../../bin/flags.ts';

function page(): string {
  const lines = [
    '# Configuration',
    '',
    'A setting given on the command line wins over the environment, the environment over the file of `--config FILE`',
    '(or `MERIDIAN_CONFIG`), and the file over the default. In the file, which is YAML, a setting has the name of its',
    'flag without the dashes: `sql-port: 9000`. A switch that was turned on is turned off with `--no-…` or `false`.',
    'What may be given several times is a list in the file and separated by commas in the environment. Embedded',
    '(`Meridian.start({ … })`), names are in camel case: `sqlPort`; accounts are `accounts: [{ name, key }]`.',
    '',
    '| Flag | Environment | Default | Meaning |',
    '|---|---|---|---|',
    ...flagList.map((flag) => {
      const fallback = defaultWords(flag);
      const words = optionWords(flag).replaceAll('|', '\\|');
      return `| \`${words}\` | \`${environmentName(flag)}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${flag.help} |`;
    }),
    '',
    '## Commands',
    '',
    '| Command | What it does |',
    '|---|---|',
    ...commandRows.map(({ name, argument, help }) => {
      const words = argument === undefined ? name : `${name} ${argument.choices?.join('\\|') ?? argument.name}`;
      return `| \`meridian ${words}\` | ${help} |`;
    }),
    '',
    'Exit codes: 0 done; 1 it failed, or `check` or `doctor` found something; 2 wrong usage; 70 a fault of the program or',
    'damaged data.',
    '',
  ];
  return lines.join('\n');
}

test('docs/configuration.md says what the program takes', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/configuration.md');
});
