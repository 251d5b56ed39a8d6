"""Where the service's own names lead: to the server under test. Clients go by these names (a host with `.table.cosmos.`
in it makes another client of them), so a name is kept as it is up to the moment when it is looked up.
"""

import asyncio
import os
import socket
import time

_port = int(os.environ["CONFORMANCE_PORT"])
_domains = (".core.windows.net", ".cosmos.azure.com")

# Tests give the real service time to take in what they have set; a server on the same machine needs none.
_sleep_seconds_max = 0.05


def redirect():
    resolve = socket.getaddrinfo

    def redirected(host, port, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name.endswith(_domains):
            host, port = "127.0.0.1", _port
        return resolve(host, port, *args, **kwargs)

    socket.getaddrinfo = redirected


def shorten_sleeps():
    sleep, sleep_async = time.sleep, asyncio.sleep
    time.sleep = lambda seconds: sleep(min(seconds, _sleep_seconds_max))
    asyncio.sleep = lambda delay, result=None: sleep_async(min(delay, _sleep_seconds_max), result)
