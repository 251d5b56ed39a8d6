// What a person types: node FILE register NAME E-MAIL | login NAME | query NAME. Passwords are asked for.

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { NameTaken } from './credentials.mjs';

async function askPassword() {
  process.stderr.write('password: ');
  // Without an output nothing is echoed.
  const lines = createInterface({ input: process.stdin, terminal: process.stdin.isTTY === true });
  const [password] = await once(lines, 'line');
  lines.close();
  process.stderr.write('\n');
  return password;
}

export async function run(users) {
  const [verb, username = '', email = ''] = process.argv.slice(2);
  try {
    if (verb === 'register') {
      await users.register(username, await askPassword(), email);
      console.log('registered');
    } else if (verb === 'login') {
      const isRight = await users.login(username, await askPassword());
      console.log(isRight ? 'logged in' : 'wrong name or password');
      if (!isRight) process.exitCode = 1;
    } else if (verb === 'query') {
      console.log((await users.queryUser(username)) ?? 'no such user');
    } else throw new RangeError('usage: register NAME E-MAIL | login NAME | query NAME');
  } catch (error) {
    if (!(error instanceof NameTaken) && !(error instanceof RangeError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    await users.close();
  }
}
