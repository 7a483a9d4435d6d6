"""Who is let in to the live socket, and how it ends."""

from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from services.console import live
from services.console.live import SOCKETS_OF_ONE_AGENT
from shared.contracts.hints import PresenceChanged, SettingsChanged
from shared.conversation.policy import Assignment
from shared.observe import metrics
from shared.passwords import hash_password
from shared.store.apps import AppStore
from shared.store.sealing import Sealer
from tests.console.house import API, KEY, PASSWORD, VIP_APP, Caller, House, house, replica
from tests.console.screen import Screen
from tests.support.waiting import eventually

HELLO = {"type": "hello", "cursor": None}


async def closed_with(caller: Caller, hello: Any, **more: Any) -> int | None:
    """The close code a socket ends with, or None where it becomes ready."""
    async with caller.live(**more) as socket:
        await socket.send_json(hello)
        message = await socket.receive(timeout=20)
        return None if message.type is aiohttp.WSMsgType.TEXT else socket.close_code


async def cookie_of(desk: House, caller: Caller) -> dict[str, str]:
    login = (await caller.get("/me")).body["login"]
    body = {"login": login, "password": PASSWORD}
    async with desk.session.post(f"{desk.url}{API}/login", json=body) as response:
        return {"Cookie": response.headers["Set-Cookie"].partition(";")[0]}


async def test_a_token_lets_in_by_header_or_in_the_hello(desk: House, lina: Caller) -> None:
    token = lina.headers["Authorization"].removeprefix("Bearer ")
    assert await closed_with(lina, HELLO) is None
    assert await closed_with(desk.stranger(), {**HELLO, "token": token}) is None
    assert await closed_with(desk.stranger(), {**HELLO, "token": token}, origin="https://other.example") is None


@pytest.mark.parametrize("hello", [HELLO, {**HELLO, "token": "invented"}, {**HELLO, "token": ""}])
async def test_without_a_login_the_socket_ends_at_once(desk: House, hello: Any) -> None:
    assert await closed_with(desk.stranger(), hello) == 4401


async def test_a_header_that_is_no_login_ends_at_once(desk: House, lina: Caller) -> None:
    token = lina.headers["Authorization"].removeprefix("Bearer ")
    lina.headers = {"Authorization": "Bearer invented"}
    assert await closed_with(lina, {**HELLO, "token": token}) == 4401


async def test_a_cookie_lets_in_only_from_our_own_page(desk: House, lina: Caller) -> None:
    lina.headers = await cookie_of(desk, lina)
    assert await closed_with(lina, HELLO, origin=desk.url) is None
    for more in ({}, {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": desk.url + "0"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await closed_with(lina, HELLO, **more)
        assert refused.value.status == 403


async def test_a_cookie_that_ended_ends_the_socket(desk: House, lina: Caller) -> None:
    lina.headers = {"Cookie": (await cookie_of(desk, lina))["Cookie"] + "x"}
    assert await closed_with(lina, HELLO, origin=desk.url) == 4401


@pytest.mark.parametrize("hello", ["hi", {}, {"type": "hello", "cursor": 7}, {"type": "typing"}, []])
async def test_who_does_not_say_hello_first_is_not_listened_to(lina: Caller, hello: Any) -> None:
    assert await closed_with(lina, hello) == 1002


async def test_who_says_nothing_is_not_waited_for(lina: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HELLO_SECONDS", 0.05)
    async with lina.live() as socket:
        await socket.receive(timeout=20)
        assert socket.close_code == 4408


async def test_a_frame_too_large_ends_the_socket(lina: Caller) -> None:
    assert await closed_with(lina, {**HELLO, "more": "x" * 10_000}) == 1009


async def test_logging_out_ends_its_own_sockets_at_once(desk: House, lina: Caller) -> None:
    other = desk.stranger()
    await other.log_in((await lina.get("/me")).body["login"])
    screen, kept = Screen(lina), Screen(other)
    async with screen.ready(), kept.ready():
        await lina.post("/logout")
        await eventually(lambda: screen.closed == 4401)
        assert kept.closed is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"enabled": False}, 4401),
        ({"password_hash": hash_password("another")}, 4401),
        ({"role": "supervisor"}, 1012),
        ({"groups": ["vip"]}, 1012),
    ],
)
async def test_a_socket_ends_with_what_it_was_opened_by(
    desk: House, lina: Caller, change: dict[str, Any], code: int
) -> None:
    screen = Screen(lina)
    me = (await lina.get("/me")).body["id"]
    async with screen.ready():
        await desk.agents.update(me, **change)
        await eventually(lambda: screen.closed == code)


