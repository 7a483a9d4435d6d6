"""How a customer stands with Qiyu, by its answers and pushes. Everything but what is asked for may be missing."""

import math
from collections.abc import Mapping
from typing import Any, Final

from shared.conversation.vendor_facts import Grade, Standing, Stood
from shared.vendors.qiyu.client import Answer
from shared.vendors.qiyu.codes import DONE, IN_LINE, NEVER_APPLIED, NOBODY, NOBODY_LEAVE_WORD
from shared.vendors.qiyu.markup import plain_text
from shared.vendors.qiyu.stickers import to_wechat

MACHINE: Final = 0
PERSON: Final = 1
SERVED: Final = -1
"""Queue position of who is being served already."""
NAME_MAX_CHARS: Final = 64
GRADES_MOST: Final = 20

_WITHOUT_SESSION: Final[dict[int, Standing]] = {NOBODY_LEAVE_WORD: "word", NOBODY: "nobody"}


def after_applying(answer: Answer, *, asked_for: int, says_place: bool) -> Stood:
    """What applyStaff has answered. `says_place`: we tell customers ourselves how many are before them in line."""
    if answer.code == IN_LINE:
        ahead = number(answer.fields.get("count"))
        told_by_us = says_place and ahead is not None
        return Stood(standing="line", ahead=ahead, said=None if told_by_us else said(answer.fields))
    if answer.code == DONE:
        machine = (number(answer.fields.get("staffType"), asked_for)) == MACHINE
        return with_somebody(answer.fields, "machine" if machine else "person")
    return Stood(standing=_WITHOUT_SESSION[answer.code], said=said(answer.fields))


def in_line(answer: Answer) -> Stood:
    """What queryQueueStatus has answered."""
    count = answer.fields.get("count")
    if answer.code == NEVER_APPLIED:
        return Stood(standing="nobody")
    if _integer(count) == SERVED:
        return Stood(standing="person")
    return Stood(standing="line", ahead=number(count))


def with_somebody(fields: Mapping[str, Any], standing: Standing) -> Stood:
    return Stood(
        standing=standing,
        said=said(fields),
        vendor_session=session_of(fields.get("sessionId")),
        staff=name_of(fields),
        grades=grades(fields.get("evaluationModel")),
    )


def said(fields: Mapping[str, Any]) -> str | None:
    """Its words for the customer; of a rich greeting `message` holds the plain text already."""
    message = fields.get("message")
    if not isinstance(message, str):
        return None
    return to_wechat(plain_text(message)).strip() or None


def session_of(value: Any) -> str | None:
    """The number of one of its sessions, an integer of 64 bits, as text; 0 is none."""
    integer = _integer(value)
    return str(integer) if integer is not None and 0 < integer < 1 << 63 else None


def name_of(fields: Mapping[str, Any]) -> str | None:
    name = fields.get("staffName")
    return (name.strip()[:NAME_MAX_CHARS] or None) if isinstance(name, str) else None


def grades(model: Any) -> tuple[Grade, ...]:
    listed = model.get("list") if isinstance(model, Mapping) else None
    read = [_grade(one) for one in listed] if isinstance(listed, list) else []
    return tuple(one for one in read if one is not None)[:GRADES_MOST]


def number(value: Any, otherwise: int | None = None) -> int | None:
    """A count; `otherwise` where it is none."""
    integer = _integer(value)
    return integer if integer is not None and 0 <= integer < 1 << 31 else otherwise


def _grade(one: Any) -> Grade | None:
    name, value = (one.get("name"), number(one.get("value"))) if isinstance(one, Mapping) else (None, None)
    if not isinstance(name, str) or not name.strip() or value is None:
        return None
    return Grade(name=name.strip()[:NAME_MAX_CHARS], value=value)


def _integer(value: Any) -> int | None:
    """Numbers are met as text, too."""
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if math.isfinite(value) and value.is_integer():
            return int(value)
        case str() if len(value) < 20 and value.removeprefix("-").isdecimal() and value.isascii():  # noqa: PLR2004
            return int(value)
        case _:
            return None
