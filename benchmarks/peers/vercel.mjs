// @vercel/cosmosdb-server over plain HTTP, in memory. `npm run bench` installs it into benchmarks/.peers.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(
  join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../.peers/package.json'),
);
const { createHttpServer } = require('@vercel/cosmosdb-server');
const server = createHttpServer();
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}`));
