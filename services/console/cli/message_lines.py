"""Messages as lines for people. Pure; everything in them is made printable."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.console.cli.output import instant
from services.console.cli.terminal import one_line, printable

_INDENT: Final = "      "


def message_lines(message: Mapping[str, Any]) -> list[str]:
    """One message of the console's: place, time, who, what, and how its delivery stands.

    Further lines of its text are indented, so that no text can pass for a message.
    """
    head = f"#{message['seq']}  {_clock(message.get('at'))}  {_who(message.get('from'))}"
    first, *others = what(message).splitlines() or [""]
    lines = [f"{head}: {printable(first)}", *(f"{_INDENT}{printable(line)}" for line in others)]
    state = _delivery(message.get("delivery"))
    return [*lines[:-1], f"{lines[-1]}  [{state}]"] if state else lines


def what(content: Mapping[str, Any]) -> str:
    """What a message says or shows, in words."""
    match content.get("type"):
        case "text" | "note" | "notice":
            return str(content.get("text") or "")
        case "image":
            return f"(image {_named(content, 'image', 'media_id') or content.get('media_url') or ''})"
        case "card" | "miniprogrampage":
            return f"(card {_named(content, 'card', 'title')} → {_named(content, 'card', 'path')})"
        case "link":
            return f"(link {_named(content, 'link', 'title')} → {_named(content, 'link', 'url')})"
        case "event":
            return f"({_event(content)})"
        case other:
            return f"({other} {content.get('text') or ''})".replace(" )", ")")


def conversation_fields(conversation: Mapping[str, Any]) -> dict[str, Any]:
    """A conversation as one row: the nested parts flattened to words."""
    session = conversation.get("session") or {}
    preview = conversation.get("preview") or {}
    return {
        "id": conversation.get("id"),
        "customer": _named(conversation, "customer", "name") or _named(conversation, "customer", "id"),
        "app": _named(conversation, "app", "name"),
        "state": session.get("state"),
        "attention": (session.get("attention") or {}).get("why"),
        "responder": _named(session, "responder", "name") or _named(session, "responder", "kind") or None,
        "quota": _quota(conversation.get("quota")),
        "unread": conversation.get("unread"),
        "updated_at": moment(conversation.get("updated_at")),
        "last": preview.get("text") or preview.get("type") if isinstance(preview, dict) else preview,
    }


def moment(at: Any) -> str:
    """An RFC 3339 instant as people read it."""
    try:
        return instant(datetime.fromisoformat(at))
    except (TypeError, ValueError):
        return "-"


def _event(content: Mapping[str, Any]) -> str:
    """The event's name and its plain values: `session_assigned: to 李娜, rule wanted`."""
    event = content.get("event")
    detail = event.get("detail") if isinstance(event, dict) else None
    values = ", ".join(f"{name} {value}" for name, value in (detail or {}).items() if value is not None)
    return f"{content.get('text')}: {values}" if values else str(content.get("text"))


def _named(parent: Mapping[str, Any], part: str, field: str) -> str:
    found = parent.get(part)
    return one_line(str(found.get(field) or "")) if isinstance(found, dict) else ""


def _quota(quota: Any) -> str | None:
    if not isinstance(quota, dict):
        return None
    return f"{quota.get('remaining')} until {moment(quota.get('deadline'))}"


def _who(party: Any) -> str:
    if not isinstance(party, dict):
        return one_line(str(party))
    return " ".join(filter(None, (one_line(str(party.get("kind"))), one_line(str(party.get("name") or "")))))


def _delivery(delivery: Any) -> str:
    if not isinstance(delivery, dict):
        return ""
    why = " ".join(one_line(str(part)) for part in (delivery.get("code"), delivery.get("reason")) if part)
    return f"{one_line(str(delivery.get('state')))}: {why}" if why else one_line(str(delivery.get("state")))


def _clock(at: Any) -> str:
    """The time of day of an RFC 3339 instant in UTC."""
    return str(at)[11:19] + "Z" if isinstance(at, str) else "-"
