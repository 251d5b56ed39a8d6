import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AccountUsers, Authentication, type SaslReply } from '../../../frontends/mongo/authenticate.ts';
import { MongoError } from '../../../frontends/mongo/errors.ts';
import { saslPrep } from '../../../frontends/mongo/saslprep.ts';
import { ScramExchange, ScramFailure, scramRecordOf } from '../../../frontends/mongo/scram.ts';
import { rawDocument } from '../../../model/bson/walk.ts';
import { bson } from './wire.ts';

const record = scramRecordOf('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);

describe('SCRAM-SHA-256', () => {
  const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
  const final = `c=biws,r=rOprNGfwEbeRWgbNEkqO${serverNonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
  const exchange = (text = first): ScramExchange => {
    const made = new ScramExchange(
      'admin',
      text,
      (_database, name) => (name === 'user' ? record : undefined),
      serverNonce,
    );
    made.first();
    return made;
  };

  test('is the exchange of RFC 7677 section 3', () => {
    const made = new ScramExchange('admin', first, () => record, serverNonce);
    expect(made.first()).toBe(`r=rOprNGfwEbeRWgbNEkqO${serverNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
    expect(made.final(final)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  test.each([
    ['another proof', final.replace('dHzb', 'dHzc')],
    ['another nonce', final.replace('$k0', '$k1')],
    ['the nonce cut', final.replace(serverNonce, '')],
    ['a channel binding not agreed', final.replace('c=biws', 'c=eSws')],
    ['a short proof', final.replace(/p=.*/, 'p=AAAA')],
    ['an unknown extension', `${final},x=1`],
    ['nothing', ''],
  ])('refuses %s', (_what, text) => {
    expect(() => exchange().final(text)).toThrow(ScramFailure);
  });

  test.each([
    ['channel binding', 'p=tls-unique,,n=user,r=abc'],
    ['an authorisation identity', 'n,a=root,n=user,r=abc'],
    ['no nonce', 'n,,n=user'],
    ['a raw = in the name', 'n,,n=us=er,r=abc'],
    ['an empty name', 'n,,n=,r=abc'],
    ['a message too long', `n,,n=${'x'.repeat(5000)},r=abc`],
  ])('refuses a first message with %s', (_what, text) => {
    expect(() => exchange(text)).toThrow(ScramFailure);
  });

  test('reads escaped names', () => {
    expect(exchange('n,,n=a=2Cb=3Dc,r=abc').name).toBe('a,b=c');
  });

  test('gives an unknown user the same salt each time and never lets it in', () => {
    const salts = [1, 2].map(() => {
      const made = new ScramExchange('admin', 'n,,n=nobody,r=abc', () => undefined, 'xyz');
      const [, salt] = /s=([^,]+),i=15000/.exec(made.first())!;
      expect(() => made.final(`c=biws,r=abcxyz,p=${Buffer.alloc(32).toString('base64')}`)).toThrow(ScramFailure);
      return salt;
    });
    expect(salts[0]).toBe(salts[1]);
    expect(Buffer.from(salts[0]!, 'base64')).toHaveLength(28);
  });
});

describe('SASLprep', () => {
  test.each([
    ['plain', 'plain'],
    ['I\u00adX', 'IX'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
  ])('writes %j as %j (RFC 4013 section 3)', (from, to) => {
    expect(saslPrep(from)).toBe(to);
  });

  test('refuses control characters', () => {
    expect(() => saslPrep('a\u0007')).toThrow(MongoError);
  });
});

/** A client's side of SCRAM, for the tests of the conversation. */
function clientFinal(first: string, serverFirst: string, password: string): string {
  const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst)!;
  const salted = pbkdf2Sync(password, Buffer.from(salt!, 'base64'), Number(iterations), 32, 'sha256');
  const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const clientKey = hmac(salted, 'Client Key');
  const storedKey = createHash('sha256').update(clientKey).digest();
  const withoutProof = `c=biws,r=${nonce}`;
  const signature = hmac(storedKey, `${first.slice(3)},${serverFirst},${withoutProof}`);
  return `${withoutProof},p=${Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64')}`;
}

const text = (reply: SaslReply): string => Buffer.from(reply.payload).toString();

describe('a connection', () => {
  const first = 'n,,n=localhost,r=clientnonce';
  const users = new AccountUsers('localhost', () => scramRecordOf('key==', undefined, 4096));
  const fresh = (anonymous = false): Authentication => new Authentication(users, () => anonymous);
  const start = (extra: object = {}): Uint8Array =>
    bson({ saslStart: 1, mechanism: 'SCRAM-SHA-256', payload: Buffer.from(first), ...extra });
  const next = (conversationId: number, payload: string): Uint8Array =>
    bson({ saslContinue: 1, conversationId, payload: Buffer.from(payload) });

  test('is authenticated by account name and key, with and without the empty exchange', () => {
    const short = fresh();
    const opened = short.start('admin', start({ options: { skipEmptyExchange: true } }));
    const proof = next(opened.conversationId, clientFinal(first, text(opened), 'key=='));
    expect(short.continue(proof).done).toBe(true);
    expect(short.principal).toEqual({ database: 'admin', name: 'localhost' });

    const long = fresh();
    const begun = long.start('shop', start());
    const proven = long.continue(next(begun.conversationId, clientFinal(first, text(begun), 'key==')));
    expect(proven.done).toBe(false);
    expect(long.allowed).toBe(false);
    expect(long.continue(next(begun.conversationId, '')).done).toBe(true);
    expect(long.allowed).toBe(true);
  });

  test('with a wrong password is refused, and is not anonymous afterwards', () => {
    const connection = fresh(true);
    expect(connection.allowed).toBe(true);
    const opened = connection.start('admin', start());
    expect(() => connection.continue(next(opened.conversationId, clientFinal(first, text(opened), 'other')))).toThrow(
      'Authentication failed.',
    );
    expect(connection.allowed).toBe(false);
  });

  test('is given up after three failures', () => {
    const connection = fresh();
    for (let i = 0; i < 3; i++) {
      expect(connection.exhausted).toBe(false);
      const opened = connection.start('admin', start());
      expect(() => connection.continue(next(opened.conversationId, 'nonsense'))).toThrow(MongoError);
    }
    expect(connection.exhausted).toBe(true);
  });

  test('cannot use a proof twice, another conversation, or an unknown mechanism', () => {
    const connection = fresh();
    expect(() => connection.continue(next(1, ''))).toThrow('No SASL session state found');
    const opened = connection.start('admin', start());
    expect(() => connection.continue(next(opened.conversationId + 1, ''))).toThrow('Mismatched conversation id');
    expect(() => connection.start('admin', start({ mechanism: 'PLAIN' }))).toThrow(MongoError);
    expect(connection.allowed).toBe(false);
  });

  test('may begin inside hello', () => {
    const connection = fresh();
    const reply = connection.speculate(rawDocument(start({ db: 'admin' })));
    expect(reply).toMatchObject({ conversationId: 1, done: false });
    const proof = clientFinal(first, text(reply!), 'key==');
    expect(connection.continue(next(1, proof)).conversationId).toBe(1);
    expect(connection.speculate(rawDocument(bson({ saslStart: 1, mechanism: 'X', payload: '' })))).toBeUndefined();
  });

  test('logged out is nobody', () => {
    const connection = fresh();
    connection.logout();
    expect(connection.principal).toBeUndefined();
  });
});
