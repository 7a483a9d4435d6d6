"""An agent changes their own password."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.passwords import hash_password
from shared.store.agents import Agent
from tests.console.house import API, HASH, PASSWORD, Caller, House, house
from tests.console.screen import Screen
from tests.support.waiting import eventually

NEW = "battery staple 2"


@pytest.fixture
async def strict(amqp_url: str, mongo_url: str, mongo_db: str) -> AsyncIterator[House]:
    async with house(amqp_url, mongo_url, mongo_db, routed=False, login_account_attempts=2) as made:
        yield made


async def another_login(desk: House, caller: Caller) -> Caller:
    other = desk.stranger()
    await other.log_in((await caller.get("/me")).body["login"])
    return other


async def renew(caller: Caller, current: str = PASSWORD, new: str = NEW) -> Any:
    return await caller.post("/me/password", {"current": current, "new": new})


async def test_other_logins_end_and_this_one_stays(desk: House, lina: Caller) -> None:
    other = await another_login(desk, lina)
    mine, elsewhere = Screen(lina), Screen(other)
    async with mine.ready(), elsewhere.ready():
        assert (await renew(lina)).status == 204
        await eventually(lambda: elsewhere.closed == 4401)
        assert (await other.get("/me")).code == "login_required"
        assert (await lina.get("/me")).status == 200
        assert mine.closed is None


async def test_the_new_password_lets_in_and_the_old_one_does_not(desk: House, lina: Caller) -> None:
    login = (await lina.get("/me")).body["login"]
    await renew(lina)
    assert (await desk.stranger().log_in(login, PASSWORD)).code == "login_required"
    assert (await desk.stranger().log_in(login, NEW)).status == 200


async def test_changed_twice_from_one_login_it_still_stays(desk: House, lina: Caller) -> None:
    await renew(lina)
    assert (await renew(lina, NEW, "a third one, longer")).status == 204
    assert (await lina.get("/me")).status == 200


async def test_a_password_set_by_somebody_else_ends_this_login_all_the_same(desk: House, lina: Caller) -> None:
    await renew(lina)
    await desk.agents.update((await lina.get("/me")).body["id"], password_hash=hash_password("another"))
    assert (await lina.get("/me")).code == "login_required"


async def test_a_wrong_password_changes_nothing(desk: House, lina: Caller) -> None:
    before = await desk.database["agents"].find_one({"_id": (await lina.get("/me")).body["id"]})
    assert (await renew(lina, "wrong")).code == "forbidden"
    assert await desk.database["agents"].find_one({"_id": before["_id"] if before else ""}) == before


@pytest.mark.parametrize("new", ["too short", "", "lina@shop.example", "LINA@shop.example", PASSWORD, "x" * 1025])
async def test_what_is_no_good_password_is_refused(desk: House, new: str) -> None:
    login = "lina@shop.example"
    await desk.database["agents"].delete_one({"_id": login})
    await desk.agents.add(Agent(id=login, name="Lina", password_hash=HASH))
    caller = desk.stranger()
    await caller.log_in(login)
    assert (await renew(caller, new=new)).code == "invalid"
    assert (await desk.stranger().log_in(login)).status == 200


async def test_guessing_the_current_one_is_limited_with_logging_in(strict: House) -> None:
    caller = await strict.agent()
    login = (await caller.get("/me")).body["login"]
    assert (await renew(caller, "guess")).code == "forbidden"
    assert (await strict.stranger().log_in(login, "guess")).code == "login_required"
    refused = await renew(caller)
    assert (refused.code, int(refused.headers["Retry-After"]) > 200) == ("rate_limited", True)
    assert (await strict.stranger().log_in(login)).code == "rate_limited"


async def test_who_knows_it_is_not_limited_by_using_it(strict: House) -> None:
    caller = await strict.agent()
    for current, new in ((PASSWORD, NEW), (NEW, PASSWORD), (PASSWORD, NEW)):
        assert (await renew(caller, current, new)).status == 204


async def test_it_is_audited_without_a_word_of_it(desk: House, lina: Caller) -> None:
    me = (await lina.get("/me")).body["id"]
    await renew(lina)
    (entry,) = await desk.database["audit"].find({"target": me})
    assert (entry["action"], entry["by"]["id"], entry["changes"]) == ("agent.password_changed", me, [])


async def test_by_cookie_only_from_our_own_page(desk: House, lina: Caller) -> None:
    login = (await lina.get("/me")).body["login"]
    async with desk.session.post(f"{desk.url}{API}/login", json={"login": login, "password": PASSWORD}) as response:
        cookie = response.headers["Set-Cookie"].partition(";")[0]
    lina.headers = {"Cookie": cookie}
    assert (await renew(lina)).code == "forbidden"
    lina.headers = {"Cookie": cookie, "Origin": desk.url, "X-Wxdesk": "1"}
    assert (await renew(lina)).status == 204
    assert (await lina.get("/me")).status == 200


async def test_a_desk_whose_login_expired_is_sent_to_log_in(desk: House, lina: Caller) -> None:
    """As a browser has it: the cookie is still there, the login behind it is over."""
    login = (await lina.get("/me")).body["login"]
    async with desk.session.post(f"{desk.url}{API}/login", json={"login": login, "password": PASSWORD}) as response:
        lina.headers = {"Cookie": response.headers["Set-Cookie"].partition(";")[0]}
    screen = Screen(lina)
    async with screen.connected(origin=desk.url):
        await eventually(lambda: screen.said("ready"))
        await desk.database["logins"].update_many({"agent_id": login}, {"$currentDate": {"expires_at": True}})
        await eventually(lambda: screen.closed == 4401)
    assert (await lina.get("/me")).code == "login_required"
    ours = {"Origin": desk.url, "X-Wxdesk": "1"}
    assert (await lina.call("PATCH", "/me", {"capacity": 3}, headers=ours)).code == "login_required"
    async with lina.live(origin=desk.url) as socket:
        await socket.send_json({"type": "hello", "cursor": screen.cursor})
        await socket.receive(timeout=20)
        assert socket.close_code == 4401
    assert (await lina.log_in(login)).status == 200
