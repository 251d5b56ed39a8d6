// The physical limit of a point get of the Table door: a server with one answer, given as a file of its bytes, that
// checks the SharedKeyLite signature of each request. Arguments: `http` (Node's server) or `net` (a socket, and the least
// reading of a request that finds its path and two headers), then the file. No database behind either.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { account, key } from '../table-requests.mjs';

const [kind, file] = process.argv.slice(2);
const answer = readFileSync(file);
const bodyAt = answer.indexOf('\r\n\r\n') + 4;
const [, ...lines] = answer.toString('latin1', 0, bodyAt - 4).split('\r\n');
// Node sets these itself, as it does for Meridian's unusual requests.
const ownHeaders = /^(date|connection|keep-alive):/i;
const headers = lines.filter((line) => !ownHeaders.test(line)).flatMap((line) => line.split(/: (.*)/s, 2));
const body = answer.subarray(bodyAt);

function isSigned(path, date, authorization) {
  const expected = createHmac('sha256', key).update(`${date}\n/${account}${path}`).digest();
  const given = Buffer.from(authorization.slice(authorization.indexOf(':') + 1), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function valueOf(text, name) {
  const at = text.indexOf(`\r\n${name}: `) + name.length + 4;
  return text.slice(at, text.indexOf('\r\n', at));
}

const server =
  kind === 'http'
    ? createHttpServer({ noDelay: true, keepAliveTimeout: 60_000 }, ({ url, headers: sent }, response) => {
        const isGood = isSigned(url, sent['x-ms-date'], sent.authorization);
        response.writeHead(isGood ? 200 : 403, headers).end(body);
      })
    : createSocketServer({ noDelay: true }, (socket) => {
        socket.on('error', () => socket.destroy());
        socket.on('data', (chunk) => {
          const text = chunk.latin1Slice();
          const path = text.slice(4, text.indexOf(' ', 4));
          if (isSigned(path, valueOf(text, 'x-ms-date'), valueOf(text, 'Authorization'))) socket.write(answer);
          else socket.destroy();
        });
      });
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}`));
