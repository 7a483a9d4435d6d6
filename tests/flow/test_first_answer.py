"""The whole way, as a newcomer tries it: the customer enters, is welcomed, asks for a person, is answered."""

from deploy.local.seed import APP_ID
from shared.clock import real_now
from shared.conversation.model import Message
from tests.flow.town import Books, Town
from tests.support.waiting import eventually


def line(message: Message) -> tuple[str, str, str | None]:
    words = getattr(message.content, "text", None) or getattr(message.content, "name", "")
    state: str | None = message.delivery.state if message.delivery else None
    return str(message.direction), str(words), state


async def waiting_id(town: Town, openid: str) -> str:
    async def find() -> str | None:
        conversation = await town.conversation(openid)
        session = conversation.session if conversation else None
        return conversation.id if conversation and session and session.state in {"waiting", "agent"} else None

    found = await eventually(find)
    assert found is not None
    return found


async def next_second() -> None:
    second = int(real_now().timestamp())
    await eventually(lambda: int(real_now().timestamp()) > second)


async def test_by_plain_http_from_entering_to_an_answer_on_the_phone(shared_town: Town) -> None:
    town, openid = shared_town, await shared_town.create_customer("o-http")
    lina = await town.log_in("lina")
    await lina.must("PATCH", "/me", {"auto_accept": False})

    entered = await town.customer(openid, "enter", {"session_from": "商品页"})
    assert entered["accepted"] is True
    await town.sees(openid, "wxdesk 演示客服")
    await next_second()  # a welcome of the very second of the customer's message counts against its five
    await town.customer(openid, "say", {"text": "人工"})
    conversation = await waiting_id(town, openid)

    listed = await lina.must("GET", "/conversations?view=waiting")
    assert conversation in [item["id"] for item in listed["items"]]
    accepted = await lina.must("POST", f"/conversations/{conversation}/accept")
    assert (accepted["session"]["state"], accepted["session"]["responder"]["id"]) == ("agent", "lina")
    body = {"client_id": "first", "type": "text", "text": "您好，我是李娜"}
    answered = await lina.must("POST", f"/conversations/{conversation}/messages", body)
    await town.sees(openid, "您好，我是李娜")
    again = await lina.must("POST", f"/conversations/{conversation}/messages", body)
    assert [item["id"] for item in again["items"]] == [item["id"] for item in answered["items"]]

    await eventually(lambda: town.settled(openid))
    told = await lina.must("GET", f"/conversations/{conversation}")
    assert told["customer"]["source"] == "商品页"
    assert told["quota"]["remaining"] == 4
    await lina.must("POST", f"/conversations/{conversation}/close", {"reason": "done"})

    async def told_in_full() -> bool:
        history = [line(message) for message in await town.history(openid)]
        assert history == [
            ("inbound", "user_enter_tempsession", None),
            ("outbound", history[1][1], "sent"),
            ("inbound", "人工", None),
            ("system", "session_waiting", None),
            ("system", "session_assigned", None),
            ("outbound", "您好，我是李娜", "sent"),
            ("system", "session_closed", None),
        ]
        return True

    await eventually(told_in_full)  # a verdict is known a moment before its messages are in the history


async def test_by_the_command_line(shared_town: Town) -> None:
    town, openid = shared_town, "o-cli"
    password = next(agent.password for agent in town.seeded.agents if agent.login == "wang")
    wang = await town.log_in("wang")
    await wang.must("PATCH", "/me", {"auto_accept": False})
    code, _ = await town.wxdesk("sandbox", "enter", openid, "--app", APP_ID)
    assert code == 0
    code, _ = await town.wxdesk("sandbox", "say", openid, "转人工", "--app", APP_ID)
    assert code == 0
    conversation = await waiting_id(town, openid)
    own = {"WXDESK_PASSWORD": password}
    code, out = await town.wxdesk("desk", "accept", conversation, "--as", "wang", **own)
    assert code == 0, out
    code, out = await town.wxdesk("desk", "say", conversation, "您好，我是王强", "--as", "wang", **own)
    assert code == 0, out
    await town.sees(openid, "您好，我是王强")
    code, out = await town.wxdesk("desk", "close", conversation, "--as", "wang", **own)
    assert code == 0, out


async def test_the_bot_answers_keywords_and_every_book_agrees(shared_town: Town) -> None:
    town, openid = shared_town, await shared_town.create_customer("o-bot")
    for text in ("什么时候发货", "随便说说"):
        await town.customer(openid, "say", {"text": text})
    await town.sees(openid, "48 小时内发货")
    await eventually(lambda: town.settled(openid))
    await Books(town).check([openid], {openid: ["什么时候发货", "随便说说"]})


async def test_several_customers_write_at_once_and_nothing_is_mixed_up(shared_town: Town) -> None:
    town = shared_town
    openids = [await town.create_customer(f"o-many-{n}") for n in range(12)]
    said = {openid: [f"{openid} 说 {n}" for n in range(4)] for openid in openids}
    for number in range(4):
        for openid in openids:
            await town.customer(openid, "say", {"text": said[openid][number]})
    for openid in openids:
        await eventually(lambda openid=openid: town.settled(openid), within_seconds=60)  # type: ignore[misc] # bound now
    await Books(town).check(openids, said)


async def test_the_window_used_up_then_held_then_released_when_the_customer_writes(shared_town: Town) -> None:
    town, openid = shared_town, await shared_town.create_customer("o-held")
    await town.customer(openid, "say", {"text": "人工"})
    conversation = await waiting_id(town, openid)
    zhou = await town.log_in("zhou")
    await zhou.must("POST", f"/conversations/{conversation}/accept")
    path = f"/conversations/{conversation}/messages"
    for number in range(5):
        await zhou.must("POST", path, {"client_id": f"n{number}", "type": "text", "text": f"第 {number} 条"})
    sixth = {"client_id": "n5", "type": "text", "text": "第六条"}
    status, problem = await zhou.call("POST", path, sixth)
    assert (status, problem["code"], problem["quota"]["remaining"]) == (409, "quota_used", 0)
    held = await zhou.must("POST", path, {**sixth, "client_id": "n6", "if_closed": "hold"})
    assert held["items"][0]["delivery"]["state"] == "held"
    await eventually(lambda: town.settled(openid))
    assert "第六条" not in str(await town.phone(openid))
    await town.customer(openid, "say", {"text": "我回来了"})
    await town.sees(openid, "第六条")
