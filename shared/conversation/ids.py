"""Identities. Each is computed from what it names, so that a repeat of a cause finds the same id without a look-up.

None of these may ever change: they are stored in every document and travel in every message.
"""

import base64
import hashlib
from typing import Final

SEPARATOR: Final = ":"


def conversation_id(app_id: str, openid: str) -> str:
    """The opaque name of all that one customer and one app ever say: 26 lower-case letters and digits."""
    digest = hashlib.blake2b(f"{app_id}|{openid}".encode(), digest_size=16).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def fact_id(conversation: str, cause: str) -> str:
    """A fact is named by its conversation and by what caused it."""
    return f"{conversation}{SEPARATOR}{cause}"


def message_id(conversation: str, cause: str, index: int = 0) -> str:
    """The `index`-th message that one cause adds to a conversation; the first one is what makes a fact known."""
    return f"{conversation}{SEPARATOR}{cause}{SEPARATOR}{index}"


def session_id(conversation: str, number: int) -> str:
    return f"{conversation}.{number}"


def claim_id(session: str, assignment: int) -> str:
    """A claim on an agent is named by the session and its assignment number, so it can be held only once."""
    return f"{session}.{assignment}"


def command_id(agent_id: str, conversation: str, kind: str, client_key: str) -> str:
    """The same agent repeating the same key for the same kind of command means the same command."""
    told = SEPARATOR.join((agent_id, conversation, kind, client_key))
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def media_id(message: str, part: str = "") -> str:
    """Our name for a file that came with a message."""
    return hashlib.blake2b(f"{message}{SEPARATOR}{part}".encode(), digest_size=16).hexdigest()
