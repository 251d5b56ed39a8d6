"""Whether the suite runs against a live account; its configuration says so by setting the attribute."""


def is_live():
    return getattr(is_live, "_cache", False)
