#!/usr/bin/env node
// The launcher: brings `dist/` up to date when sources lie beside it, then runs it. A package that ships only
// `dist/` runs at once. Plain JavaScript, because it runs before anything is compiled.

import { build } from './build.mjs';

try {
  build();
} catch (error) {
  process.stderr.write(`meridian: ${error.message}\n`);
  process.exit(1);
}
const { main } = await import('../dist/bin/main.js');
await main(process.argv.slice(2));
