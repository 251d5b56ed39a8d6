// Lets a worker thread of a test run the TypeScript sources. Node loads them itself only from version 22.18 on; the tests' own
// runner compiles what the test imports, but not what a `Worker` starts. Given to Node with `--import`, which workers
// inherit; anywhere else it does nothing.

import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread && process.features.typescript === undefined) {
  const hooks = `
    import { readFile } from 'node:fs/promises';
    import { fileURLToPath } from 'node:url';
    export async function load(url, context, next) {
      if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
      const { default: ts } = await import(${JSON.stringify(import.meta.resolve('typescript'))});
      const { outputText: source } = ts.transpileModule(await readFile(fileURLToPath(url), 'utf8'), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      return { format: 'module', source, shortCircuit: true };
    }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}
