// Lint rules, type-aware. The ones that matter most: a promise that floats in a database is a lost write, and
// `test/lint.test.ts` proves that this configuration finds them.

import tseslint from 'typescript-eslint';

/** Blocks the event loop: never where requests are served. */
const blockingCalls = [
  {
    selector: "ImportDeclaration[source.value='node:fs'] > ImportSpecifier[imported.name=/Sync$/]",
    message: 'Use node:fs/promises: a synchronous call stops every request.',
  },
  {
    selector:
      'MemberExpression[property.name=/^(readFile|writeFile|appendFile|stat|mkdir|readdir|rm|unlink|rename|open|exec|execFile|spawn)Sync$/]',
    message: 'Use the promise form: a synchronous call stops every request.',
  },
];

const exports = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'TSEnumDeclaration', message: 'Use a frozen record of constants.' },
  { selector: 'ExportAllDeclaration', message: 'Import from the file that has it: no re-exports.' },
];

export default tseslint.config(
  { ignores: ['dist/**', 'dist.*/**', 'node_modules/**', 'coverage/**', '.cache/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-implied-eval': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      'no-restricted-syntax': ['error', ...exports],
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-console': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      'no-fallthrough': 'error',
    },
  },
  {
    files: ['frontends/**/*.ts', 'core/**/*.ts', 'indexer/**/*.ts', 'replication/**/*.ts', 'model/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...exports, ...blockingCalls] },
  },
  {
    // Tests print their seeds, and take what clients and tools give them as it comes.
    files: ['test/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Configuration files that a tool demands a default export of.
    files: ['**/vitest.config.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
