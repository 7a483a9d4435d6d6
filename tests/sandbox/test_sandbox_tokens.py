"""Access tokens: who gets one, how long it lives, what kills it."""

from typing import Any

import pytest

from tests.sandbox.box import APPID, SECRET, SEND, Box

ASK = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
NOBODY = {"touser": "oNobody"}
ALIVE, UNKNOWN, EXPIRED = 40003, 40001, 42001
"""A living token gets as far as the openid."""


async def stable(box: Box, **fields: Any) -> Any:
    return (await box.api("POST", "/cgi-bin/stable_token", json=ASK | fields)).body


async def state_of(box: Box, token: str) -> int:
    return (await box.post(SEND, NOBODY, token)).errcode


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": "authorization_code"}, 40002),
        ({"grant_type": None}, 40002),
        ({"appid": None}, 41002),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": None}, 41004),
        ({"secret": "wrong"}, 40125),
    ],
)
async def test_both_ways_refuse_alike(box: Box, changes: dict[str, Any], errcode: int) -> None:
    asked = {name: value for name, value in (ASK | changes).items() if value is not None}
    assert (await box.api("GET", "/cgi-bin/token", params=asked)).errcode == errcode
    assert (await box.api("POST", "/cgi-bin/stable_token", json=asked)).errcode == errcode


async def test_each_way_has_its_method(box: Box) -> None:
    assert (await box.api("POST", "/cgi-bin/token", params=ASK)).errcode == 43001
    assert (await box.api("GET", "/cgi-bin/stable_token", params=ASK)).errcode == 43002


async def test_a_strange_address_is_named(box: Box) -> None:
    await box.put_app(knobs={"ip_whitelist": ["10.0.0.1"]})
    answer = await box.api("GET", "/cgi-bin/token", params=ASK)
    assert answer.errcode == 40164
    assert answer.body["errmsg"].startswith("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: ")
    await box.put_app(knobs={"ip_whitelist": ["127.0.0.1"]})
    assert (await box.api("GET", "/cgi-bin/token", params=ASK)).errcode == 0


async def test_a_replaced_token_lives_five_minutes(box: Box) -> None:
    first, second = await box.token(), await box.token()
    assert first != second
    await box.advance(299)
    assert (await state_of(box, first), await state_of(box, second)) == (ALIVE, ALIVE)
    await box.advance(1)
    assert (await state_of(box, first), await state_of(box, second)) == (UNKNOWN, ALIVE)


async def test_a_token_expires_after_two_hours(box: Box) -> None:
    token = await box.token()
    await box.advance(7199)
    assert await state_of(box, token) == ALIVE
    await box.advance(1)
    assert await state_of(box, token) == EXPIRED


async def test_the_stable_token_stays_until_five_minutes_before_its_end(box: Box) -> None:
    first = await stable(box)
    assert first["expires_in"] == 7200
    await box.advance(6899)
    again = await stable(box)
    assert again["access_token"] == first["access_token"]
    assert again["expires_in"] == 301
    await box.advance(1)
    renewed = await stable(box)
    assert renewed["access_token"] != first["access_token"]
    assert await state_of(box, first["access_token"]) == ALIVE


async def test_the_two_kinds_do_not_disturb_each_other(box: Box) -> None:
    lasting = (await stable(box))["access_token"]
    await box.token()
    await box.token()
    await box.advance(600)
    assert await state_of(box, lasting) == ALIVE
    assert (await stable(box))["access_token"] == lasting


async def test_a_forced_refresh_kills_the_old_one(box: Box) -> None:
    old = (await stable(box))["access_token"]
    new = (await stable(box, force_refresh=True))["access_token"]
    assert (await state_of(box, old), await state_of(box, new)) == (UNKNOWN, ALIVE)


async def test_forced_refreshes_are_rare(box: Box) -> None:
    await stable(box, force_refresh=True)
    await box.advance(29)
    assert (await stable(box, force_refresh=True))["errcode"] == 45009
    for _ in range(19):
        await box.advance(30)
        assert "access_token" in await stable(box, force_refresh=True)
    await box.advance(31)
    assert (await stable(box, force_refresh=True))["errcode"] == 45009
    await box.advance(86400)
    assert "access_token" in await stable(box, force_refresh=True)


async def test_force_refresh_must_be_a_boolean(box: Box) -> None:
    assert (await stable(box, force_refresh="true"))["errcode"] == 47001


async def test_invalidated_tokens_are_unknown(box: Box) -> None:
    plain, lasting = await box.token(), (await stable(box))["access_token"]
    answer = await box.control("POST", f"/apps/{APPID}/tokens/invalidate")
    assert answer.body == {"invalidated": 2}
    assert (await state_of(box, plain), await state_of(box, lasting)) == (UNKNOWN, UNKNOWN)
    assert (await stable(box))["access_token"] != lasting


async def test_the_day_has_a_limit(box: Box) -> None:
    await box.put_app(knobs={"day_limit": 2})
    asked = [await box.api("GET", "/cgi-bin/token", params=ASK) for _ in range(3)]
    assert [answer.errcode for answer in asked] == [0, 0, 45009]
    await box.advance(86400)
    assert (await box.api("GET", "/cgi-bin/token", params=ASK)).errcode == 0
