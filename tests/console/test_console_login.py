import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.passwords import hash_password
from tests.console.house import API, PASSWORD, Caller, House, house


@pytest.fixture
async def strict(amqp_url: str, mongo_url: str, mongo_db: str) -> AsyncIterator[House]:
    limits: dict[str, Any] = {"login_account_attempts": 3, "login_address_attempts": 6, "forwarded_hops": 1}
    async with house(amqp_url, mongo_url, mongo_db, **limits) as made:
        yield made


async def cookie_of(desk: House, login: str, **headers: str) -> tuple[int, str]:
    body = {"login": login, "password": PASSWORD}
    async with desk.session.post(f"{desk.url}{API}/login", json=body, headers=headers) as response:
        return response.status, response.headers.get("Set-Cookie", "")


async def test_logging_in_answers_a_token_and_who_one_is(desk: House, lina: Caller) -> None:
    me = (await lina.get("/me")).body
    answer = await desk.stranger().log_in(me["login"])
    assert answer.status == 200
    assert answer.body["agent"] == me
    assert answer.body["expires_at"].endswith("Z")
    assert len(answer.body["token"]) > 40


@pytest.mark.parametrize(("login", "password"), [(None, "wrong"), ("nobody", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_login_are_answered_alike(
    desk: House, lina: Caller, login: str | None, password: str
) -> None:
    known = (await lina.get("/me")).body["login"]
    answer = await desk.stranger().log_in(login or known, password)
    assert (answer.status, answer.code) == (401, "login_required")
    assert answer.body["detail"] == "The login or the password is wrong."


async def test_without_a_login_nothing_is_answered(desk: House) -> None:
    stranger = desk.stranger()
    assert (await stranger.get("/me")).code == "login_required"
    stranger.headers = {"Authorization": "Bearer invented"}
    assert (await stranger.get("/conversations")).code == "login_required"
    stranger.headers = {"Authorization": "Basic bGluYTpwdw=="}
    assert (await stranger.get("/conversations")).code == "login_required"


async def test_a_login_ends_when_the_agent_logs_out(desk: House, lina: Caller) -> None:
    assert (await lina.post("/logout")).status == 204
    assert (await lina.get("/me")).code == "login_required"


async def test_a_login_ends_with_the_agent_and_with_the_password(desk: House) -> None:
    gone, renewed = await desk.agent(), await desk.agent()
    await desk.agents.update((await gone.get("/me")).body["id"], enabled=False)
    await desk.agents.update((await renewed.get("/me")).body["id"], password_hash=hash_password("another"))
    assert (await gone.get("/me")).code == "login_required"
    assert (await renewed.get("/me")).code == "login_required"


async def test_a_login_ends_with_its_time(desk: House, lina: Caller) -> None:
    login = (await lina.get("/me")).body["login"]
    past = {"$currentDate": {"expires_at": True}}
    await desk.database["logins"].update_many({"agent_id": login}, past)
    assert (await lina.get("/me")).code == "login_required"


async def test_the_token_itself_is_stored_nowhere(desk: House, lina: Caller) -> None:
    token = lina.headers["Authorization"].removeprefix("Bearer ")
    stored = str(await desk.database["logins"].find({}))
    assert token not in stored
    assert PASSWORD not in stored


async def test_guessing_one_account_is_limited_from_wherever_it_comes(strict: House) -> None:
    login = (await (await strict.agent()).get("/me")).body["login"]
    guesser = strict.stranger()
    for place in range(3):
        guesser.headers = {"X-Forwarded-For": f"203.0.113.{place}"}
        assert (await guesser.log_in(login, "guess")).status == 401
    guesser.headers = {"X-Forwarded-For": "203.0.113.9"}
    refused = await guesser.log_in(login)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 200 < int(refused.headers["Retry-After"]) <= 300
    other = (await (await strict.agent()).get("/me")).body["login"]
    assert (await guesser.log_in(other)).status == 200


async def test_guessing_from_one_address_is_limited_whatever_the_account(strict: House) -> None:
    guesser = strict.stranger()
    guesser.headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    for number in range(6):
        assert (await guesser.log_in(f"nobody{number}", "guess")).status == 401
    assert (await guesser.log_in("nobody7", "guess")).code == "rate_limited"
    guesser.headers = {"X-Forwarded-For": "203.0.113.7, 203.0.113.8"}
    assert (await guesser.log_in("nobody8", "guess")).code == "login_required"


async def test_many_guesses_at_once_do_not_slip_through(strict: House) -> None:
    guesser = strict.stranger()
    answers = await asyncio.gather(*(guesser.log_in("nobody", "guess") for _ in range(12)))
    tried = Counter(answer.status for answer in answers)
    assert 1 <= tried[401] <= 3
    assert tried[401] + tried[429] == 12


async def test_a_right_password_forgives_the_wrong_ones_before(strict: House) -> None:
    login = (await (await strict.agent()).get("/me")).body["login"]
    stranger = strict.stranger()
    for password in ("wrong", "wrong", PASSWORD, "wrong", "wrong", PASSWORD):
        answer = await stranger.log_in(login, password)
        assert answer.status == (200 if password == PASSWORD else 401)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: House, lina: Caller) -> None:
    login = (await lina.get("/me")).body["login"]
    status, cookie = await cookie_of(desk, login)
    attributes = {part.strip().partition("=")[0].lower() for part in cookie.split(";")}
    assert status == 200
    assert {"wxdesk", "httponly", "samesite", "path", "max-age"} <= attributes
    assert "SameSite=Strict" in cookie
    assert "domain" not in attributes


async def test_beyond_the_machine_itself_the_cookie_needs_https(desk: House, lina: Caller) -> None:
    login = (await lina.get("/me")).body["login"]
    _, cookie = await cookie_of(desk, login, Host="desk.example.com")
    assert cookie.startswith("__Host-wxdesk=")
    assert "; Secure" in cookie


async def test_another_site_cannot_log_a_browser_in(desk: House, lina: Caller) -> None:
    login = (await lina.get("/me")).body["login"]
    assert await cookie_of(desk, login, Origin="https://evil.example") == (403, "")
    assert (await cookie_of(desk, login, Origin=desk.url))[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-Wxdesk": "1"}, 403),
        ({"Origin": "https://evil.example", "X-Wxdesk": "1"}, 403),
        ({"Origin": "null", "X-Wxdesk": "1"}, 403),
        ({"Origin": "{desk}"}, 403),
        ({"Origin": "{desk}", "X-Wxdesk": "1"}, 200),
    ],
)
async def test_a_cookie_changes_something_only_from_our_own_page(
    desk: House, lina: Caller, headers: dict[str, str], status: int
) -> None:
    login = (await lina.get("/me")).body["login"]
    _, cookie = await cookie_of(desk, login)
    lina.headers = {"Cookie": cookie.partition(";")[0]}
    assert (await lina.get("/me")).status == 200
    told = {name: value.format(desk=desk.url) for name, value in headers.items()}
    answer = await lina.call("PATCH", "/me", {"capacity": 7}, headers=told)
    assert answer.status == status
    assert (await lina.get("/me")).body["capacity"] == (7 if status == 200 else 5)


async def test_logging_out_drops_the_cookie(desk: House, lina: Caller) -> None:
    answer = await lina.post("/logout")
    assert 'wxdesk=""' in answer.headers["Set-Cookie"]
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/me", "/api/v1/openapi.json"])
async def test_every_answer_is_guarded(desk: House, path: str) -> None:
    async with desk.session.get(desk.url + path) as response:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert "script-src" not in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert "aiohttp" not in response.headers["Server"]
