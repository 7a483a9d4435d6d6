"""What one look at the installation found."""

from typing import Literal, NamedTuple

Status = Literal["ok", "warn", "fail"]


class Check(NamedTuple):
    """`do` says what to do about it; empty where nothing is to be done."""

    status: Status
    what: str
    do: str = ""


def ok(what: str) -> Check:
    return Check("ok", what)


def warn(what: str, do: str) -> Check:
    return Check("warn", what, do)


def fail(what: str, do: str) -> Check:
    return Check("fail", what, do)


class Ways(NamedTuple):
    """How whoever reads it sets something right; `{app_id}` stands for the app."""

    renewal: str
    enable: str
    reading: str = "put the key back into WXDESK_SECRET_KEYS, or enter the secrets again"
