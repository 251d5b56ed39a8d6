"""Stands in for a package of the vendor's repository that is on no registry: only what the suite imports of it. The
account is the one that CONFORMANCE_* in the environment names; it is "live", so nothing is recorded or played back.
"""

import functools
import hashlib
import inspect
import os
import time

import azure.identity
import pytest

from . import account, network
from .account import get_credential

# The suite imports this class wherever it wants a token of somebody signed in.
azure.identity.DefaultAzureCredential = account.Credential
network.redirect()
network.shorten_sleeps()


def is_live():
    return True


class AzureRecordedTestCase:
    is_live = True

    def sleep(self, seconds):
        time.sleep(seconds)

    def get_resource_name(self, prefix):
        """The same for the same prefix within a test, and another one in every other test."""
        return prefix + _suffix_of_test()

    def generate_sas(self, generate, *args, **kwargs):
        kwargs.pop("fake_value", None)
        return generate(*args, **kwargs)


def _suffix_of_test():
    name = os.environ["PYTEST_CURRENT_TEST"].rsplit(" ", 1)[0]
    return hashlib.sha256(name.encode()).hexdigest()[:8]


class PowerShellPreparer:
    """Fills in the arguments of a test: the account's name and key instead of the made-up ones of a recording."""

    def __init__(self, _directory, **recorded):
        self._arguments = {name: account.value_of(name) for name in recorded}

    def __call__(self, function):
        # Not functools.wraps, by which pytest would take the filled-in arguments for fixtures of its own.
        if inspect.iscoroutinefunction(function):

            async def prepared(*args, **kwargs):
                return await function(*args, **self._arguments, **kwargs)

        else:

            def prepared(*args, **kwargs):
                return function(*args, **self._arguments, **kwargs)

        return prepared


def recorded_by_proxy(function):
    """Nothing is recorded; tests that take the variables of a recording are given an empty one."""
    names = inspect.signature(function).parameters
    if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in names.values()):
        return function
    return functools.wraps(function)(lambda *args, **kwargs: function(*args, **{"variables": {}, **kwargs}))


class ResponseCallback:
    """Lets a test change the status of answers before the client's retry policy sees it."""

    def __init__(self, status=None, new_status=None):
        self.status = status
        self.new_status = new_status
        self.first = True
        self.count = 0

    def override_first_status(self, response):
        if self.first and response.http_response.status_code == self.status:
            response.http_response.status_code = self.new_status
            self.first = False
        self.count += 1

    def override_status(self, response):
        if response.http_response.status_code == self.status:
            response.http_response.status_code = self.new_status
        self.count += 1


@pytest.fixture(scope="session")
def test_proxy():
    return None


def _nothing(*_args, **_kwargs):
    return None


add_general_regex_sanitizer = add_body_key_sanitizer = add_oauth_response_sanitizer = _nothing
remove_batch_sanitizers = set_custom_default_matcher = _nothing
