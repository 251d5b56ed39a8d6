// From an admin answer to the bytes of an HTTP response. Nothing here is ever cached, framed or sniffed.

import type { AdminAnswer } from './surface.ts';

export interface AdminOutput {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const fixedHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

export function encode({ status, body, contentType }: AdminAnswer): AdminOutput {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  const type = contentType ?? (typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json');
  return { status, headers: { ...fixedHeaders, 'content-type': type }, body: text };
}
