"""Users in a container, with the client of Azure Cosmos DB.

The user's name is partition key and id, so no two users share one.
"""

import os

from azure.cosmos import CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosResourceExistsError, CosmosResourceNotFoundError

from command_line import run
from credentials import NameTaken, hash_password, user_key, verify_password


class CosmosUsers:
    def __init__(self, connection_string):
        client = CosmosClient.from_connection_string(connection_string)
        database = client.create_database_if_not_exists("tables")
        self.container = database.create_container_if_not_exists("users", PartitionKey("/PartitionKey"))

    def register(self, username, password, email):
        key = user_key(username)
        user = {"id": key, "PartitionKey": key, "email": email, "passwordHash": hash_password(password)}
        try:
            self.container.create_item(user)
        except CosmosResourceExistsError:
            raise NameTaken(f"the name '{username}' is taken") from None

    def login(self, username, password):
        user = self._read(username)
        return verify_password(password, user and user["passwordHash"])

    def query_user(self, username):
        user = self._read(username)
        return user and {"username": user["id"], "email": user["email"]}

    def _read(self, username):
        key = user_key(username)
        try:
            return self.container.read_item(key, partition_key=key)
        except CosmosResourceNotFoundError:
            return None


if __name__ == "__main__":
    run(CosmosUsers(os.environ["COSMOS_CONNECTION_STRING"]))
