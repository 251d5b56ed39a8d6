"""The account under test: its name, its key, its address when that is not the service's own, and a token."""

import os
import time
from types import SimpleNamespace

from azure.core.credentials import AccessToken

_token_seconds = 3600


class Name(str):
    """The suite asks a name for the address of its account, and makes the service's own out of one that has none."""

    if "CONFORMANCE_ENDPOINT" in os.environ:
        primary_endpoints = SimpleNamespace(table=os.environ["CONFORMANCE_ENDPOINT"])


def value_of(argument):
    return os.environ["CONFORMANCE_KEY"] if argument.endswith("_key") else Name(os.environ["CONFORMANCE_ACCOUNT"])


class Credential:
    """Somebody signed in, for both kinds of client."""

    def __init__(self, **_kwargs):
        pass

    def get_token(self, *_scopes, **_kwargs):
        return AccessToken(os.environ["CONFORMANCE_TOKEN"], int(time.time()) + _token_seconds)


class AsyncCredential(Credential):
    async def get_token(self, *scopes, **kwargs):
        return super().get_token(*scopes, **kwargs)


def get_credential(is_async=False, **_kwargs):
    return AsyncCredential() if is_async else Credential()
