"""A pytest plugin that writes one line of JSON for every test of a vendor's suite: its marks, how it ended, how long it
took, and how many requests it sent to the server under test. A test that sent none while it ran has proven nothing
about the server, however green it is.

Requests are counted where the two HTTP clients of the SDK write them to a connection that is open, so that neither a
mocked transport nor a client that was made and never used counts. Only the test's own run counts, not the fixtures
and set-ups before it, nor what is cleared away after it.
"""

import http.client
import json
import os
import unittest

import pytest

_port = int(os.environ["CONFORMANCE_PORT"])
_hosts = {"127.0.0.1", "::1"}
_sent = 0
_sent_by_method = None
_reports = {}


def _count(peer):
    """Addresses of sockets, not of URLs: a harness may have told the suite's process where a name leads."""
    global _sent
    if peer is not None and peer[0] in _hosts and peer[1] == _port:
        _sent += 1


def _watch_http_client():
    endheaders = http.client.HTTPConnection.endheaders

    def counted(self, *args, **kwargs):
        result = endheaders(self, *args, **kwargs)
        if self.sock is not None:
            _count(self.sock.getpeername())
        return result

    http.client.HTTPConnection.endheaders = counted


def _watch_aiohttp():
    from aiohttp import client_reqrep

    send = client_reqrep.ClientRequest.send

    async def counted(self, connection):
        transport = connection.transport
        _count(None if transport is None else transport.get_extra_info("peername"))
        return await send(self, connection)

    client_reqrep.ClientRequest.send = counted


def _watch_methods(case):
    """A unittest case runs its set-up and tear-down within pytest's call: its method alone is the test."""
    call = case._callTestMethod

    def watched(self, method):
        global _sent_by_method
        before = _sent
        try:
            return call(self, method)
        finally:
            _sent_by_method = _sent - before

    case._callTestMethod = watched


_watch_http_client()
_watch_aiohttp()
_watch_methods(unittest.TestCase)
_watch_methods(unittest.IsolatedAsyncioTestCase)


def pytest_runtest_setup(item):
    marks = sorted({mark.name for mark in item.iter_markers() if mark.name.startswith("cosmos")})
    _reports.setdefault(item.nodeid, {})["marks"] = marks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    global _sent_by_method
    before, _sent_by_method = _sent, None
    try:
        return (yield)
    finally:
        sent = _sent - before if _sent_by_method is None else _sent_by_method
        _reports.setdefault(item.nodeid, {})["requests"] = sent


def _first_line(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    return " ".join(text.split())[:400]


def pytest_runtest_logreport(report):
    one = _reports.setdefault(report.nodeid, {})
    one["ms"] = one.get("ms", 0) + round(report.duration * 1000)
    if report.failed and one.get("outcome") != "failed":
        one["outcome"], one["phase"], one["reason"] = "failed", report.when, _first_line(report)
    elif report.skipped:
        one["outcome"] = "skipped"
    elif report.when == "call":
        one.setdefault("outcome", "passed")
    if report.when == "teardown":
        line = {"name": report.nodeid, "marks": [], "requests": 0, **_reports.pop(report.nodeid)}
        with open(os.environ["CONFORMANCE_RESULTS"], "a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
