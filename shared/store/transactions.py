"""Writes that stand together, with Motor or PyMongo's own client: begun, joined, tried again, committed.

A process that is killed in between has changed nothing. But until MongoDB ends what it had begun, after its
`transactionLifetimeLimitSeconds` (60 by default), others who write to the same documents wait.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, TypeVar

from pymongo.errors import OperationFailure, PyMongoError

Result = TypeVar("Result")

TRIED_SECONDS: Final = 10.0
"""How long work is tried again while others' writes come in between."""
_AGAIN_SECONDS: Final = 0.005
_BEFORE_COMMIT: Final = "TransientTransactionError"
_AT_COMMIT: Final = "UnknownTransactionCommitResult"


class _Joined(NamedTuple):
    """The transaction that this task's operations are part of, and the client whose it is."""

    client: Any
    session: Any


_joined: ContextVar[_Joined | None] = ContextVar("joined_transaction", default=None)


def session_of(client: Any) -> Any:
    """What an operation by this client is to be part of; None where it stands alone."""
    joined = _joined.get()
    return joined.session if joined is not None and joined.client is client else None


def undone(failure: OperationFailure) -> bool:
    """Whether a transaction ended with nothing written, only because others were at the same documents."""
    return failure.has_error_label(_BEFORE_COMMIT)


async def transaction(client: Any, work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work`, again and again where others come in between, and commit. Raises what `work` or the driver raises."""
    clock = asyncio.get_running_loop().time
    until = clock() + TRIED_SECONDS
    while True:
        try:
            return await _once(client, work, until)
        except OperationFailure as failure:
            if not undone(failure) or clock() > until:
                raise
            await asyncio.sleep(_AGAIN_SECONDS)


async def now(value: Any) -> Any:
    """The value itself, whether or not the driver has it awaited."""
    return await value if inspect.isawaitable(value) else value


async def _once(client: Any, work: Callable[[], Awaitable[Result]], until: float) -> Result:
    session = await now(client.start_session())
    try:
        await now(session.start_transaction())
        joined = _joined.set(_Joined(client, session))
        try:
            result = await work()
        finally:
            _joined.reset(joined)
        await _commit(session, until)
    finally:
        # Takes back what was not committed.
        await session.end_session()
    return result


async def _commit(session: Any, until: float) -> None:
    """A commit whose answer was lost is asked for again: it counts once."""
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as failure:
            if not failure.has_error_label(_AT_COMMIT) or asyncio.get_running_loop().time() > until:
                raise
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return
