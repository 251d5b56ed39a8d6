// Users in a table, with the client of Azure Tables. The user's name is both keys, so no two users share one.

import { TableClient } from '@azure/data-tables';
import { run } from './command-line.mjs';
import { hashPassword, NameTaken, userKey, verifyPassword } from './credentials.mjs';

export class TableUsers {
  #table;

  constructor(table) {
    this.#table = table;
  }

  static async open(connectionString = process.env.TABLES_CONNECTION_STRING) {
    const table = TableClient.fromConnectionString(connectionString, 'users', { allowInsecureConnection: true });
    // Does nothing when the table is there.
    await table.createTable();
    return new TableUsers(table);
  }

  async register(username, password, email) {
    const key = userKey(username);
    const passwordHash = await hashPassword(password);
    try {
      await this.#table.createEntity({ partitionKey: key, rowKey: key, email, passwordHash });
    } catch (error) {
      if (error.statusCode === 409) throw new NameTaken(`the name '${username}' is taken`);
      throw error;
    }
  }

  async login(username, password) {
    const user = await this.#read(username);
    return verifyPassword(password, user?.passwordHash);
  }

  async queryUser(username) {
    const user = await this.#read(username);
    return user && { username: user.rowKey, email: user.email };
  }

  async close() {}

  async #read(username) {
    const key = userKey(username);
    try {
      return await this.#table.getEntity(key, key);
    } catch (error) {
      if (error.statusCode === 404) return undefined;
      throw error;
    }
  }
}

if (import.meta.filename === process.argv[1]) await run(await TableUsers.open());
