"""What went wrong, as `application/problem+json` (RFC 9457) with a code that scripts can rely on."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Literal, get_args

from aiohttp import web
from pydantic_core import to_json

from shared.conversation.model import Problem as Verdict

Code = Literal[
    "login_required",
    "forbidden",
    "not_yours",
    "taken",
    "at_capacity",
    "window_closed",
    "quota_used",
    "text_too_long",
    "image_invalid",
    "too_large",
    "not_found",
    "conflict",
    "invalid",
    "rate_limited",
    "unavailable",
]
CODES: Final[tuple[Code, ...]] = get_args(Code)

STATUS: Final[Mapping[Code, int]] = {
    "login_required": 401,
    "forbidden": 403,
    "not_yours": 403,
    "taken": 409,
    "at_capacity": 409,
    "window_closed": 409,
    "quota_used": 409,
    "text_too_long": 422,
    "image_invalid": 415,
    "too_large": 413,
    "not_found": 404,
    "conflict": 409,
    "invalid": 422,
    "rate_limited": 429,
    "unavailable": 503,
}

TITLE: Final[Mapping[Code, str]] = {
    "login_required": "Log in first",
    "forbidden": "Not allowed",
    "not_yours": "Someone else's conversation",
    "taken": "Someone else was faster",
    "at_capacity": "No room",
    "window_closed": "The window to reply is closed",
    "quota_used": "The messages WeChat allows are used up",
    "text_too_long": "The text is too long for one message",
    "image_invalid": "Not a picture WeChat takes",
    "too_large": "Too large",
    "not_found": "No such thing",
    "conflict": "Does not fit what is there",
    "invalid": "Not understood",
    "rate_limited": "Too often",
    "unavailable": "Out of reach for the moment",
}

CONTENT_TYPE: Final = "application/problem+json"


class Refused(Exception):
    """A call that is answered with a problem. `more` goes into the document beside the standard members."""

    def __init__(self, code: Code, detail: str, *, status: int | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status or STATUS[code]
        self.more = more
        self.headers: dict[str, str] = {}

    @classmethod
    def after(cls, code: Code, detail: str, retry_seconds: float) -> "Refused":
        """One that says when to come back."""
        refused = cls(code, detail)
        refused.headers["Retry-After"] = str(max(1, round(retry_seconds)))
        return refused

    @classmethod
    def by(cls, verdict: Verdict) -> "Refused":
        """What the conversation answered, in our terms; a code unknown here is a conflict with what is there."""
        known: dict[str, Code] = {code: code for code in CODES}
        return cls(known.get(verdict.code, "conflict"), verdict.detail, **verdict.more)


def document(refused: Refused) -> dict[str, Any]:
    return {
        **refused.more,
        "type": f"urn:wxdesk:problem:{refused.code}",
        "title": TITLE[refused.code],
        "status": refused.status,
        "detail": refused.detail,
        "code": refused.code,
    }


def response(refused: Refused) -> web.Response:
    return web.Response(
        body=to_json(document(refused), fallback=str),
        status=refused.status,
        headers=refused.headers,
        content_type=CONTENT_TYPE,
    )


def of_http(failure: web.HTTPException) -> Refused:
    """What aiohttp itself refused: no such path, another method, a body too large or too slow."""
    match failure.status:
        case HTTPStatus.NOT_FOUND:
            return Refused("not_found", "There is nothing at this address.")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Refused("too_large", "The body is larger than this call takes.")
        case status:
            refused = Refused("invalid", failure.reason, status=status)
            if isinstance(failure, web.HTTPMethodNotAllowed):
                refused.headers["Allow"] = ", ".join(sorted(failure.allowed_methods))
            return refused