async def test_a_login_that_expires_ends_its_sockets(desk: House, lina: Caller) -> None:
    screen = Screen(lina)
    async with screen.ready():
        login = (await lina.get("/me")).body["login"]
        await desk.database["logins"].delete_many({"agent_id": login})
        await eventually(lambda: screen.closed == 4401)


async def test_who_comes_back_as_someone_else_loads_again(desk: House, lina: Caller) -> None:
    screen = Screen(lina)
    async with screen.ready():
        await desk.agents.update((await lina.get("/me")).body["id"], groups=["vip"])
        await eventually(lambda: screen.closed == 1012)
    async with screen.ready():
        assert screen.resets == 1
        hidden = await desk.waiting(lina, VIP_APP)
        await eventually(lambda: hidden.id in screen.conversations)


async def test_an_app_opened_to_all_is_told_from_then_on(desk: House, lina: Caller) -> None:
    apps = AppStore(desk.database, Sealer([KEY]))
    app = await apps.get(VIP_APP)
    assert app is not None
    screen = Screen(lina)
    async with screen.ready():
        for_all = app.policy.model_copy(update={"assignment": Assignment()})
        saved = await apps.save(app.model_copy(update={"policy": for_all}))
        await desk.publisher.hint(SettingsChanged(what="apps"))
        await eventually(lambda: screen.resets == 1)
        shown = await desk.waiting(lina, VIP_APP)
        await eventually(lambda: shown.id in screen.conversations)
        assert saved is not None
        await apps.save(saved.model_copy(update={"policy": app.policy}))
        await desk.publisher.hint(SettingsChanged(what="apps"))
        await eventually(lambda: screen.resets == 2)
        assert screen.closed is None


async def test_one_agent_has_not_any_number_of_sockets(desk: House, lina: Caller) -> None:
    sockets = []
    for _ in range(SOCKETS_OF_ONE_AGENT):
        socket = await lina.live()
        await socket.send_json(HELLO)
        assert (await socket.receive_json(timeout=20))["type"] == "ready"
        sockets.append(socket)
    assert await closed_with(lina, HELLO) == 1013
    for socket in sockets:
        await socket.close()


async def test_who_does_not_read_is_dropped_and_comes_back(amqp_url: str, mongo_url: str, mongo_db: str) -> None:
    async with house(amqp_url, mongo_url, mongo_db, live_outbox_bytes=200_000) as desk:
        lina = await desk.agent()
        slow, quick = Screen(lina), Screen(lina)
        async with quick.ready(), lina.live() as socket:
            await socket.send_json(HELLO)
            slow.take(await socket.receive_json(timeout=20))
            listening = metrics.console_sockets._value.get()
            told = 0
            while metrics.console_sockets._value.get() == listening:
                told += 1
                await desk.publisher.hint(PresenceChanged(agent_id="a", name="x" * 90_000, presence="online"))
                await eventually(lambda: len(quick.said("presence")) == told)  # noqa: B023 - asked at once
            while (await socket.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert socket.close_code == 4408
            assert quick.closed is None
        customer = await desk.waiting(lina)
        async with slow.ready():
            await eventually(lambda: customer.id in slow.conversations)
            assert slow.resets == 0


async def test_a_replica_that_stops_sends_everyone_to_another(desk: House, lina: Caller) -> None:
    screen = Screen(lina)
    async with AsyncExitStack() as connected:
        async with replica(desk.common) as other:
            lina.url = other
            await connected.enter_async_context(screen.ready())
            seen = await desk.waiting(lina)
            await eventually(lambda: seen.id in screen.conversations)
        await eventually(lambda: screen.closed == 1012)
    lina.url = desk.url
    customer = await desk.waiting(lina)
    async with screen.ready():
        await eventually(lambda: customer.id in screen.conversations)
        assert screen.resets == 0


async def test_what_one_replica_hears_every_replica_tells(desk: House, lina: Caller) -> None:
    omar, screen = await desk.agent(), Screen(lina)
    customer = await desk.held_by(lina)
    async with replica(desk.common) as other, screen.ready():
        omar.url = other
        watching = Screen(omar)
        async with watching.ready() as socket:
            (sent,) = (await lina.say(customer)).body["items"]
            await eventually(lambda: sent["id"] in screen.messages and sent["id"] in watching.messages)
            await socket.send_json({"type": "typing", "conversation_id": customer.id})
            await eventually(lambda: screen.said("typing"))
