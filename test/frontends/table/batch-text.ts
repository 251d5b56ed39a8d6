// Batches as text, and their answers as records: for the tests of entity group transactions.

import { expect } from 'vitest';
import type { Answer } from '../../../frontends/table/answer.ts';

export interface Sent {
  readonly verb: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export const boundary = 'batch_1';

export function partOf({ verb, url, headers = {}, body = '' }: Sent): string {
  const fields = Object.entries({ Accept: 'application/json;odata=minimalmetadata', ...headers });
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    '',
    `${verb} ${url} HTTP/1.1`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n');
}

export function changesetOf(parts: readonly string[], name = 'set_1'): string {
  const lines = parts.map((part) => `--${name}\r\n${part}\r\n`).join('');
  return `Content-Type: multipart/mixed; boundary=${name}\r\n\r\n${lines}--${name}--\r\n`;
}

export const batchOf = (...parts: readonly string[]): string =>
  `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;

export interface PartAnswered {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Of a failure: `code` and the first line of the message. */
  readonly error: string | undefined;
}

export interface Answered {
  readonly answer: Answer;
  readonly parts: readonly PartAnswered[];
  /** Status and error of each part. */
  readonly outline: readonly string[];
}

export function readAnswer(answer: Answer): Answered {
  expect(answer.status).toBe(202);
  const [name, type] = answer.headers;
  expect(name).toBe('Content-Type');
  const outer = /^multipart\/mixed; boundary=(batchresponse_[\da-f-]{36})$/.exec(type!)![1]!;
  const text = Buffer.from(answer.body!).toString();
  expect(text.startsWith(`--${outer}\r\n`)).toBe(true);
  expect(text.endsWith(`\r\n--${outer}--\r\n`)).toBe(true);
  const inner = /boundary=(changesetresponse_[\da-f-]{36})\r\n\r\n/.exec(text)?.[1];
  if (inner !== undefined) expect(text.endsWith(`\r\n--${inner}--\r\n--${outer}--\r\n`)).toBe(true);
  const parts = text
    .split(`--${inner ?? outer}`)
    .slice(1, -1)
    .map((part): PartAnswered => {
      const [envelope, head, ...rest] = part.split('\r\n\r\n');
      expect(envelope).toBe('\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary');
      const [status, ...fields] = head!.split('\r\n');
      const headers = new Map(
        fields.map((field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 2)]),
      );
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('DataServiceVersion')).toBe('3.0;');
      const body = rest.join('\r\n\r\n').trimEnd();
      return { status: Number(status!.split(' ')[1]), headers, body, error: errorIn(body) };
    });
  return { answer, parts, outline: parts.map(({ status, error }) => `${status} ${error ?? ''}`.trim()) };
}

function errorIn(body: string): string | undefined {
  const json = /"code":"(\w+)","message":\{"lang":"en-US","value":"(\d+:[^\\]*)\\n/.exec(body);
  const xml = /<m:code>(\w+)<\/m:code><m:message xml:lang="en-US">(\d+:[^\n]*)\n/.exec(body);
  const found = json ?? xml;
  return found === null ? undefined : `${found[1]} ${found[2]}`;
}
