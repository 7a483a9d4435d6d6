"""From a genuine push to the fact it tells."""

from shared.conversation.content import Card, Content, Event, Image, Text, Unsupported
from shared.conversation.fact import MediaSource
from shared.conversation.facts import CustomerDeleted, CustomerEntered, EventReceived, MessageReceived
from shared.conversation.ids import conversation_id, media_id, message_id
from shared.conversation.policy import Policy, ServedPolicy
from shared.wechat.push_model import (
    ACCOUNT_CANCELLED,
    CardPush,
    EnteredPush,
    ImagePush,
    OtherEventPush,
    Push,
    TextPush,
    UnsupportedPush,
    push_cause,
)

PushFact = MessageReceived | CustomerEntered | EventReceived | CustomerDeleted
MessagePush = TextPush | ImagePush | CardPush | UnsupportedPush


def original_of(clear: bytes, policy: Policy) -> str | None:
    """The push itself, for apps of which some vendor account wants pushes as they came; kept for no other."""
    bridges = policy.bridges if isinstance(policy, ServedPolicy) else ()
    if not any(bridge.passes_originals for bridge in bridges):
        return None
    return clear.decode("utf-8-sig", "replace")


def fact_of(app_id: str, push: Push, trace_id: str, original: str | None = None) -> PushFact:
    """The same push, however often it comes, is the same fact: its cause is WeChat's own id for it."""
    conversation = conversation_id(app_id, push.openid)
    told = {
        "conversation_id": conversation,
        "app_id": app_id,
        "cause": push_cause(push),
        "occurred_at": push.created_at,
        "trace_id": trace_id,
        "openid": push.openid,
    }
    match push:
        case EnteredPush():
            entered = {**told, "session_from": push.session_from or None, "original": original}
            return CustomerEntered.model_validate(entered)
        case OtherEventPush(event=event) if event == ACCOUNT_CANCELLED and push.raw.get("AppID", app_id) == app_id:
            return CustomerDeleted.model_validate({**told, "why": "account_cancelled"})
        case OtherEventPush():
            return EventReceived.model_validate({**told, "event": Event(name=push.event, detail=push.raw)})
        case TextPush() | ImagePush() | CardPush() | UnsupportedPush():
            source = _media(push, message_id(conversation, push_cause(push)))
            content = _content(push, source)
            received = {**told, "msg_id": push.msg_id, "content": content, "media": source, "original": original}
            return MessageReceived.model_validate(received)


def _content(push: MessagePush, source: MediaSource | None) -> Content:
    match push:
        case TextPush():
            return Text(text=push.content)
        case ImagePush() if source is not None:
            return Image(media_id=source.media_id)
        case CardPush():
            return Card(
                title=push.title,
                path=push.path,
                app_id=push.card_app_id or None,
                media_id=source.media_id if source else None,
            )
        case UnsupportedPush():
            return Unsupported(name=push.msg_type, raw=push.raw)
        case _:
            return Unsupported(name="image", raw={})


def _media(push: MessagePush, message: str) -> MediaSource | None:
    """Where the push's picture can be fetched; None where WeChat names no place (an empty thumbnail)."""
    match push:
        case ImagePush(media_id=theirs, pic_url=url) | CardPush(thumb_media_id=theirs, thumb_url=url):
            if theirs or url:
                return MediaSource(media_id=media_id(message), wechat_media_id=theirs or None, url=url or None)
            return None
        case _:
            return None
