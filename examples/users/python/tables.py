"""Users in a table, with the client of Azure Tables. The user's name is both keys, so no two users share one."""

import os

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableServiceClient

from command_line import run
from credentials import NameTaken, hash_password, user_key, verify_password


class TableUsers:
    def __init__(self, connection_string):
        service = TableServiceClient.from_connection_string(connection_string)
        self.table = service.create_table_if_not_exists("users")

    def register(self, username, password, email):
        key = user_key(username)
        user = {"PartitionKey": key, "RowKey": key, "email": email, "passwordHash": hash_password(password)}
        try:
            self.table.create_entity(user)
        except ResourceExistsError:
            raise NameTaken(f"the name '{username}' is taken") from None

    def login(self, username, password):
        user = self._read(username)
        return verify_password(password, user and user["passwordHash"])

    def query_user(self, username):
        user = self._read(username)
        return user and {"username": user["RowKey"], "email": user["email"]}

    def _read(self, username):
        key = user_key(username)
        try:
            return self.table.get_entity(key, key)
        except ResourceNotFoundError:
            return None


if __name__ == "__main__":
    run(TableUsers(os.environ["TABLES_CONNECTION_STRING"]))
