// HTTP on the shared port, below any protocol.

import { connect as connectHttp2, constants as http2 } from 'node:http2';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { openCertificate } from '../../frontends/certificate.ts';
import { openHttp } from '../../frontends/http.ts';

/** Much more than a socket buffers, so that an answer is still being written when the next request comes. */
const answerBytes = 300_000;
const bodyBytes = 3_000;
const rounds = 20;

/**
 * A client in a thread of its own, as quick as another process: it sends a request's head and body apart, the next
 * one as soon as an answer is whole. Posts the first lines of the answers.
 */
const client = `
const { parentPort, workerData } = require('node:worker_threads');
const { port, ca, answerBytes, bodyBytes, rounds } = workerData;
const socket = require('node:tls').connect({ host: '127.0.0.1', port, ca });
const answers = [];
let got = 0;
const ask = () => {
  got = 0;
  socket.write('POST / HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: ' + bodyBytes + '\\r\\n\\r\\n');
  socket.write('x'.repeat(bodyBytes));
};
socket.setNoDelay(true);
socket.on('secureConnect', ask);
socket.on('data', (chunk) => {
  if (got === 0) {
    answers.push(chunk.subarray(0, chunk.indexOf('\\r\\n')).toString());
    got -= chunk.indexOf('\\r\\n\\r\\n') + 4;
  }
  got += chunk.length;
  if (got === answerBytes) answers.length === rounds ? socket.destroy() : ask();
});
socket.on('error', () => {});
socket.on('close', () => parentPort.postMessage(answers));
`;

test('a request that comes over TLS as soon as a long answer ends is served, its body apart from its head', async () => {
  const certificate = await openCertificate({
    directory: undefined,
    names: [],
    nowMs: () => Date.now(),
    onRenewalFailure: () => undefined,
  });
  const headers = ['Content-Length', `${answerBytes}`];
  const port = await openHttp({
    host: '127.0.0.1',
    port: 0,
    secureContext: certificate.secureContext,
    bodyBytesMax: bodyBytes,
    // Written in another turn than the one that read the request, as by any door that had to wait.
    handle: async (_input, send) =>
      void setImmediate(() => send({ status: 200, headers, body: new Uint8Array(answerBytes) })),
  });
  const workerData = { port: port.address.port, ca: certificate.authorityPem, answerBytes, bodyBytes, rounds };
  const worker = new Worker(client, { eval: true, workerData });
  const answers = await new Promise<unknown>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  );
  expect(answers).toEqual(Array.from({ length: rounds }, () => 'HTTP/1.1 200 OK'));
  await worker.terminate();
  await port.close(0);
  certificate.close();
});

test('a client that offers HTTP/2 alone is told in its words to come with HTTP/1.1', async () => {
  const certificate = await openCertificate({
    directory: undefined,
    names: [],
    nowMs: () => Date.now(),
    onRenewalFailure: () => undefined,
  });
  const port = await openHttp({
    host: '127.0.0.1',
    port: 0,
    secureContext: certificate.secureContext,
    bodyBytesMax: bodyBytes,
    handle: () => Promise.reject(new Error('nothing was asked')),
  });
  try {
    for (let round = 0; round < rounds; round++) {
      const session = connectHttp2(`https://localhost:${port.address.port}`, { ca: certificate.authorityPem });
      const failures: unknown[] = [];
      session.on('error', (error) => failures.push(error));
      const told = new Promise((resolve) => session.once('goaway', resolve));
      // Sent before the refusal can have come.
      const request = session.request({ ':method': 'POST', ':path': '/' });
      request.on('error', () => undefined).end('x'.repeat(bodyBytes));
      expect(await told, String(failures)).toBe(http2.NGHTTP2_HTTP_1_1_REQUIRED);
      session.destroy();
    }
  } finally {
    await port.close(1000);
  }
});
