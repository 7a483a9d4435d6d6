"""Qiyu's checksum, for both directions: over the secret, the MD5 of the very bytes, and the time."""

import hashlib
import hmac


def md5_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def checksum(secret: str, content: bytes, time: str, *, sha256: bool = False) -> str:
    """`content`: the body as it was sent, of an upload the file's bytes alone. `time` in seconds."""
    told = f"{secret}{md5_of(content)}{time}".encode()
    return hashlib.new("sha256" if sha256 else "sha1", told, usedforsecurity=False).hexdigest()


def is_right(secret: str, content: bytes, time: str, given: str, *, sha256: bool) -> bool:
    return hmac.compare_digest(
        checksum(secret, content, time, sha256=sha256).encode(), given.encode("utf-8", "replace")
    )
