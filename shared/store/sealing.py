"""Secrets at rest: sealed with Fernet, with the app and field they belong to inside, so that none can be swapped."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(Exception):
    """A stored secret was sealed with a key we do not have, or belongs to another app or field."""


class Sealer:
    """The first key seals; every key opens, so that keys can be replaced one after another."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, value: str, owner: str, field: str) -> str:
        return self._fernet.encrypt(orjson.dumps([owner, field, value])).decode()

    def open(self, sealed: str, owner: str, field: str) -> str:
        try:
            inside = orjson.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise SealBroken(f"{owner}: {field} was sealed with another key; add it to WXDESK_SECRET_KEYS") from None
        if inside[:2] != [owner, field]:
            raise SealBroken(f"{owner}: {field} holds a secret sealed for something else")
        return str(inside[2])

    def open_each(
        self, doc: Mapping[str, Any], owner: str, fields: Iterable[str]
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """Those of these fields that `doc` has, opened; and which of them cannot be."""
        opened: dict[str, str] = {}
        unreadable: list[str] = []
        for field in fields:
            if doc.get(field):
                try:
                    opened[field] = self.open(doc[field], owner, field)
                except SealBroken:
                    unreadable.append(field)
        return opened, tuple(unreadable)


class Keyring:
    """Which key sealed what, and the same sealed anew with the first; what is inside is not looked at."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.fingerprints = tuple(fingerprint(key) for key in keys)
        self._fernets = [Fernet(key) for key in keys]

    def of(self, sealed: str) -> str | None:
        """The fingerprint of the key that sealed it; None where that is not here."""
        for name, fernet in zip(self.fingerprints, self._fernets, strict=True):
            try:
                fernet.decrypt(sealed.encode())
            except InvalidToken:
                continue
            return name
        return None

    def anew(self, sealed: str) -> str:
        return MultiFernet(self._fernets).rotate(sealed.encode()).decode()


def fingerprint(key: str) -> str:
    """By which people may know a key, and nobody could make it."""
    return hashlib.sha256(base64.urlsafe_b64decode(key)).hexdigest()[:12]
