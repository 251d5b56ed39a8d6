// The physical limit of an HTTP answer in Node: node:http, one route, the same signature check, the same
// headers and bytes as Meridian's answer (given as a file), no database behind it.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const answers = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const key = Buffer.from(
  'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==',
  'base64',
);

const read = { status: answers.read.status, headers: answers.read.headers, body: Buffer.from(answers.read.body) };
const create = {
  status: answers.create.status,
  headers: answers.create.headers,
  body: Buffer.from(answers.create.body),
};

function signed(request, resourceLink) {
  const date = request.headers['x-ms-date'];
  const text = `${request.method.toLowerCase()}\ndocs\n${resourceLink}\n${date.toLowerCase()}\n\n`;
  const expected = createHmac('sha256', key).update(text).digest();
  const given = Buffer.from(decodeURIComponent(request.headers.authorization).split('&sig=')[1], 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const ok = signed(request, request.url.slice(1));
    response.writeHead(ok ? read.status : 401, read.headers);
    response.end(read.body);
    return;
  }
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const ok = signed(request, request.url.slice(1, -5)) && Buffer.concat(chunks).length > 0;
    response.writeHead(ok ? create.status : 401, create.headers);
    response.end(create.body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}`));
