// Opens a door that speaks HTTP: the port of `http.ts` in front of the pipeline of `serve.ts`.

import type { Deployment, ListenOptions, OpenDoor } from './deployment.ts';
import type { HttpAnswer, HttpInput } from './http-exchange.ts';
import { openHttp } from './http.ts';
import { serve, type Door, type Principal } from './serve.ts';

/** `bodyBytesMax`: the largest body of a request. */
export async function openHttpDoor<Request, Answer, Who extends Principal>(
  door: Door<HttpInput, Request, Answer, HttpAnswer, Who>,
  deployment: Deployment,
  { host, port: wanted }: ListenOptions,
  bodyBytesMax: number,
): Promise<OpenDoor> {
  const port = await openHttp({
    host,
    port: wanted,
    secureContext: deployment.secureContext,
    tlsOnly: deployment.tlsOnly,
    bodyBytesMax,
    handle: (input, send, signal) => serve(door, input, send, signal, deployment.observer),
  });
  return {
    protocol: door.protocol,
    host,
    port: port.address.port,
    connections: () => ({ open: port.connections, accepted: port.accepted }),
    close: (graceMs) => port.close(graceMs),
  };
}
