"""An account as people and tests see it from inside. The services must never need it."""

from datetime import datetime
from itertools import islice
from typing import Any

from services.sandbox.qiyu.state import Account, Visitor


def account_view(account: Account, now: datetime, only: str | None, pushes: int | None) -> dict[str, Any]:
    """`only`: other customers are told of without what they said. `pushes`: the newest so many; None = all."""
    return {
        "now": now,
        "app_key": account.app_key,
        "account": account.config.model_dump(),
        "staff": [
            {"id": one.id, "name": one.name, "online": one.online, "load": account.load(one.id)}
            for one in account.config.staff
        ],
        "sessions": [session.view() for session in account.sessions.values()],
        "queue": [
            {
                "uid": one.uid,
                "ahead": ahead,
                "since": one.since,
                "staff_id": one.wanted.staff_id,
                "group_id": one.wanted.group_id,
            }
            for ahead, one in enumerate(account.line)
        ],
        "words": [
            *account.words,
            *(one.left_word.view() | {"closed_at": None} for one in account.visitors.values() if one.left_word),
        ],
        "customers": {
            uid: visitor_view(account, one, with_messages=only in {None, uid}) for uid, one in account.visitors.items()
        },
        "evaluations": list(account.evaluations),
        "pushes": [push.view() for push in _newest(account, pushes)],
        "faults": account.faults.model_dump(),
    }


def visitor_view(account: Account, visitor: Visitor, *, with_messages: bool = True) -> dict[str, Any]:
    return {
        "uid": visitor.uid,
        "standing": _standing(account, visitor),
        "session": visitor.session.view() if visitor.session is not None else None,
        "last_session": visitor.last.view() if visitor.last is not None else None,
        "profile": visitor.profile,
        "application": visitor.application,
        "said": visitor.said,
        "messages": [message.view() for message in visitor.messages] if with_messages else [],
    }


def _standing(account: Account, visitor: Visitor) -> str:
    if visitor.session is not None:
        return "robot" if visitor.session.staff is None else "human"
    if account.place(visitor.uid) is not None:
        return "line"
    return "word" if visitor.left_word is not None else "none"


def _newest(account: Account, count: int | None) -> list[Any]:
    newest = islice(reversed(account.pushes), count)
    return list(newest)[::-1]
