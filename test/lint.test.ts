// Proof that the lint configuration is alive: seeded mistakes are found, each by its rule. A floating promise in a
// database is a lost write.

import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

// A path inside core, so that the rules for request paths apply; nothing is written there.
const seededPath = 'core/seeded.ts';

const engine = new ESLint({
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  overrideConfig: {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: [seededPath], defaultProject: 'tsconfig.json' } },
    },
  },
});

async function rulesBrokenBy(source: string): Promise<string[]> {
  const [result] = await engine.lintText(source, { filePath: seededPath });
  return result!.messages.map(({ ruleId, message }) => ruleId ?? message);
}

const write = 'declare function write(): Promise<void>;\n';

test.each([
  [
    'a promise nobody waits for',
    `${write}export function f(): void {\n  write();\n}\n`,
    '@typescript-eslint/no-floating-promises',
  ],
  [
    'an async function in a condition',
    `${write}export const f = (): number => (write() ? 1 : 2);\n`,
    '@typescript-eslint/no-misused-promises',
  ],
  [
    'await of what is no promise',
    'export async function f(): Promise<void> {\n  await 1;\n}\n',
    '@typescript-eslint/await-thenable',
  ],
  [
    'a switch that forgets a case',
    "export function f(a: 'x' | 'y'): number {\n  switch (a) {\n    case 'x':\n      return 1;\n  }\n  return 0;\n}\n",
    '@typescript-eslint/switch-exhaustiveness-check',
  ],
  ['any', 'export let a: any;\n', '@typescript-eslint/no-explicit-any'],
  [
    'a blocking call',
    "import { readFileSync } from 'node:fs';\nexport const f = (): unknown => readFileSync('a');\n",
    'no-restricted-syntax',
  ],
  ['a default export', 'export default 1;\n', 'no-restricted-syntax'],
  ['console', 'console.log(1);\nexport {};\n', 'no-console'],
])('%s is found', async (_name, source, rule) => {
  expect(await rulesBrokenBy(source)).toContain(rule);
});

test('clean code is left alone', async () => {
  expect(await rulesBrokenBy(`${write}export async function f(): Promise<void> {\n  await write();\n}\n`)).toEqual([]);
});
