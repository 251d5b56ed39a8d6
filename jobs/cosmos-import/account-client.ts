// A small client of the Cosmos DB NoSQL REST protocol for jobs: signs requests with a master key, keeps connections,
// and waits when the account is busy. Any endpoint that speaks the protocol will do. Sources: "Access control on Azure
// Cosmos DB resources" (the signature) and "HTTP status codes for Azure Cosmos DB" of the REST reference.
//
// It gives every status that `expects` names and throws the others; bodies are bounded, and so are the tries.

import { createHmac } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseError, type ErrorCode } from '../../model/errors.ts';

const apiVersion = '2020-07-15';

/** Pages of the service end at 4 MB; ours hold at most this. */
const answerBytesMax = 64 * 1024 * 1024;

/** A connection that says nothing for so long is given up. */
const silenceMsMax = 60_000;

/** Tries of a request whose account stays busy: at the second or so that accounts ask for, some minutes. */
const busyTriesMax = 300;

/** Tries of a request that finds the account gone. */
const failureTriesMax = 8;

const backoffMsMin = 100;
const backoffMsMax = 10_000;

/** Statuses that say "later": throttled, to be retried, not available now. */
const busyStatuses: ReadonlySet<number> = new Set([429, 449, 503]);

export interface AccountRequest {
  readonly method: 'GET' | 'POST';
  /** Names of the path, not encoded: `['dbs', 'shop', 'colls']`. */
  readonly path: readonly string[];
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** Statuses that the caller deals with; those from 200 to 299 always are. */
  readonly expects?: readonly number[] | undefined;
}

export interface AccountAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AccountClientOptions {
  /** Base URL, `http:` or `https:`. */
  readonly endpoint: URL;
  /** Base64, as the account gives it. */
  readonly key: string;
  /** PEM of an authority to trust besides those of the platform. */
  readonly authorityPem?: string | undefined;
  /** Connections open at once. */
  readonly connections: number;
  readonly signal: AbortSignal;
}

export class AccountClient {
  readonly #options: AccountClientOptions;
  readonly #key: Buffer;
  readonly #agent: HttpAgent;

  constructor(options: AccountClientOptions) {
    this.#options = options;
    this.#key = Buffer.from(options.key, 'base64');
    // Every request under way listens to the one signal.
    setMaxListeners(0, options.signal);
    const pool = { keepAlive: true, maxSockets: options.connections };
    this.#agent =
      options.endpoint.protocol === 'https:'
        ? new HttpsAgent({ ...pool, ...(options.authorityPem === undefined ? {} : { ca: options.authorityPem }) })
        : new HttpAgent(pool);
  }

  /** Where it asks, for messages. */
  get name(): string {
    return this.#options.endpoint.host;
  }

  async send(request: AccountRequest): Promise<AccountAnswer> {
    for (let busy = 0, failures = 0; ;) {
      this.#options.signal.throwIfAborted();
      let answer: AccountAnswer;
      try {
        answer = await this.#once(request);
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (++failures >= failureTriesMax || isFinal(error)) throw this.#unreachable(error);
        await this.#wait(backoffMs(failures));
        continue;
      }
      const { status } = answer;
      if (status < 300 || request.expects?.includes(status) === true) return answer;
      if (!busyStatuses.has(status) || ++busy >= busyTriesMax) throw this.#refused(request, answer);
      await this.#wait(toldMsOf(answer) ?? backoffMs(busy));
    }
  }

  /** An answer with a JSON body. */
  async json<Body>(request: AccountRequest): Promise<{ readonly body: Body; readonly answer: AccountAnswer }> {
    const answer = await this.send(request);
    return { body: (answer.body.length === 0 ? {} : JSON.parse(answer.body.toString())) as Body, answer };
  }

