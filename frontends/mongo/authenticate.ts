// Who a connection is. SASL runs over the commands saslStart and saslContinue, or begins inside `hello`
// (speculativeAuthenticate, MongoDB authentication specification). One conversation at a time per connection.
//
// Rule for connections without credentials (design §7): accepted only while `anonymousAllowed`, which the server
// sets on loopback with the well-known key and unsets for `--auth`, an own key, any created user or another
// address. A connection that tried wrong credentials is never anonymous again.

import { type Raw, fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { BsonType } from '../../model/bson/types.ts';
import { type BsonWriter } from '../../model/bson/write.ts';
import { readInt32, utf8 } from '../../model/bytes.ts';
import { MongoCode, MongoError } from './errors.ts';
import { ScramExchange, ScramFailure, scramMechanism, type ScramRecord } from './scram.ts';

/** Where user records are found. `database` is the one the client authenticates against. */
export interface Users {
  find(database: string, name: string): ScramRecord | undefined;
}

export interface Principal {
  readonly database: string;
  readonly name: string;
}

/** A SASL reply: what saslStart, saslContinue and speculativeAuthenticate all answer. */
export interface SaslReply {
  readonly conversationId: number;
  readonly done: boolean;
  readonly payload: Uint8Array;
}

/** Failed attempts after which a connection is closed: a guesser has to connect again each time. */
const failuresMax = 3;

const noPayload = new Uint8Array(0);

function failed(): MongoError {
  return new MongoError(MongoCode.AuthenticationFailed, 'Authentication failed.');
}

interface Conversation {
  readonly id: number;
  readonly exchange: ScramExchange;
  readonly skipEmptyExchange: boolean;
  readonly step: 'proof' | 'empty';
}

export class Authentication {
  readonly #users: Users;
  readonly #anonymousAllowed: () => boolean;
  #principal: Principal | undefined;
  #conversation: Conversation | undefined;
  #nextId = 1;
  #failures = 0;

  constructor(users: Users, anonymousAllowed: () => boolean) {
    this.#users = users;
    this.#anonymousAllowed = anonymousAllowed;
  }

  get principal(): Principal | undefined {
    return this.#principal;
  }

  /** True when commands other than the handshake may run. */
  get allowed(): boolean {
    return this.#principal !== undefined || (this.#failures === 0 && this.#anonymousAllowed());
  }

  /** True when the connection has failed so often that it is to be closed. */
  get exhausted(): boolean {
    return this.#failures >= failuresMax;
  }

  logout(): void {
    this.#principal = undefined;
    this.#conversation = undefined;
  }

  /** saslStart: mechanism, payload, options.skipEmptyExchange. */
  start(database: string, command: Uint8Array): SaslReply {
    this.#conversation = undefined;
    const mechanism = fieldOf(command, 'mechanism');
    if (mechanism?.type !== BsonType.string)
      throw new MongoError(MongoCode.BadValue, "BSON field 'saslStart.mechanism' is missing but a required field");
    if (textOfRaw(mechanism) !== scramMechanism)
      throw new MongoError(
        MongoCode.MechanismUnavailable,
        `Unsupported mechanism on server: only ${scramMechanism} is offered`,
      );
    const options = fieldOf(command, 'options');
    const skip = options?.type === BsonType.object ? fieldOf(options.slice(), 'skipEmptyExchange') : undefined;
    const exchange = this.#attempt(
      () => new ScramExchange(database, payloadText(command), (of, name) => this.#users.find(of, name)),
    );
    const id = this.#nextId++;
    this.#conversation = { id, exchange, skipEmptyExchange: isTrue(skip), step: 'proof' };
    return { conversationId: id, done: false, payload: utf8(exchange.first()) };
  }

  /** saslContinue: the client's proof, then (unless skipped) one empty exchange. */
  continue(command: Uint8Array): SaslReply {
    const conversation = this.#conversation;
    const id = fieldOf(command, 'conversationId');
    if (conversation === undefined) throw new MongoError(MongoCode.ProtocolError, 'No SASL session state found');
    if (id?.type !== BsonType.int32 || readInt32(id.bytes, id.start) !== conversation.id)
      throw new MongoError(MongoCode.ProtocolError, 'sasl: Mismatched conversation id');
    if (conversation.step === 'empty') {
      this.#conversation = undefined;
      this.#accept(conversation.exchange);
      return { conversationId: conversation.id, done: true, payload: noPayload };
    }
    this.#conversation = undefined;
    const signature = this.#attempt(() => conversation.exchange.final(payloadText(command)));
    const done = conversation.skipEmptyExchange;
    if (done) this.#accept(conversation.exchange);
    else this.#conversation = { ...conversation, step: 'empty' };
    return { conversationId: conversation.id, done, payload: utf8(signature) };
  }

  /** speculativeAuthenticate inside hello: a reply, or undefined when the client must start over. */
  speculate(command: Raw): SaslReply | undefined {
    if (command.type !== BsonType.object) return undefined;
    const bytes = command.slice();
    if (fieldOf(bytes, 'saslStart') === undefined) return undefined;
    const database = fieldOf(bytes, 'db');
    try {
      return this.start(database?.type === BsonType.string ? textOfRaw(database) : 'admin', bytes);
    } catch (error) {
      if (error instanceof MongoError) return undefined;
      throw error;
    }
  }

  #accept(exchange: ScramExchange): void {
    this.#principal = { database: exchange.database, name: exchange.name };
    this.#failures = 0;
  }

  #attempt<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof ScramFailure)) throw error;
      this.#failures++;
      this.#principal = undefined;
      throw failed();
    }
  }
}

function isTrue(value: Raw | undefined): boolean {
  return value?.type === BsonType.boolean && value.bytes[value.start] === 1;
}

/** The payload, binary or (from old shells) base64 text, as text. */
function payloadText(command: Uint8Array): string {
  const payload = fieldOf(command, 'payload');
  if (payload?.type === BsonType.binary)
    return Buffer.from(payload.bytes.subarray(payload.start + 5, payload.end)).toString('utf8');
  if (payload?.type === BsonType.string) return Buffer.from(textOfRaw(payload), 'base64').toString('utf8');
  throw new ScramFailure('the payload is missing');
}

/** Appends a SASL reply's fields to an open document. */
export function writeSaslReply(writer: BsonWriter, reply: SaslReply): void {
  writer.int32('conversationId', reply.conversationId);
  writer.boolean('done', reply.done);
  writer.binary('payload', 0, reply.payload);
}

/** The user every account has: its name is the account's, its password the account's key, valid on any database. */
export class AccountUsers implements Users {
  readonly #account: string;
  readonly #record: () => ScramRecord;
  readonly #others: Users | undefined;

  constructor(account: string, record: () => ScramRecord, others?: Users | undefined) {
    this.#account = account;
    this.#record = record;
    this.#others = others;
  }

  find(database: string, name: string): ScramRecord | undefined {
    if (name === this.#account) return this.#record();
    return this.#others?.find(database, name);
  }
}
