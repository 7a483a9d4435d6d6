"""Signatures and encryption of pushes and passive replies.

Source: WeChat's mini program guide, page 消息推送 (message push). AES-256-CBC over
`random(16) + length(4, big endian) + message + app_id`, padded by PKCS#7 to 32 bytes (stock unpadders stop at 16).
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

_PAD_TO: Final = 32
_CIPHER_BLOCK: Final = 16
_RANDOM_BYTES: Final = 16
_HEADER_BYTES: Final = _RANDOM_BYTES + 4
_AES_KEY: Final = re.compile(r"[A-Za-z0-9]{43}")


class DecryptionFailed(Exception):
    """The text was not encrypted with this key for this app. The reason is for logs; it holds no content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def signature(token: str, *parts: str) -> str:
    """Lower-case SHA-1 hex over the values sorted as bytes and joined with nothing between."""
    values = sorted(_bytes(value) for value in (token, *parts))
    return hashlib.sha1(b"".join(values), usedforsecurity=False).hexdigest()


def matches(expected: str, given: str) -> bool:
    """Whether two signatures are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(_bytes(expected), _bytes(given))


def check_aes_key(text: str) -> None:
    """Raise ValueError, saying what to do, unless `text` can be an EncodingAESKey. The text is not repeated."""
    if _AES_KEY.fullmatch(text) is None:
        raise ValueError(
            "EncodingAESKey must be 43 letters and digits; copy it again from mp.weixin.qq.com, 开发管理 → 消息推送"
        )


class MessageCipher:
    """Encrypts and decrypts with one EncodingAESKey for one app (`app_id` closes every message).

    Raises ValueError from the constructor as `check_aes_key` does.
    """

    def __init__(self, aes_key: str, app_id: str) -> None:
        check_aes_key(aes_key)
        # 43 characters carry 258 bits: the last two may be anything, and Python's decoder drops them.
        key = base64.b64decode(aes_key + "=")
        self._cipher = Cipher(AES256(key), CBC(key[:16]))
        self._app_id = app_id.encode()

    def encrypt(self, message: bytes, random16: bytes) -> str:
        """The base64 text of `Encrypt`. `random16` must be 16 fresh random bytes; ValueError otherwise."""
        if len(random16) != _RANDOM_BYTES:
            raise ValueError(f"random16 must be {_RANDOM_BYTES} bytes, not {len(random16)}")
        frame = random16 + len(message).to_bytes(4, "big") + message + self._app_id
        pad = _PAD_TO - len(frame) % _PAD_TO
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(frame + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """The message inside `encrypted`; raises DecryptionFailed if anything about its frame is wrong."""
        frame = _unpadded(self._decrypted(encrypted))
        if len(frame) < _HEADER_BYTES:
            raise DecryptionFailed("shorter than its header")
        end = _HEADER_BYTES + int.from_bytes(frame[_RANDOM_BYTES:_HEADER_BYTES], "big")
        if end > len(frame):
            raise DecryptionFailed("message length beyond its end")
        if not hmac.compare_digest(frame[end:], self._app_id):
            raise DecryptionFailed("made for another app")
        return frame[_HEADER_BYTES:end]

    def _decrypted(self, encrypted: str) -> bytes:
        try:
            sealed = base64.b64decode("".join(encrypted.split()), validate=True)
        except (binascii.Error, ValueError):
            raise DecryptionFailed("not base64") from None
        if not sealed or len(sealed) % _CIPHER_BLOCK:
            raise DecryptionFailed("not whole cipher blocks")
        decryptor = self._cipher.decryptor()
        return decryptor.update(sealed) + decryptor.finalize()


def _unpadded(frame: bytes) -> bytes:
    pad = frame[-1]
    if not 1 <= pad <= _PAD_TO or frame[-pad:] != bytes([pad]) * pad:
        raise DecryptionFailed("padding wrong")
    return frame[:-pad]


def _bytes(text: str) -> bytes:
    # A query may hold what is no valid Unicode; it then matches nothing, and must not raise.
    return text.encode("utf-8", "surrogatepass")