  /** Every page of a feed of resources, as one list; `field` names the list in a page. */
  async list<Resource>(path: readonly string[], field: string, expects?: readonly number[]): Promise<Resource[]> {
    const found: Resource[] = [];
    let continuation: string | undefined;
    do {
      const headers: Record<string, string> = continuation === undefined ? {} : { 'x-ms-continuation': continuation };
      const { body, answer } = await this.json<Readonly<Record<string, unknown>>>({
        method: 'GET',
        path,
        headers,
        expects,
      });
      if (answer.status >= 300) return found;
      found.push(...((body[field] ?? []) as Resource[]));
      continuation = headerOf(answer, 'x-ms-continuation');
    } while (continuation !== undefined);
    return found;
  }

  close(): void {
    this.#agent.destroy();
  }

  #wait(milliseconds: number): Promise<void> {
    return pause(milliseconds, undefined, { signal: this.#options.signal });
  }

  #once({ method, path, headers, body }: AccountRequest): Promise<AccountAnswer> {
    const { endpoint, signal } = this.#options;
    const date = new Date().toUTCString();
    const send = endpoint.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = send(
        {
          host: endpoint.hostname.replace(/^\[|\]$/g, ''),
          port: endpoint.port === '' ? (endpoint.protocol === 'https:' ? 443 : 80) : Number(endpoint.port),
          method,
          path: `/${path.map(encodeURIComponent).join('/')}`,
          agent: this.#agent,
          signal,
          timeout: silenceMsMax,
          headers: {
            accept: 'application/json',
            authorization: this.#authorization(method, path, date),
            'x-ms-date': date,
            'x-ms-version': apiVersion,
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let length = 0;
          answer.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > answerBytesMax) answer.destroy(new Error('the answer exceeds its bound'));
            else chunks.push(chunk);
          });
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
          );
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** A feed is signed with its parent's link, a resource with its own. */
  #authorization(method: string, path: readonly string[], date: string): string {
    const isFeed = path.length % 2 === 1;
    const type = path.length === 0 ? '' : path[isFeed ? path.length - 1 : path.length - 2]!;
    const link = (isFeed ? path.slice(0, -1) : path).join('/');
    const text = `${method.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
    const signature = createHmac('sha256', this.#key).update(text).digest('base64');
    return encodeURIComponent(`type=master&ver=1.0&sig=${signature}`);
  }

  #refused({ path }: AccountRequest, { status, headers, body }: AccountAnswer): DatabaseError {
    const code = codeByStatus[status] ?? (status >= 500 ? 'Unavailable' : 'BadRequest');
    const substatus = headers['x-ms-substatus'];
    const where = `${status}${substatus === undefined ? '' : `/${String(substatus)}`}`;
    return new DatabaseError(
      code,
      `${this.name} answered ${where} for /${path.slice(0, 5).join('/')}: ${reasonIn(body)}`,
    );
  }

  #unreachable(cause: unknown): DatabaseError {
    return new DatabaseError('Unavailable', `${this.name} cannot be reached`, { cause });
  }
}

/** A name that nobody has, or a certificate that is not trusted, stays so. */
function isFinal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(ENOTFOUND|ERR_TLS|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)/.test(code);
}

export function headerOf(answer: AccountAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'ResourceNotFound',
  409: 'ResourceExists',
  410: 'PartitionGone',
  412: 'PreconditionFailed',
  413: 'TooLarge',
  429: 'TooManyRequests',
};

/** First line of the account's own words. */
function reasonIn(body: Buffer): string {
  try {
    const { message } = JSON.parse(body.toString()) as { readonly message?: unknown };
    if (typeof message === 'string') return message.split(/[\r\n]/, 1)[0]!;
  } catch {
    // No JSON: the status says enough.
  }
  return 'no reason given';
}

function toldMsOf(answer: AccountAnswer): number | undefined {
  const told = Number(headerOf(answer, 'x-ms-retry-after-ms'));
  return Number.isFinite(told) && told > 0 ? Math.min(told, backoffMsMax) : undefined;
}

function backoffMs(tries: number): number {
  return Math.min(backoffMsMin * 2 ** (tries - 1), backoffMsMax);
}
