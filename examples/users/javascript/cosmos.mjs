// Users in a container, with the client of Azure Cosmos DB. The user's name is partition key and id, so no two users
// share one.

import { CosmosClient } from '@azure/cosmos';
import { run } from './command-line.mjs';
import { hashPassword, NameTaken, userKey, verifyPassword } from './credentials.mjs';

export class CosmosUsers {
  #client;
  #container;

  constructor(client, container) {
    this.#client = client;
    this.#container = container;
  }

  static async open(connectionString = process.env.COSMOS_CONNECTION_STRING) {
    const client = new CosmosClient(connectionString);
    const { database } = await client.databases.createIfNotExists({ id: 'tables' });
    const { container } = await database.containers.createIfNotExists({
      id: 'users',
      partitionKey: { paths: ['/PartitionKey'] },
    });
    return new CosmosUsers(client, container);
  }

  async register(username, password, email) {
    const key = userKey(username);
    const passwordHash = await hashPassword(password);
    try {
      await this.#container.items.create({ id: key, PartitionKey: key, email, passwordHash });
    } catch (error) {
      if (error.code === 409) throw new NameTaken(`the name '${username}' is taken`);
      throw error;
    }
  }

  async login(username, password) {
    const user = await this.#read(username);
    return verifyPassword(password, user?.passwordHash);
  }

  async queryUser(username) {
    const user = await this.#read(username);
    return user && { username: user.id, email: user.email };
  }

  async close() {
    this.#client.dispose();
  }

  async #read(username) {
    const key = userKey(username);
    // No resource when there is no such item.
    const { resource } = await this.#container.item(key, key).read();
    return resource;
  }
}

if (import.meta.filename === process.argv[1]) await run(await CosmosUsers.open());
