// One request of a start-up probe through an open HTTP door, as a client would send it.

import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Deployment, OpenDoor } from './deployment.ts';

/** A start that hangs here is one that failed. */
const answerMsMax = 10_000;

export interface ProbeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object | undefined;
}

/** Status of the answer. Rejects when none comes. */
export function probeCall(
  { tlsOnly }: Deployment,
  door: OpenDoor,
  { method, path, headers, body }: ProbeRequest,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { host, port } = reachable(door);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
    // It is our own port: whom the certificate names is the operator's affair.
    const call = (tlsOnly === true ? requestTls : request)(
      {
        host,
        port,
        method,
        path,
        headers: { ...headers, ...length },
        timeout: answerMsMax,
        agent: false,
        rejectUnauthorized: false,
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    call.once('timeout', () => call.destroy(new Error(`the ${door.protocol} door does not answer`)));
    call.once('error', reject);
    call.end(text);
  });
}

/** Throws unless a step of a probe gave what it should. */
export function expectStatus({ protocol }: OpenDoor, step: string, wanted: number, status: number): void {
  if (status !== wanted) throw new Error(`the ${protocol} door does not work: ${step} gave ${status}, not ${wanted}`);
}

/** An address that means "all" is none to connect to. */
function reachable({ host, port }: OpenDoor): { readonly host: string; readonly port: number } {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port };
}
