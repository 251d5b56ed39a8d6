// The version of the package, read from where it is written once.

import { createRequire } from 'node:module';

/** package.json lies above `bin/` for the sources and above `dist/bin/` for the build. */
export const version: string = (() => {
  const require = createRequire(import.meta.url);
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const found = require(path) as { readonly name?: unknown; readonly version?: unknown };
      if (found.name === 'meridian' && typeof found.version === 'string') return found.version;
    } catch {
      // The other place.
    }
  }
  return '0.0.0';
})();
