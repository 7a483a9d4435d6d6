"""The bodies of what Qiyu tells: answers to applyStaff, and pushes. Source: its message interface page."""

from datetime import datetime
from typing import Any

import orjson

from services.sandbox.qiyu.state import ROBOT_ID, ROBOT_NAME, Message, Session


def served_by(session: Session, greeting: str | None = None) -> dict[str, Any]:
    """Who has the customer: what an answer to applyStaff and the pushes about sessions have in common."""
    staff = session.staff
    return {
        "code": 200,
        "sessionId": session.id,
        "staffId": staff.id if staff is not None else ROBOT_ID,
        "staffName": staff.name if staff is not None else ROBOT_NAME,
        "staffType": 1 if staff is not None else 0,
        "staffIcon": (staff.icon if staff is not None else None) or "",
        **({"message": greeting} if greeting is not None else {}),
    }


def allocated(session: Session, greeting: str) -> dict[str, Any]:
    model = {"evaluationModel": session.model} if session.model is not None else {}
    return {**served_by(session, greeting), "count": 0, **model}


def started(session: Session, greeting: str, *, minimal: bool) -> dict[str, Any]:
    told = served_by(session, greeting)
    if minimal:
        kept = ("code", "sessionId", "staffId", "staffName", "staffType")
        told = {name: told[name] for name in kept}
    else:
        told["evaluationModel"] = session.model
    transferred = {"transferFrom": session.transfer_from} if session.transfer_from is not None else {}
    return {**told, "uid": session.uid, **transferred}


def ended(session: Session) -> dict[str, Any]:
    transferred = {"transferTo": session.transfer_to} if session.transfer_to is not None else {}
    return {**served_by(session), "uid": session.uid, "closeReason": session.close_reason, **transferred}


def invited(session: Session) -> dict[str, Any]:
    told = served_by(session)
    del told["code"]
    return {**told, "uid": session.uid}


def said(uid: str, session: Session, message: Message, content: Any, *, as_string: bool) -> dict[str, Any]:
    """`as_string`: an object is told as JSON in a string."""
    who = served_by(session)
    return {
        "uid": uid,
        "content": orjson.dumps(content).decode() if as_string and isinstance(content, dict) else content,
        "staffId": who["staffId"],
        "timeStamp": milliseconds(message.at),
        "staffName": who["staffName"],
        "msgId": message.msg_id,
        "msgType": message.kind,
    }


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
