"""One user behind three doors, by the programs of examples/users/python: copied beside them and run twice."""

import os
import secrets

from cosmos import CosmosUsers
from credentials import NameTaken, verify_password
from mongo import MongoUsers
from tables import TableUsers

doors = [
    TableUsers(os.environ["TABLES_CONNECTION_STRING"]),
    CosmosUsers(os.environ["COSMOS_CONNECTION_STRING"]),
    MongoUsers(os.environ["MONGO_CONNECTION_STRING"]),
]

for door in doors:
    name = f"Ada.{secrets.token_hex(4)}"
    password = secrets.token_urlsafe()
    door.register(name, password, f"{name}@example.org")
    for other in doors:
        assert other.login(name, password)
        assert other.login(name.upper(), password)
        assert not other.login(name, password + " ")
        assert other.query_user(name) == {"username": name.lower(), "email": f"{name}@example.org"}
        try:
            other.register(name, "another password", "eve@example.org")
            raise AssertionError("a name was given twice")
        except NameTaken:
            pass
    assert door.login(name, password)
    assert not door.login("nobody", password)
    assert door.query_user("nobody") is None

# A hash made by the programs in JavaScript.
assert verify_password("\u00e5ngstr\u00f6m", "scrypt$32768$8$1$80cb493e3b21b0e649b981e4bcc497c5$244b4bf86e3df984368e9414c809caff8ff670de0c5f466ae47c08081fe36cab")
print("users: one behind every door")
