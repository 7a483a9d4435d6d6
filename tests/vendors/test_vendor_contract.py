"""What every vendor's adapter promises, whatever the vendor: tried on servers that take all, and on such as do not."""

import asyncio
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from typing_extensions import override

from deploy.local.ports import free_port
from shared.conversation.content import Card, Content, Event, Image, Text, Unsupported
from shared.conversation.vendor_facts import Said, Stood
from shared.failures import OutcomeUnknown, SendFailure, Unavailable
from shared.pictures import Picture
from shared.refusals import Forged, PushRefused
from shared.vendors.port import Port, Relayed, VendorSettings
from shared.vendors.registry import VENDORS
from tests.vendors.houses import HOUSES, House
from tests.vendors.qiyu_house import Pace, message
from tests.wechat.standin import Handler, raw_server, read_request

PNG = Picture(b"\x89PNG\r\n\x1a\n" + b"picture" * 10, "image/png", 3, 2)
CONTENTS: list[Content] = [
    Text(text="你好 [微笑] 😀\ud800"),
    Text(text="字" * 5000),
    Image(media_id="m"),
    Card(title="订单", path="pages/order", app_id="wx1", media_id="m"),
    Event(name="user_enter_tempsession"),
    Unsupported(name="voice", raw={"MsgType": "voice"}),
]
HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d{1,5})?")

each_house = pytest.mark.parametrize("house", HOUSES, ids=lambda house: house.kind)


def relayed(house: House, content: Content | None = None, picture: Picture | None = PNG) -> Relayed:
    of_theirs: dict[str, Any] = {
        "conversation": house.customer.uid,
        "app_id": house.customer.app_id,
        "msg_id": "24912345678901234",
    }
    return Relayed(message(content or Text(text="你好"), **of_theirs), picture)


async def relay(house: House, port: Port) -> None:
    await port.relay(house.customer, relayed(house))


async def failure(house: House, port: Port) -> SendFailure:
    """How a relay fails; it always does, and says nothing that is secret."""
    with pytest.raises(SendFailure) as raised:
        await relay(house, port)
    failed = raised.value
    shown = f"{failed!s} {failed!r} {failed.__cause__!r} {failed.reason} {failed.words}"
    assert not [secret for secret in house.secrets if secret in shown]
    assert failed.words.zh
    assert failed.words.en
    return failed


def test_every_vendor_is_tried() -> None:
    assert {house.kind for house in HOUSES} == set(VENDORS)
    assert all(VENDORS[kind].kind == kind for kind in VENDORS)


@each_house
def test_each_setting_says_what_it_is(house: House) -> None:
    model = house.vendor.settings
    assert issubclass(model, VendorSettings)
    assert [name for name, field in model.model_fields.items() if not field.description] == []


@each_house
def test_secrets_are_sealed_and_never_shown(house: House) -> None:
    account = house.account("https://vendor.example")
    kinds = {name: str(field.annotation) for name, field in house.vendor.settings.model_fields.items()}
    assert account.secrets
    assert all("SecretStr" in kinds[name] for name in account.secrets)
    assert not any("SecretStr" in kinds[name] for name in account.settings)
    assert not [secret for secret in house.secrets if secret in repr(account)]


@each_house
def test_decisions_know_the_account(house: House) -> None:
    account = house.account("https://vendor.example")
    for down in (True, False):
        bridge = house.vendor.bridge(account, house.app_id, down=down)
        assert bridge is not None
        told = (bridge.account, bridge.vendor, bridge.name, bridge.down, bridge.settings)
        assert told == (account.account_id, house.kind, account.name, down, account.bridge)


@each_house
def test_an_account_without_its_secrets_cannot_be_used(house: House) -> None:
    account = house.account("https://vendor.example").but(secrets={"other": SecretStr("x")})
    with pytest.raises(ValidationError):
        house.vendor.bridge(account, house.app_id, down=False)


@each_house
def test_its_limits_and_hosts_can_be_kept(house: House) -> None:
    account = house.account("https://vendor.example:8443")
    limits = house.vendor.limits(account)
    assert 0 < limits.endpoint_per_second <= limits.account_per_second
    assert all(HOST.fullmatch(host) for host in house.vendor.media_hosts(account))


@each_house
@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: str(content.type))
async def test_whatever_a_customer_says_is_taken(house: House, content: Content) -> None:
    async with house.willing() as there, house.port(there.url) as port:
        await port.relay(house.customer, relayed(house, content))
        bridge = house.vendor.bridge(house.account(there.url), house.app_id, down=False)
        wanted = content.type != "event" or (bridge is not None and bridge.takes_events)
        assert (there.count() > 0) is wanted


@each_house
async def test_a_picture_that_is_lost_holds_nothing_up(house: House) -> None:
    async with house.willing() as there, house.port(there.url) as port:
        await port.relay(house.customer, relayed(house, Image(media_id="m"), None))
        assert there.count() > 0


@each_house
async def test_who_is_introduced_stands_somewhere(house: House) -> None:
    async with house.willing() as there, house.port(there.url) as port:
        for wants_person in (False, True):
            stood = await port.introduce(house.customer, (relayed(house).message,), wants_person=wants_person)
            assert isinstance(stood, Stood)
        assert isinstance(await port.ask_place(house.customer), Stood)
        await port.leave_line(house.customer)


