// Users in a collection, with the driver of MongoDB. The user's name is the _id, so no two users share one.

import { MongoClient } from 'mongodb';
import { run } from './command-line.mjs';
import { hashPassword, NameTaken, userKey, verifyPassword } from './credentials.mjs';

const duplicateKey = 11000;

export class MongoUsers {
  #client;
  #collection;

  constructor(client) {
    this.#client = client;
    this.#collection = client.db('tables').collection('users');
  }

  static async open(connectionString = process.env.MONGO_CONNECTION_STRING) {
    return new MongoUsers(await MongoClient.connect(connectionString));
  }

  async register(username, password, email) {
    const key = userKey(username);
    const passwordHash = await hashPassword(password);
    try {
      await this.#collection.insertOne({ _id: key, PartitionKey: key, email, passwordHash });
    } catch (error) {
      if (error.code === duplicateKey) throw new NameTaken(`the name '${username}' is taken`);
      throw error;
    }
  }

  async login(username, password) {
    const user = await this.#read(username);
    return verifyPassword(password, user?.passwordHash);
  }

  async queryUser(username) {
    const user = await this.#read(username);
    return user && { username: user._id, email: user.email };
  }

  async close() {
    await this.#client.close();
  }

  async #read(username) {
    const key = userKey(username);
    return (await this.#collection.findOne({ _id: key, PartitionKey: key })) ?? undefined;
  }
}

if (import.meta.filename === process.argv[1]) await run(await MongoUsers.open());
