// The shape of the house, checked: which folder may import which, where effects may be, how files begin. When one
// of these fails, mend the code; a rule changes only by a decision record in docs/decisions/.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['bin', 'frontends', 'core', 'indexer', 'replication', 'model', 'jobs'];

/** To the right only. `replication/link` holds the effects of replication and may do what core may. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  bin: ['bin', 'frontends', 'jobs', 'core', 'indexer', 'replication', 'model'],
  frontends: ['frontends', 'core', 'model'],
  jobs: ['jobs', 'core', 'model'],
  core: ['core', 'indexer', 'replication', 'model'],
  indexer: ['indexer', 'model'],
  replication: ['replication', 'model'],
  model: ['model'],
};

/** Packages by folder, longest prefix first. A folder that is not named may import none. */
const packages: readonly (readonly [folder: string, allowed: readonly string[]])[] = [
  ['bin/', ['commander', 'pino', 'yaml', 'cli-progress']],
  ['frontends/admin/', ['express']],
  ['frontends/certificate.ts', ['@peculiar/x509', 'reflect-metadata']],
  ['frontends/cosmos/', ['lru-cache']],
  ['frontends/mongo/', ['lru-cache']],
  ['frontends/bearer.ts', ['jose']],
  ['frontends/table/xml.ts', ['fast-xml-parser']],
  ['frontends/', []],
  ['core/storage/', ['classic-level']],
  ['core/script/', ['@jitl/quickjs-wasmfile-release-sync', 'quickjs-emscripten-core']],
  ['core/query/functions/', ['geographiclib-geodesic', 'lru-cache', 're2js']],
  ['core/query/', ['lru-cache', 're2js']],
  ['core/', ['lru-cache', 're2js']],
  ['indexer/', []],
  ['replication/link/', ['@nats-io/jetstream', '@nats-io/transport-node']],
  ['replication/', []],
  ['model/', ['re2js']],
];

/** Where Node's own modules may be imported. */
const effectful = ['bin/', 'frontends/', 'jobs/', 'core/storage/', 'core/script/', 'replication/link/'];

/** No clock, chance, sockets, files or promises. */
const pure = ['model/', 'indexer/', 'replication/'];
const pureExcept = ['replication/link/'];
/** CRC-32 of zlib where the platform has it: a function of its argument, and hardly an effect. */
const nodeImportsAllowed = new Set(['model/checksum.ts']);

/** Lines of a file before it is cut in two. */
const linesMax = 450;

/** One machine each that reads worse in two halves: these may go further, to `longLinesMax`. */
const longFiles = new Set([
  'core/catalog.ts',
  'indexer/partition-index.ts',
  'model/bson/json-read.ts',
  'model/bson/json-write.ts',
]);
const longLinesMax = 600;

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

function* filesOf(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    else if (/\.ts$/.test(entry.name) && !entry.name.endsWith('.d.ts')) yield path;
  }
}

