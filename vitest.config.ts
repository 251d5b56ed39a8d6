import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/cluster/**'],
    testTimeout: 60_000,
    pool: 'forks',
    // For worker threads that a test starts.
    execArgv: ['--import', new URL('test/typescript-worker.mjs', import.meta.url).href],
    fileParallelism: true,
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: '.cache/test-report.json' }]],
  },
});
