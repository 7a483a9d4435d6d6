"""What an app may ask about its own calls, and its console's agents."""

from typing import Any

from tests.sandbox.box import APPID, SEND, Answer, Box

QUOTA = "/cgi-bin/openapi/quota/get"
RID = "/cgi-bin/openapi/rid/get"
CLEAR = "/cgi-bin/clear_quota"
ADD = "/customservice/kfaccount/add"
REMOVE = "/customservice/kfaccount/del"


async def get(box: Box, path: str, **query: str) -> Answer:
    return await box.api("GET", path, params={"access_token": await box.token()} | query)


async def test_quota_counts_the_days_calls(box: Box) -> None:
    await box.send()
    await box.send()
    body = (await box.post(QUOTA, {"cgi_path": SEND})).body
    assert body["quota"] == {"daily_limit": 500_000, "used": 2, "remain": 499_998}
    assert body["rate_limit"]["refresh_second"] == 60
    assert (await box.post(QUOTA, {"cgi_path": "/cgi-bin/nothing"})).errcode == 76021


async def test_clearing_is_for_oneself_and_ten_times_a_month(box: Box) -> None:
    await box.send()
    assert (await box.post(CLEAR, {"appid": "wx0000000000000000"})).errcode == 40013
    assert [(await box.post(CLEAR, {"appid": APPID})).errcode for _ in range(11)] == [0] * 10 + [48006]
    assert (await box.post(QUOTA, {"cgi_path": SEND})).body["quota"]["used"] == 0


async def test_a_refused_call_can_be_looked_up_by_its_rid(box: Box) -> None:
    refused = await box.send("hello")
    rid = refused.body["errmsg"].rpartition("rid: ")[2]
    explained = (await box.post(RID, {"rid": rid})).body["request"]
    assert "hello" in explained["request_body"]
    assert "45015" in explained["response_body"]
    assert (await box.post(RID, {"rid": "0-0-0"})).errcode == 76001
    assert (await box.post(RID, {})).errcode == 76002


async def test_callback_addresses(box: Box) -> None:
    assert (await get(box, "/cgi-bin/getcallbackip")).body == {"ip_list": ["127.0.0.1"]}


async def test_agents_are_added_and_removed(box: Box) -> None:
    async def add(**fields: Any) -> int:
        return (await box.post(ADD, {"kf_account": "lina@desk", "nickname": "李娜"} | fields)).errcode

    assert [await add(kf_account=""), await add(nickname="x" * 17), await add(), await add()] == [
        65404,
        65403,
        0,
        65406,
    ]
    [agent] = (await get(box, "/cgi-bin/customservice/getkflist")).body["kf_list"]
    assert (agent["kf_nick"], agent["kf_account"]) == ("李娜", "lina@desk")
    for path in ("/customservice/kfaccount/setadmin", "/customservice/kfaccount/canceladmin"):
        assert (await get(box, path, kf_openid=agent["kf_openid"])).errcode == 0
        assert (await get(box, path, kf_openid="nobody")).errcode == 65401
    removals = [(await box.post(REMOVE, {"kf_account": "lina@desk"})).errcode for _ in range(2)]
    assert removals == [0, 65401]


async def test_a_hundred_agents_at_most(box: Box) -> None:
    agents = box.running.parts.world.apps[APPID].agents
    for n in range(100):
        agents.add(f"{n}@desk", "x")
    assert (await box.post(ADD, {"kf_account": "lina@desk", "nickname": "李娜"})).errcode == 65405
