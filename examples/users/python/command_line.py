"""What a person types: python FILE register NAME E-MAIL | login NAME | query NAME. Passwords are asked for."""

import getpass
import sys

from credentials import NameTaken


def ask_password():
    return getpass.getpass("password: ") if sys.stdin.isatty() else input()


def run(users):
    verb, username, email, *_ = [*sys.argv[1:], "", "", ""]
    try:
        if verb == "register":
            users.register(username, ask_password(), email)
            print("registered")
        elif verb == "login":
            is_right = users.login(username, ask_password())
            print("logged in" if is_right else "wrong name or password")
            sys.exit(0 if is_right else 1)
        elif verb == "query":
            print(users.query_user(username) or "no such user")
        else:
            sys.exit("usage: register NAME E-MAIL | login NAME | query NAME")
    except (NameTaken, ValueError) as error:
        sys.exit(str(error))
