"""The second factor: added, asked for, used once, guessed at, lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pyotp
import pytest

from shared.clock import real_now
from tests.console.house import KEY, PASSWORD, Answer, Caller, House, house
from tests.console.screen import Screen
from tests.support.waiting import eventually

WRONG = "abcdef"
"""Digits might, once in a while, be right."""


class Phone(NamedTuple):
    """An agent with a second factor: the caller who added it, and what they keep."""

    caller: Caller
    login: str
    totp: pyotp.TOTP
    recovery: list[str]
    confirmed_by: str

    def code(self, *, ahead: int = 0) -> str:
        """The code so many steps from now. One ahead stays good when a step ends meanwhile."""
        return self.totp.at(real_now(), counter_offset=ahead)


async def with_factor(desk: House, **fields: Any) -> Phone:
    caller = await desk.agent(**fields)
    login = (await caller.get("/me")).body["login"]
    secret = (await caller.post("/me/second-factor", {"password": PASSWORD})).body["secret"]
    totp = pyotp.TOTP(secret)
    code = totp.at(real_now())
    answer = await caller.post("/me/second-factor/confirm", {"code": code})
    assert answer.status == 200, answer.body
    return Phone(caller, login, totp, answer.body["recovery_codes"], code)


async def log_in(desk: House, login: str, code: str | None = None, password: str = PASSWORD) -> Answer:
    body = {"login": login, "password": password, **({} if code is None else {"code": code})}
    return await desk.stranger().post("/login", body)


@pytest.fixture
async def strict(amqp_url: str, mongo_url: str, mongo_db: str) -> AsyncIterator[House]:
    async with house(amqp_url, mongo_url, mongo_db, routed=False, login_account_attempts=3) as made:
        yield made


async def test_nothing_changes_until_a_code_is_confirmed(desk: House, lina: Caller) -> None:
    login = (await lina.get("/me")).body["login"]
    offer = (await lina.post("/me/second-factor", {"password": PASSWORD})).body
    assert offer["uri"].startswith("otpauth://totp/wxdesk:")
    assert offer["secret"] in offer["uri"]
    assert (await lina.get("/me")).body["second_factor"] is False
    assert (await log_in(desk, login)).status == 200
    assert (await lina.post("/me/second-factor/confirm", {"code": WRONG})).code == "invalid"
    assert (await log_in(desk, login)).status == 200


async def test_once_confirmed_the_password_alone_is_not_enough(desk: House) -> None:
    phone = await with_factor(desk)
    assert (await phone.caller.get("/me")).body["second_factor"] is True
    without = await log_in(desk, phone.login)
    assert (without.status, without.code, without.body["second_factor"]) == (401, "login_required", True)
    assert "Set-Cookie" not in without.headers
    assert (await log_in(desk, phone.login, phone.code(ahead=1))).status == 200


async def test_whether_there_is_one_is_told_only_to_who_knows_the_password(desk: House) -> None:
    phone = await with_factor(desk)
    wrong = await log_in(desk, phone.login, password="wrong")
    assert "second_factor" not in wrong.body
    assert wrong.body["detail"] == "The login or the password is wrong."
    assert "second_factor" not in (await log_in(desk, phone.login, phone.code(ahead=1), "wrong")).body


async def test_a_code_is_good_once_and_takes_those_before_with_it(desk: House) -> None:
    phone = await with_factor(desk)
    code = phone.code(ahead=1)
    assert (await log_in(desk, phone.login, code)).status == 200
    replayed = await log_in(desk, phone.login, code)
    assert (replayed.code, replayed.body["second_factor"]) == ("login_required", True)
    assert (await log_in(desk, phone.login, phone.code())).code == "login_required"


async def test_the_code_that_confirmed_is_used_up(desk: House) -> None:
    phone = await with_factor(desk)
    assert (await log_in(desk, phone.login, phone.confirmed_by)).code == "login_required"


async def test_of_many_at_once_a_code_lets_in_one(desk: House) -> None:
    phone = await with_factor(desk)
    code = phone.code(ahead=1)
    answers = await asyncio.gather(*(log_in(desk, phone.login, code) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_a_phone_may_be_one_step_ahead_and_no_more(desk: House) -> None:
    phone = await with_factor(desk)
    assert (await log_in(desk, phone.login, phone.code(ahead=3))).code == "login_required"
    code = phone.code(ahead=1)
    assert (await log_in(desk, phone.login, f" {code[:3]} {code[3:]}")).status == 200


async def test_a_recovery_code_is_good_once(desk: House) -> None:
    phone = await with_factor(desk)
    assert len(phone.recovery) == 10
    assert (await log_in(desk, phone.login, phone.recovery[0].upper())).status == 200
    assert (await log_in(desk, phone.login, phone.recovery[0])).code == "login_required"
    assert (await log_in(desk, phone.login, phone.recovery[9].replace("-", ""))).status == 200


async def test_a_recovery_code_is_of_one_agent(desk: House) -> None:
    phone, other = await with_factor(desk), await with_factor(desk)
    assert (await log_in(desk, phone.login, other.recovery[0])).code == "login_required"
    assert (await log_in(desk, other.login, other.recovery[0])).status == 200


async def test_other_logins_end_when_it_is_added(desk: House, lina: Caller) -> None:
    other = desk.stranger()
    await other.log_in((await lina.get("/me")).body["login"])
    screen = Screen(other)
    async with screen.ready():
        secret = (await lina.post("/me/second-factor", {"password": PASSWORD})).body["secret"]
        await lina.post("/me/second-factor/confirm", {"code": pyotp.TOTP(secret).at(real_now())})
        await eventually(lambda: screen.closed == 4401)
    assert (await lina.get("/me")).status == 200


async def test_codes_are_limited_as_passwords_are(strict: House) -> None:
    phone = await with_factor(strict)
    for _ in range(3):
        assert (await log_in(strict, phone.login, WRONG)).code == "login_required"
    refused = await log_in(strict, phone.login, phone.recovery[0])
    assert (refused.status, refused.code) == (429, "rate_limited")


async def test_asking_for_the_code_does_not_forgive_wrong_ones(strict: House) -> None:
    phone = await with_factor(strict)
    for code in (WRONG, None, WRONG, None, None, WRONG):
        assert (await log_in(strict, phone.login, code)).code == "login_required"
    assert (await log_in(strict, phone.login, None)).code == "rate_limited"


async def test_coming_without_a_code_first_uses_no_attempt_up(strict: House) -> None:
    phone = await with_factor(strict)
    for _ in range(6):
        assert (await log_in(strict, phone.login)).code == "login_required"
    assert (await log_in(strict, phone.login, phone.code(ahead=1))).status == 200


async def test_adding_and_removing_takes_the_password(desk: House) -> None:
    caller = await desk.agent()
    assert (await caller.post("/me/second-factor", {"password": "wrong"})).code == "forbidden"
    assert (await caller.post("/me/second-factor", {})).code == "invalid"
    phone = await with_factor(desk)
    assert (await phone.caller.call("DELETE", "/me/second-factor", {"password": "wrong"})).code == "forbidden"
    assert (await log_in(desk, phone.login)).code == "login_required"
    assert (await phone.caller.call("DELETE", "/me/second-factor", {"password": PASSWORD})).status == 204
    assert (await log_in(desk, phone.login)).status == 200
    assert (await phone.caller.get("/me")).body["second_factor"] is False


async def test_a_second_one_is_not_added_beside_the_first(desk: House) -> None:
    phone = await with_factor(desk)
    assert (await phone.caller.post("/me/second-factor", {"password": PASSWORD})).code == "conflict"
    again = await phone.caller.post("/me/second-factor/confirm", {"code": phone.code(ahead=1)})
    assert again.code == "conflict"


async def test_only_the_last_secret_offered_counts_and_not_for_long(desk: House, lina: Caller) -> None:
    assert (await lina.post("/me/second-factor/confirm", {"code": WRONG})).code == "conflict"
    first = (await lina.post("/me/second-factor", {"password": PASSWORD})).body["secret"]
    last = (await lina.post("/me/second-factor", {"password": PASSWORD})).body["secret"]
    code = pyotp.TOTP(first).at(real_now())
    assert (await lina.post("/me/second-factor/confirm", {"code": code})).code == "invalid"
    login = (await lina.get("/me")).body["login"]
    old = {"$set": {"offered_factor.at": real_now().replace(year=2020)}}
    await desk.database["agents"].update_one({"_id": login}, old)
    code = pyotp.TOTP(last).at(real_now())
    assert (await lina.post("/me/second-factor/confirm", {"code": code})).code == "conflict"


async def test_an_admin_takes_a_lost_one_away(desk: House) -> None:
    phone, admin = await with_factor(desk), await desk.agent(role="admin")
    assert (await admin.call("DELETE", f"/agents/{phone.login}/second-factor")).status == 204
    assert (await log_in(desk, phone.login)).status == 200
    assert (await admin.call("DELETE", f"/agents/{phone.login}/second-factor")).status == 204
    assert (await admin.call("DELETE", "/agents/nobody/second-factor")).code == "not_found"


async def test_nobody_but_an_admin_may_and_not_their_own(desk: House) -> None:
    phone, supervisor = await with_factor(desk, role="admin"), await desk.agent(role="supervisor")
    path = f"/agents/{phone.login}/second-factor"
    assert (await supervisor.call("DELETE", path)).code == "forbidden"
    assert (await phone.caller.call("DELETE", path)).code == "forbidden"
    assert (await log_in(desk, phone.login)).code == "login_required"


async def test_it_is_audited_and_its_secrets_are_nowhere_in_the_clear(desk: House) -> None:
    phone = await with_factor(desk)
    await phone.caller.call("DELETE", "/me/second-factor", {"password": PASSWORD})
    again = await with_factor(desk)
    entries = await desk.database["audit"].find({"target": phone.login}, sort=[("at", 1)])
    assert [one["action"] for one in entries] == ["agent.second_factor_added", "agent.second_factor_removed"]
    stored = str(await desk.database["agents"].find({})) + str(await desk.database["audit"].find({}))
    assert again.totp.secret not in stored
    assert not [code for code in again.recovery if code in stored or code.replace("-", "") in stored]
    assert KEY not in stored


async def test_another_key_does_not_shut_out_who_has_recovery_codes(desk: House) -> None:
    """The seal of the secret cannot be opened any more; the hashes of the codes need no key."""
    phone = await with_factor(desk)
    broken = {"$set": {"second_factor.secret": "sealed by a key that was lost"}}
    await desk.database["agents"].update_one({"_id": phone.login}, broken)
    assert (await log_in(desk, phone.login, phone.recovery[3])).status == 200