function read(path: string): Source {
  const text = readFileSync(path, 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const imports: Import[] = [];
  visit(tree, (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      const clause = ts.isImportDeclaration(node) ? node.importClause : undefined;
      const typeOnly = ts.isExportDeclaration(node)
        ? node.isTypeOnly
        : clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      imports.push({ from: (node.moduleSpecifier as ts.StringLiteral).text, typeOnly });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments;
      if (target !== undefined && ts.isStringLiteral(target)) imports.push({ from: target.text, typeOnly: false });
    }
  });
  return { path: relative(root, path).split(sep).join('/'), text, tree, imports };
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

const sources = folders
  .filter((folder) => readdirSync(root).includes(folder))
  .flatMap((folder) => [...filesOf(join(root, folder))].map(read));
const tests = [...filesOf(join(root, 'test'))].map(read);
const everything = [...sources, ...tests];

/** Path of an import within the repository; undefined for a package. */
function targetOf(source: Source, { from }: Import): string | undefined {
  return from.startsWith('.') ? join(dirname(source.path), from).split(sep).join('/') : undefined;
}

function packageOf(from: string): string {
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

function within(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}

function isPure(path: string): boolean {
  return within(path, pure) && !within(path, pureExcept);
}

describe('imports', () => {
  test('go to the right only', () => {
    const wrong = sources.flatMap((source) =>
      source.imports.flatMap((one) => {
        const target = targetOf(source, one);
        if (target === undefined) return [];
        const allowed = mayImport[source.path.split('/')[0]!]!;
        return allowed.includes(target.split('/')[0]!) ? [] : [`${source.path} imports ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('never lead from one front-end to another', () => {
    const frontendOf = (path: string): string | undefined => /^frontends\/([^/]+)\//.exec(path)?.[1];
    const wrong = sources.flatMap((source) =>
      source.imports.flatMap((one) => {
        const target = targetOf(source, one);
        const [own, other] = [frontendOf(source.path), target === undefined ? undefined : frontendOf(target)];
        return source.path.startsWith('frontends/') && other !== undefined && own !== other
          ? [`${source.path} imports ${target}`]
          : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('take only the packages their folder may take', () => {
    const wrong = sources.flatMap((source) => {
      const allowed = packages.find(([prefix]) => source.path.startsWith(prefix))?.[1] ?? [];
      return source.imports
        .filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:') && !allowed.includes(packageOf(from)))
        .map(({ from }) => `${source.path} imports ${from}`);
    });
    expect(wrong).toEqual([]);
  });

  test('reach Node itself only where effects live', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter(
          ({ from, typeOnly }) =>
            from.startsWith('node:') &&
            !typeOnly &&
            !within(source.path, effectful) &&
            !nodeImportsAllowed.has(source.path),
        )
        .map(({ from }) => `${source.path} imports ${from}`),
    );
    expect(wrong).toEqual([]);
  });

  test('name files with their extension', () => {
    const wrong = everything.flatMap((source) =>
      source.imports
        .filter(({ from }) => from.startsWith('.') && !/\.(ts|mjs|js|json)$/.test(from))
        .map(({ from }) => `${source.path} imports ${from}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('pure folders', () => {
  /** What a node does that a pure folder must not do; undefined when nothing. */
  function effectOf(node: ts.Node): string | undefined {
    if (ts.isAwaitExpression(node)) return 'await';
    if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return 'for await';
    if (
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) === true
    )
      return 'async';
    if (ts.isNewExpression(node) && node.expression.getText() === 'Promise') return 'new Promise';
    if (ts.isPropertyAccessExpression(node)) {
      const text = node.getText();
      if (/^(Date\.now|Math\.random|performance\.now|Promise\.\w+|process\.\w+|crypto\.\w+)$/.test(text)) return text;
    }
    if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0)
      return 'new Date()';
    if (
      ts.isCallExpression(node) &&
      /^(setTimeout|setInterval|setImmediate|queueMicrotask|fetch)$/.test(node.expression.getText())
    )
      return node.expression.getText();
    return undefined;
  }

  test('have no clock, chance, timer or promise', () => {
    const wrong = sources
      .filter(({ path }) => isPure(path))
      .flatMap(({ path, tree }) => {
        const found: string[] = [];
        visit(tree, (node) => {
          const effect = effectOf(node);
          if (effect !== undefined)
            found.push(`${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${effect}`);
        });
        return found;
      });
    expect(wrong).toEqual([]);
  });

  test('are told from effects by this very check', () => {
    const tree = ts.createSourceFile(
      'x.ts',
      'async function f() { await g(); setTimeout(f, 1); return new Date(Date.now() * Math.random()); } new Date();',
      ts.ScriptTarget.ES2022,
      true,
    );
    const found: string[] = [];
    visit(tree, (node) => {
      const effect = effectOf(node);
      if (effect !== undefined) found.push(effect);
    });
    expect(found).toEqual(['async', 'await', 'setTimeout', 'Date.now', 'Math.random', 'new Date()']);
  });
});

describe('files', () => {
  test('begin with a comment that says why they exist', () => {
    expect(sources.filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*)/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test(`have at most ${linesMax} lines`, () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > (longFiles.has(path) ? longLinesMax : linesMax));
    expect(long).toEqual([]);
  });

  test('are never called index.ts and never named after nothing', () => {
    const wrong = /(^|\/)(index|utils?|helpers?|common|misc|manager|service)\.ts$/;
    expect(everything.filter(({ path }) => wrong.test(path)).map(({ path }) => path)).toEqual([]);
  });

  test('use no `any`, no enum, no namespace and no default export', () => {
    const wrong = everything
      .filter(({ path }) => !path.endsWith('vitest.config.ts'))
      .flatMap(({ path, tree }) => {
        const found: string[] = [];
        visit(tree, (node) => {
          const place = `${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
          if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${place} any`);
          if (ts.isEnumDeclaration(node)) found.push(`${place} enum`);
          if (ts.isModuleDeclaration(node) && !ts.isStringLiteral(node.name)) found.push(`${place} namespace`);
          if (ts.isExportAssignment(node)) found.push(`${place} default export`);
        });
        return found;
      });
    expect(wrong).toEqual([]);
  });
});
