"""Condemned messages made readable, and what becomes of each kind. No server needed."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import bson
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.cli.failures import Refused
from services.console.cli.mending import Unmendable, mended
from services.console.cli.replaying import Place, place_of, read_again, replayed
from shared.contracts import AgentChanged, BusMessage, SendDue, ShowTyping, encode
from shared.conversation.commands import AskBot, AskPlace, CallVendor, SendMessage
from shared.conversation.content import Text, Unsupported
from shared.conversation.facts import MessageReplayed
from shared.conversation.ids import message_id
from shared.conversation.model import Conversation, Message
from shared.store.dead import DeadMessage
from tests.support.facts import APP, CONVERSATION, NOON, OPENID, accept, entered, message, received, reply, settled

QUEUE = "router.v1.p00"


def dead(body: bytes, *, queue: str = QUEUE, fact_id: str | None = None, known: bool = True) -> DeadMessage:
    return DeadMessage(
        id="d1",
        queue=queue,
        body=body,
        kind="message_received",
        reason="broken",
        at=datetime.now(UTC),
        conversation_id=CONVERSATION if known else None,
        fact_id=(fact_id or f"{CONVERSATION}:m:77") if known else None,
    )


def unreadable(dead_id: str = "d1") -> Message:
    content = Unsupported(name="unreadable", raw={"dead_id": dead_id})
    return message(3, id=message_id(CONVERSATION, "m:77"), revision=5, content=content, cause="m:77")


def place(message: Message | None = None, **fields: Any) -> Place:
    return Place(Conversation(id=CONVERSATION, app_id=APP, openid=OPENID, version=9, **fields), message or unreadable())


BROKEN: list[tuple[bytes, Any]] = [
    (b'{"a": "\\ud83d"}', {"a": "\ufffd"}),
    (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    (b'{"a": "x\xff\xfey"}', {"a": "x\ufffd\ufffdy"}),
    (b'{"a": 9223372036854775807, "b": -9223372036854775808}', {"a": 2**63 - 1, "b": -(2**63)}),
    (b'{"a": 9223372036854775808, "b": [1180591620717411303424]}', {"a": str(2**63), "b": [str(2**70)]}),
    (b'{"a\\u0000b": 1}', {"a\ufffdb": 1}),
    (b'{"a": NaN, "b": [Infinity, -Infinity]}', {"a": None, "b": [None, None]}),
    (b'{"a": true, "b": null, "c": 1.5}', {"a": True, "b": None, "c": 1.5}),
]


@pytest.mark.parametrize(("body", "meant"), BROKEN)
def test_what_can_be_mended_is(body: bytes, meant: Any) -> None:
    assert orjson.loads(mended(body)) == meant


@pytest.mark.parametrize("body", [b"", b"not json", b'{"a": ', b"\xff\x00", b"[" * 100_000])
def test_what_is_no_json_is_not(body: bytes) -> None:
    with pytest.raises(Unmendable):
        mended(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=()), min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=4))
def test_whatever_is_mended_can_be_stored_and_mending_again_changes_nothing(document: dict[str, Any]) -> None:
    once = mended(json.dumps(document).encode())
    bson.encode(json.loads(once))
    assert mended(once) == once
    assert not [value for value in json.loads(once).values() if isinstance(value, float) and not math.isfinite(value)]


def test_a_push_takes_the_place_of_its_unreadable_message() -> None:
    push = received("你好", msg_id="77")
    fact = replayed(dead(encode(push)), read_again(dead(encode(push))), place())
    assert isinstance(fact, MessageReplayed)
    assert (fact.message_id, fact.received, fact.conversation_id) == (unreadable().id, push, CONVERSATION)


def test_a_place_made_of_the_dead_id_is_found_too() -> None:
    kept = dead(b"", fact_id=f"{CONVERSATION}:dead:d1")
    assert place_of(kept) == (CONVERSATION, message_id(CONVERSATION, "dead:d1"))


def test_a_push_without_a_place_goes_to_the_end() -> None:
    push = received(content=Unsupported(name="x", raw={"n": 2**70}))
    kept = dead(encode(push), known=False)
    fact = replayed(kept, read_again(kept), Place(None, None))
    assert fact == push.model_copy(update={"content": Unsupported(name="x", raw={"n": str(2**70)})})


PLACES = [
    (Place(None, None), "has no place in its conversation's history yet"),
    (place(deleted_at=NOON), "customer who was deleted"),
    (place(unreadable("another")), "is readable in the history already"),
    (place(unreadable().model_copy(update={"content": Text(text="hi")})), "is readable in the history already"),
]


@pytest.mark.parametrize(("where", "said"), PLACES)
def test_a_push_whose_place_is_not_there_is_refused(where: Place, said: str) -> None:
    kept = dead(encode(received(msg_id="77")))
    with pytest.raises(Refused, match=said):
        replayed(kept, read_again(kept), where)


def command(kind: Any, **fields: Any) -> Any:
    return kind(conversation_id=CONVERSATION, app_id=APP, trace_id="t", **fields)


SEND = command(SendMessage, send_id="s", openid=OPENID, content=Text(text="x"), place=(1, 0), expires_at=NOON)
TYPING = command(ShowTyping, openid=OPENID, typing=True, expires_at=NOON)
CALLED = command(
    CallVendor,
    call_id="c",
    vendor="qiyu",
    account="q1",
    openid=OPENID,
    bridging=1,
    call=AskPlace(),
    place=(1, 0),
    expires_at=NOON,
)
ASKED = command(AskBot, session=1, turn=1, inputs=(), deadline=NOON)

HARMFUL = [
    (QUEUE, reply("hi"), "give it again at the desk"),
    (QUEUE, accept(), "give it again at the desk"),
    (QUEUE, entered(), "can only be dropped"),
    ("sender.v1.p01", SEND, "send it again from the desk"),
    ("sender.v1.p01", TYPING, "send it again from the desk"),
    ("sender.v1.p01", CALLED, "can only be dropped"),
    ("bot.v1", ASKED, "can only be dropped"),
]


@pytest.mark.parametrize(("queue", "message", "said"), HARMFUL, ids=lambda value: getattr(value, "kind", None))
def test_what_would_do_nothing_or_harm_is_refused(queue: str, message: BusMessage, said: str) -> None:
    kept = dead(encode(message), queue=queue)
    with pytest.raises(Refused, match=said):
        replayed(kept, read_again(kept), place())


AGAIN = [
    (QUEUE, settled("s1")),
    ("sender.v1.p00", command(SendDue)),
    ("offers.v1", AgentChanged(agent_id="lina", trace_id="t")),
]


@pytest.mark.parametrize(("queue", "message"), AGAIN, ids=lambda value: getattr(value, "kind", None))
def test_what_is_harmless_twice_is_published_as_it_was(queue: str, message: BusMessage) -> None:
    kept = dead(encode(message), queue=queue)
    assert replayed(kept, read_again(kept), Place(None, None)) == message


def future() -> bytes:
    said = json.loads(encode(received()))
    return json.dumps({**said, "contract": 2}).encode()


@pytest.mark.parametrize(
    ("queue", "body", "said"),
    [
        (QUEUE, b"not json", "still cannot be read"),
        (QUEUE, b'{"kind": "message_received"}', "still cannot be read"),
        (QUEUE, future(), "a later version may"),
        ("offers.v1", encode(received()), "still cannot be read"),
        ("elsewhere.v1", encode(received()), "a queue this version does not know"),
    ],
)
def test_what_says_nothing_to_this_version_is_refused(queue: str, body: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read_again(dead(body, queue=queue))
