// What a batch answers: 202 around one part per operation of its change set, or around the answer to its one query.
// Sources: "Performing entity group transactions" (Azure Storage REST reference), OData 3.0 "Batch Processing".
//
// Clients find the parts by the names of the boundaries (`batchresponse_`, `changesetresponse_`) and by the letters of
// `ETag` and `Location`.

import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Answer } from './answer.ts';

/** The answer to one operation. */
export interface PartAnswer {
  readonly answer: Answer;
  /** As the operation named itself. */
  readonly contentId: string | undefined;
}

/** One part for each operation, or the one that failed alone. */
export function answerOfChangeset(parts: readonly PartAnswer[]): Answer {
  const boundary = `changesetresponse_${randomUUID()}`;
  return envelope((outer, writer) => {
    writer.text(`--${outer}\r\nContent-Type: multipart/mixed; boundary=${boundary}\r\n\r\n`);
    const start = startOfPart(boundary);
    for (const part of parts) writePart(writer, start, part);
    writer.text(`--${boundary}--\r\n`);
  });
}

export function answerOfQuery(part: PartAnswer): Answer {
  return envelope((outer, writer) => writePart(writer, startOfPart(outer), part));
}

function envelope(write: (boundary: string, writer: PieceWriter) => void): Answer {
  const boundary = `batchresponse_${randomUUID()}`;
  const writer = new PieceWriter();
  write(boundary, writer);
  writer.text(`--${boundary}--\r\n`);
  return { status: 202, headers: ['Content-Type', `multipart/mixed; boundary=${boundary}`], body: writer.finish() };
}

function startOfPart(boundary: string): string {
  return `--${boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 `;
}

/** Headers that every answer of the service has, which the envelope's own do not give to its parts. */
const commonHeaders = 'X-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\n';

function writePart(writer: PieceWriter, start: string, { answer, contentId }: PartAnswer): void {
  const { status, headers, body } = answer;
  let head = `${start}${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  if (contentId !== undefined) head += `Content-ID: ${contentId}\r\n`;
  head += commonHeaders;
  let sent = '';
  let safeValue = '';
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const value = headers[i + 1]!;
    // An address may stand in two headers.
    if (i === 0 || value !== sent) safeValue = safe(value);
    sent = value;
    head += `${headers[i]!}: ${safeValue}\r\n`;
  }
  writer.text(`${head}\r\n`);
  if (body !== undefined) writer.bytes(body);
  writer.text('\r\n');
}

const control = /[\x00-\x1f\x7f]/;
const controls = /[\x00-\x1f\x7f]/g;

/** A line break in a value would end the header: outside batches, Node refuses to send such a one. */
function safe(value: string): string {
  return control.test(value) ? value.replace(controls, encodeURIComponent) : value;
}

/** Text and bytes in turn, joined once. */
class PieceWriter {
  readonly #pieces: Uint8Array[] = [];
  #text = '';

  text(text: string): void {
    this.#text += text;
  }

  bytes(bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(this.#text), bytes);
    this.#text = '';
  }

  finish(): Uint8Array {
    const last = Buffer.from(this.#text);
    return this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
  }
}
