"""Agents' passwords: argon2id by the profile of RFC 9106 for little memory (64 MiB a hash)."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """What is stored for a password. Takes tens of milliseconds of CPU and 64 MiB: not for an event loop."""
    return _hasher.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether `password` is the one behind `stored`. As costly as hashing.

    An empty or broken `stored` matches nothing, and takes as long to say so: the time must not tell whether a
    login exists.
    """
    try:
        _hasher.verify(stored or _hash_of_nothing(), password)
    except (Argon2Error, InvalidHashError):
        return False
    return bool(stored)


@lru_cache(maxsize=1)
def _hash_of_nothing() -> str:
    return _hasher.hash("")
