// A run of a vendor's Python suite against one server, and what is concluded from it: the part that the harnesses of
// `azure-cosmos` and `azure-data-tables` share. Each names its server, its files and what its counts mean.

import { distantRelay, spoilingRelay } from '../relay.mjs';

/** Of what the server logged, in characters. */
const faultsShownMax = 20_000;

/** Options of `parseArgs` that every suite has; the heads of the harnesses say what they are. */
export const suiteOptions = {
  only: { type: 'string' },
  file: { type: 'string', multiple: true, default: [] },
  wrong: { type: 'string' },
  latency: { type: 'string', default: '10' },
  verbose: { type: 'boolean', default: false },
};

/**
 * Starts a server, puts a relay before it where it shall be distant or spoilt by `wrong`, and runs the tests. The relay
 * listens on `port`, 0 for any; `startServer` is given the port that is left to the server itself. It resolves with
 * `{ host, port, tls, complaints, stop }`, which `runTests` is given with the port that clients use. Sets the exit code
 * when the server had a fault of its own. Resolves with what the tests gave and with the number of answers spoilt.
 */
export async function runAgainst({ port = 0, latencyMs, wrong, startServer, runTests }) {
  const closers = [];
  try {
    const isDirect = wrong === undefined && latencyMs === 0;
    const server = await startServer(isDirect ? port : 0);
    closers.push(server.stop);
    let relay;
    if (!isDirect) {
      const target = { host: server.host, port: server.port };
      relay =
        wrong === undefined
          ? await distantRelay(port, target, latencyMs)
          : await spoilingRelay(port, target, server.tls, wrong);
      closers.push(relay.close);
    }
    const results = await runTests(server, relay?.port ?? server.port);
    const faults = server.complaints().trim();
    if (faults !== '') {
      process.stdout.write(`the server said:\n${faults.slice(0, faultsShownMax)}\n`);
      if (/^(?!\{"level":"(warn|info)")/m.test(faults)) process.exitCode = 1;
    }
    return { results, spoilt: relay?.spoilt ?? 0 };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/**
 * Spoils the answers in the ways that `chosen` names, or in all: `runSpoilt` runs the suite with one of `wrongAnswers`.
 * Sets the exit code when one of them leaves green every test that was green on sound answers.
 */
export async function runWrong({ chosen, wrongAnswers, results, runSpoilt }) {
  const sound = new Set(
    results.filter(({ outcome, requests }) => outcome === 'passed' && requests > 0).map(({ name }) => name),
  );
  for (const kind of chosen === 'all' ? Object.keys(wrongAnswers) : [chosen]) {
    const { results: spoiltResults, spoilt } = await runSpoilt(wrongAnswers[kind]);
    const green = spoiltResults.filter(({ outcome, name }) => outcome === 'passed' && sound.has(name)).length;
    if (green === sound.size) process.exitCode = 1;
    process.stdout.write(
      `${green === sound.size ? 'UNSEEN' : 'seen  '}  ${kind}: ${spoilt} answers spoilt, ` +
        `${sound.size - green} of ${sound.size} tests turned red\n`,
    );
  }
}

/** What failures have in common: their message without what differs from run to run. */
export function commonPartOf(reason) {
  return reason
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+/g, '#')
    .replace(/^azure\.[\w.]*exceptions\./, '')
    .slice(0, 160);
}
