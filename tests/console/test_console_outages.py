"""What agents see when a part of wxdesk is away: honest answers, and everything once it is back."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.local.servers import mongod
from services.router.app import router
from services.router.settings import RouterSettings
from shared.bus.commands import Verdicts
from shared.store.conversations import STAMP
from tests.console.house import Caller, Customer, House, house
from tests.console.relay import relay
from tests.console.screen import Screen
from tests.support.waiting import eventually


@pytest.fixture
async def quiet(amqp_url: str, mongo_url: str, mongo_db: str) -> AsyncIterator[House]:
    """A desk whose router runs only when a test says so, and a console that does not wait long."""
    async with house(amqp_url, mongo_url, mongo_db, routed=False, command_seconds=0.2, live_sweep_seconds=0.5) as made:
        yield made


async def held(desk: House, caller: Caller) -> Customer:
    async with router(RouterSettings(**desk.common)):
        customer = await desk.waiting(caller)

        async def accepted() -> bool:
            return (await caller.accept(customer)).status == 200

        await eventually(accepted)
    return customer


async def test_a_command_nobody_settles_is_told_on_the_socket_once_someone_does(quiet: House) -> None:
    lina = await quiet.agent()
    customer = await held(quiet, lina)
    screen, away = Screen(lina), Screen(lina)
    async with away.ready():
        pass
    async with screen.ready():
        answer = await lina.say(customer, "没有人在", client_id="later")
        assert answer.status == 202
        told = {"type": "command", "command_id": answer.body["command_id"], "status": 200, "problem": None}
        async with router(RouterSettings(**quiet.common)):
            await eventually(lambda: told in screen.others)
    async with away.ready():
        assert told in away.others
    again = await lina.say(customer, "没有人在", client_id="later")
    assert (again.status, again.body["items"][0]["text"]) == (200, "没有人在")


async def test_a_problem_that_comes_late_is_the_one_the_call_would_have_had(quiet: House) -> None:
    lina, omar = await quiet.agent(), await quiet.agent()
    customer = await held(quiet, lina)
    screen, others = Screen(omar), Screen(lina)
    async with screen.ready(), others.ready():
        answer = await omar.accept(customer)
        assert answer.status == 202
        async with router(RouterSettings(**quiet.common)):
            (frame,) = await eventually(lambda: screen.said("command"))
    assert (frame["command_id"], frame["status"]) == (answer.body["command_id"], 409)
    assert (frame["problem"]["code"], frame["problem"]["by"]["id"]) == ("taken", (await lina.get("/me")).body["id"])
    assert others.said("command") == []


async def test_asked_again_while_it_is_under_way_it_is_done_once(quiet: House) -> None:
    lina = await quiet.agent()
    customer = await held(quiet, lina)
    answers = [await lina.say(customer, "一次", client_id="once") for _ in range(3)]
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body["command_id"] for answer in answers}) == 1
    async with router(RouterSettings(**quiet.common)):

        async def done() -> Any:
            answer = await lina.say(customer, "一次", client_id="once")
            return answer.body["items"] if answer.status == 200 else None

        items = await eventually(done)
    assert len(items) == 1
    assert (await lina.conversation(customer))["quota"]["remaining"] == 4


async def test_a_verdict_whose_hint_is_lost_is_found(
    quiet: House, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Verdicts, "hear", lambda *_: None)
    lina = await quiet.agent()
    customer = await held(quiet, lina)
    async with router(RouterSettings(**quiet.common)):

        async def sent() -> bool:
            return (await lina.say(customer, client_id="k")).status in {200, 201}

        await eventually(sent)


async def test_without_the_broker_one_can_look_but_not_act(amqp_url: str, mongo_url: str, mongo_db: str) -> None:
    async with relay(amqp_url) as way, house(way.url, mongo_url, mongo_db) as desk:
        lina = await desk.agent()
        customer, screen = await desk.held_by(lina), Screen(lina)
        async with screen.ready():
            await way.cut()
            refused = await lina.say(customer, client_id="cut")
            assert (refused.status, refused.code) == (503, "unavailable")
            assert refused.headers["Retry-After"]
            assert await lina.state(customer) == "agent"
            assert (await lina.call("PATCH", "/me", {"capacity": 6})).body["capacity"] == 6
            change = {"$inc": {"version": 1}, "$set": {"tags": ["x"]}, "$currentDate": STAMP}
            await desk.database["conversations"].update_one({"_id": customer.id}, change)
            await eventually(lambda: screen.conversations.get(customer.id, {}).get("tags") == ["x"])
            await way.mend()

            async def sent() -> bool:
                return (await lina.say(customer, client_id="cut")).status in {200, 201}

            await eventually(sent)
            await eventually(lambda: [one["client_id"] for one in screen.of(customer)].count("cut") == 1)
            assert screen.closed is None


async def test_without_the_database_nobody_is_thrown_out(amqp_url: str) -> None:
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        server = await stack.enter_async_context(mongod(Path(directory)))
        desk = await stack.enter_async_context(house(amqp_url, server.url, "wxdesk"))
        lina = await desk.agent()
        customer, screen = await desk.held_by(lina), Screen(lina)
        async with screen.ready():
            await server.kill()
            refused = await lina.get("/me")
            assert (refused.status, refused.code) == (503, "unavailable")
            await customer.say("还在吗")
            await server.start()
            await eventually(lambda: "还在吗" in [one["text"] for one in screen.of(customer)], within_seconds=60)
            assert screen.closed is None
            assert screen.resets == 0
