"""The asynchronous half of the stand-in."""

import functools
import inspect


def recorded_by_proxy_async(function):
    names = inspect.signature(function).parameters
    if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in names.values()):
        return function

    @functools.wraps(function)
    async def given(*args, **kwargs):
        return await function(*args, **{"variables": {}, **kwargs})

    return given
