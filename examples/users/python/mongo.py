"""Users in a collection, with the driver of MongoDB. The user's name is the _id, so no two users share one."""

import os

from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

from command_line import run
from credentials import NameTaken, hash_password, user_key, verify_password


class MongoUsers:
    def __init__(self, connection_string):
        self.collection = MongoClient(connection_string)["tables"]["users"]

    def register(self, username, password, email):
        key = user_key(username)
        user = {"_id": key, "PartitionKey": key, "email": email, "passwordHash": hash_password(password)}
        try:
            self.collection.insert_one(user)
        except DuplicateKeyError:
            raise NameTaken(f"the name '{username}' is taken") from None

    def login(self, username, password):
        user = self._read(username)
        return verify_password(password, user and user["passwordHash"])

    def query_user(self, username):
        user = self._read(username)
        return user and {"username": user["_id"], "email": user["email"]}

    def _read(self, username):
        key = user_key(username)
        return self.collection.find_one({"_id": key, "PartitionKey": key})


if __name__ == "__main__":
    run(MongoUsers(os.environ["MONGO_CONNECTION_STRING"]))