@each_house
async def test_a_probe_is_about_no_customer(house: House) -> None:
    async with house.willing() as there, house.port(there.url) as port:
        assert await port.probe()
        assert there.count() == 1
        assert house.customer.uid not in there.text()
        assert house.customer.openid not in there.text()


@each_house
async def test_every_request_waits_for_its_pace(house: House) -> None:
    pace = Pace()
    async with house.willing() as there, house.port(there.url, pace=pace) as port:
        for content in CONTENTS:
            await port.relay(house.customer, relayed(house, content))
        await port.introduce(house.customer, (), wants_person=False)
        await port.probe()
        assert len(pace.noted) == there.count() > 0


@each_house
async def test_without_its_pace_nothing_is_sent(house: House) -> None:
    class Full(Pace):
        @override
        async def __call__(self, endpoint: str) -> None:
            raise Unavailable("rate", endpoint, retry_after_seconds=1)

    async with house.willing() as there, house.port(there.url, pace=Full()) as port:
        assert (await failure(house, port)).code == "rate"
        with pytest.raises(Unavailable):
            await port.probe()
        assert there.count() == 0


@each_house
async def test_who_is_not_reached_was_given_nothing(house: House) -> None:
    async with house.port(f"http://127.0.0.1:{free_port()}") as port:
        assert isinstance(await failure(house, port), Unavailable)
        with pytest.raises(Unavailable):
            await port.probe()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.transport.abort()


async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await reader.read()


@each_house
@pytest.mark.parametrize("odd", [hang_up, never_answer])
async def test_a_message_without_an_answer_is_repeated_only_where_that_is_known(house: House, odd: Handler) -> None:
    async with asyncio.timeout(60), raw_server(odd) as url, house.port(url, answer_seconds=0.5) as port:
        expected = Unavailable if house.knows_repeats else OutcomeUnknown
        assert isinstance(await failure(house, port), expected)


@each_house
async def test_an_answer_without_end_is_not_read_to_it(house: House) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            await writer.drain()

    async with asyncio.timeout(60), raw_server(endless) as url, house.port(url, answer_seconds=30) as port:
        await failure(house, port)


@each_house
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 418, 429, 500, 502, 503, 504])
async def test_whatever_the_status_it_is_a_failure_with_a_name(house: House, status: int) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        head = (
            f"HTTP/1.1 {status} No\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + b"<html/>")
        await writer.drain()

    async with raw_server(say) as url, house.port(url) as port:
        assert (await failure(house, port)).code == f"http_{status}"


@each_house
def test_its_people_are_heard(house: House) -> None:
    [pushed] = house.vendor.read_push(house.account("https://vendor.example"), house.genuine())
    assert pushed.uid == house.uid
    assert isinstance(pushed.event, Said)
    assert [part.type for part in pushed.event.parts] == ["text"]


@each_house
def test_a_push_is_the_same_however_often_it_comes(house: House) -> None:
    account = house.account("https://vendor.example")
    [first], [again] = (house.vendor.read_push(account, house.genuine()) for _ in range(2))
    assert first == again
    assert first.id
    assert len(first.id) <= 200


@each_house
def test_a_push_without_its_proof_is_forged(house: House) -> None:
    account, genuine = house.account("https://vendor.example"), house.genuine()
    wrong = [
        {**genuine.query, proof: changed} for proof in house.proofs for changed in ("", "0", "七鱼\ud800", "9" * 99)
    ]
    for query in [{}, *wrong]:
        with pytest.raises(Forged) as forged:
            house.vendor.read_push(account, genuine._replace(query=query))
        assert not [secret for secret in house.secrets if secret in str(forged.value)]


ODD_BODIES = [b"", b"null", b"[]", b"\x00", b"<xml>", b"[" * 200_000, b'{"a":' * 100_000, b"1" * 9999, b'{"a":NaN}']


@each_house
@pytest.mark.parametrize("body", ODD_BODIES, ids=range(len(ODD_BODIES)))
def test_an_unreadable_push_is_refused(house: House, body: bytes) -> None:
    with pytest.raises(PushRefused):
        house.vendor.read_push(house.account("https://vendor.example"), house.signed(body))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@each_house
@given(changes=st.data())
def test_whatever_a_push_holds_it_is_read_or_refused(house: House, changes: st.DataObject) -> None:
    fields: dict[str, Any] = changes.draw(st.dictionaries(st.sampled_from([*house.said]) | st.text(), ANY_JSON))
    try:
        found = house.vendor.read_push(
            house.account("https://vendor.example"), house.signed(json.dumps({**house.said, **fields}).encode())
        )
    except PushRefused:
        return
    for pushed in found:
        assert pushed.id
        assert pushed.at.tzinfo is not None
        assert type(pushed.event).model_validate_json(pushed.event.model_dump_json()) == pushed.event


@each_house
def test_a_push_is_acknowledged(house: House) -> None:
    status, body = house.vendor.acknowledge()
    assert status == 200
    assert body in {"", "success"}
