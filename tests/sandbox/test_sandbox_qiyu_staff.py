"""Whom Qiyu gives customers to, its line, its robot, what is left as word, and how sessions end."""

from tests.sandbox.box import NOW
from tests.sandbox.qiyu_box import LAN, OTHER, PLACE, QUIT, UID, YU, QiyuBox, qiyu_boxed

FIRST = int(NOW.timestamp())
"""Number of the first session, made from the time."""


async def test_who_has_room_takes_the_customer(qiyu: QiyuBox) -> None:
    given = await qiyu.apply()
    assert given["code"] == 200
    assert (given["sessionId"], given["staffId"], given["staffName"], given["staffType"]) == (FIRST, 143, "lantian", 1)
    assert given["message"] == "您好，很高兴为您服务。"
    assert given["evaluationModel"]["list"] == [{"name": "满意", "value": 100}, {"name": "不满意", "value": 1}]
    assert (await qiyu.apply())["sessionId"] == FIRST, "asked again, the session is the same"
    assert await qiyu.code(PLACE, {"uid": UID}) == 200
    assert (await qiyu.state())["pushes"] == [], "the answer itself is the beginning"


async def test_the_line_moves_on_when_a_place_is_free(qiyu: QiyuBox) -> None:
    await qiyu.apply(OTHER)
    answers = [await qiyu.apply(UID), await qiyu.apply("third"), await qiyu.apply(UID)]
    assert [(one["code"], one["count"], one["message"]) for one in answers] == [
        (14006, 0, "客服正忙，请稍候。"),
        (14006, 1, "客服正忙，请稍候。"),
        (14006, 0, "客服正忙，请稍候。"),
    ]
    assert (await qiyu.post(PLACE, {"uid": "third"})).body == {"code": 200, "count": 1}
    await qiyu.does("close", OTHER)
    (ended, end), (started, start) = sorted(await qiyu.told(2))
    assert (ended, end["uid"], end["closeReason"]) == ("SESSION_END", OTHER, 0)
    assert (started, start["uid"], start["sessionId"], start["staffType"]) == ("SESSION_START", UID, FIRST + 1, 1)
    assert (await qiyu.post(PLACE, {"uid": UID})).body["count"] == -1
    assert await qiyu.code(QUIT, {"uid": "third"}) == 200
    assert await qiyu.code(QUIT, {"uid": "third"}) == 14007
    assert (await qiyu.state())["queue"] == []


async def test_a_place_that_is_gone_is_told(qiyu: QiyuBox) -> None:
    await qiyu.configure(line_seconds=60)
    await qiyu.apply(OTHER)
    await qiyu.apply()
    await qiyu.box.advance(60)
    assert await qiyu.told(1) == [("QUEUE_TIMEOUT", {"uid": UID})]
    assert await qiyu.code(PLACE, {"uid": UID}) == 14007


async def test_higher_levels_stand_before_others(qiyu: QiyuBox) -> None:
    await qiyu.apply(OTHER)
    await qiyu.apply("plain")
    assert (await qiyu.apply("vip", level=5))["count"] == 0
    assert (await qiyu.post(PLACE, {"uid": "plain"})).body["count"] == 1


async def test_who_had_a_customer_last_has_them_again(qiyu: QiyuBox) -> None:
    await qiyu.configure(staff=[LAN, YU])
    await qiyu.apply(staffId=144)
    await qiyu.does("close")
    await qiyu.box.advance(60)
    assert (await qiyu.apply())["staffId"] == 144


async def test_a_named_person_counts_more_than_anything(qiyu: QiyuBox) -> None:
    await qiyu.configure(staff=[LAN, YU, {"id": 145, "name": "阿离", "online": False}], robot=True)
    assert (await qiyu.apply(staffType=0, staffId=144, groupId=7))["staffId"] == 144
    assert (await qiyu.apply(OTHER, staffId=144))["code"] == 14006
    assert (await qiyu.apply("third", staffId=145))["code"] == 14005
    changed = await qiyu.apply(staffId=143)
    assert (changed["code"], changed["staffId"]) == (200, 143)
    ends = [(event, body.get("closeReason")) for event, body in await qiyu.told(2)]
    assert sorted(ends, key=str) == [("SESSION_END", 5), ("SESSION_START", None)]
    assert (await qiyu.customer(OTHER))["session"]["staff_id"] == 144, "the freed place went to the next"


async def test_who_asks_for_nobody_that_is_keeps_whom_they_have(qiyu: QiyuBox) -> None:
    given = await qiyu.apply()
    assert (await qiyu.apply(staffId=9))["code"] == 14004
    assert (await qiyu.customer())["session"]["id"] == given["sessionId"]


async def test_a_group_is_served_by_its_own_people(qiyu: QiyuBox) -> None:
    await qiyu.configure(staff=[LAN, YU])
    assert (await qiyu.apply(groupId=8, staffType=0))["staffId"] == 144
    assert (await qiyu.apply(OTHER, groupId=8))["code"] == 14006
    assert (await qiyu.apply("third", groupId=9))["code"] == 14004


async def test_the_robot_answers_until_a_person_is_asked_for(qiyu: QiyuBox) -> None:
    await qiyu.configure(robot=True)
    with_robot = await qiyu.apply(staffType=0)
    assert (with_robot["staffType"], "evaluationModel" in with_robot) == (0, False)
    await qiyu.say("人工")
    (event, told) = (await qiyu.told(1))[0]
    assert (event, told["content"], told["msgType"]) == ("MSG", "机器人：人工", "TEXT")
    with_person = await qiyu.apply()
    assert (with_person["staffType"], with_person["sessionId"]) == (1, FIRST + 1)
    (event, told) = (await qiyu.told(1))[0]
    assert (event, told["sessionId"], told["closeReason"]) == ("SESSION_END", FIRST, 3)


async def test_a_person_may_be_reached_by_way_of_the_robot(qiyu: QiyuBox) -> None:
    await qiyu.configure(robot=True)
    assert (await qiyu.apply(robotShuntSwitch=1))["staffType"] == 0
    assert (await qiyu.apply())["staffType"] == 1


async def test_word_is_left_while_nobody_is_there(qiyu: QiyuBox) -> None:
    await qiyu.online(143, online=False)
    assert await qiyu.apply() == {"code": 14005, "message": "客服不在线，请留言。"}
    assert await qiyu.say("在吗") == 200
    await qiyu.box.advance(299)
    assert (await qiyu.customer())["standing"] == "word"
    await qiyu.box.advance(1)
    state = await qiyu.state()
    assert state["customers"][UID]["standing"] == "none"
    assert [(one["uid"], one["messages"]) for one in state["words"]] == [(UID, 1)]


async def test_who_left_word_is_taken_when_somebody_comes(qiyu: QiyuBox) -> None:
    await qiyu.online(143, online=False)
    await qiyu.apply()
    await qiyu.online(143, online=True)
    assert [(event, body["uid"]) for event, body in await qiyu.told(1)] == [("SESSION_START", UID)]


async def test_without_leave_message_nobody_takes_anything(qiyu: QiyuBox) -> None:
    await qiyu.configure(leave_message=False, staff=[])
    assert (await qiyu.apply())["code"] == 14010
    assert await qiyu.say() == 14010
    assert (await qiyu.customer())["messages"] == []


async def test_a_message_out_of_the_blue_finds_somebody(qiyu: QiyuBox) -> None:
    assert await qiyu.say() == 200
    assert await qiyu.say(uid=OTHER) == 200
    told = await qiyu.told(2)
    assert sorted((event, body["uid"]) for event, body in told) == [
        ("SESSION_START", UID),
        ("USER_JOIN_QUEUE", OTHER),
    ]


async def test_a_message_right_after_the_end_belongs_to_the_session(qiyu: QiyuBox) -> None:
    first = await qiyu.apply()
    await qiyu.does("close")
    await qiyu.say("谢谢")
    await qiyu.box.advance(10)
    await qiyu.say("还在吗")
    said = (await qiyu.customer())["messages"]
    assert [one["session_id"] == first["sessionId"] for one in said] == [True, False]


async def test_messages_in_line_are_taken_or_not(qiyu: QiyuBox) -> None:
    await qiyu.apply(OTHER)
    await qiyu.apply()
    assert await qiyu.say("一") == 200
    await qiyu.configure(takes_in_line=False)
    assert await qiyu.say("二") == 14006
    assert [one["text"] for one in (await qiyu.customer())["messages"]] == ["一"]


async def test_silence_ends_a_session(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.box.advance(1000)
    await qiyu.does("say", text="还在吗？")
    await qiyu.box.advance(1000)
    await qiyu.box.advance(800)
    told = await qiyu.told(2)
    assert [event for event, _ in told] == ["MSG", "SESSION_END"]
    assert told[1][1]["closeReason"] == 2


async def test_who_leaves_ends_their_sessions(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.online(143, online=False)
    assert [(event, body["closeReason"]) for event, body in await qiyu.told(1)] == [("SESSION_END", 4)]


async def test_a_transfer_is_an_end_and_a_beginning(qiyu: QiyuBox) -> None:
    await qiyu.configure(staff=[LAN, YU])
    await qiyu.apply(staffId=143)
    assert (await qiyu.does("transfer", staff_id=144)).status == 200
    (ended, end), (started, start) = await qiyu.told(2)
    assert (ended, end["closeReason"], end["sessionId"], end["transferTo"]) == ("SESSION_END", 5, FIRST, FIRST + 1)
    assert (started, start["sessionId"], start["transferFrom"]) == ("SESSION_START", FIRST + 1, FIRST)
    await qiyu.spoil(push={"reverse_transfer": True})
    await qiyu.does("transfer", staff_id=143)
    assert [event for event, _ in await qiyu.told(2)] == ["SESSION_START", "SESSION_END"]


async def test_accepting_beginning_and_what_cannot_be_done(qiyu: QiyuBox) -> None:
    assert (await qiyu.does("say", text="您好")).status == 409
    assert (await qiyu.does("accept")).status == 409
    assert (await qiyu.does("begin")).status == 200
    assert (await qiyu.does("begin")).status == 409
    assert (await qiyu.does("transfer", staff_id=144)).status == 409
    assert (await qiyu.does("say", text="您好", staff_id=144)).status == 409
    await qiyu.apply(OTHER)
    assert (await qiyu.does("accept", OTHER, staff_id=143)).body["standing"] == "human"
    assert sorted((event, body["uid"]) for event, body in await qiyu.told(2)) == [
        ("SESSION_START", OTHER),
        ("SESSION_START", UID),
    ]


async def test_an_unknown_account_or_person_is_named(qiyu: QiyuBox) -> None:
    assert (await qiyu.box.control("GET", "/qiyu/accounts/nobody")).status == 404
    assert (await qiyu.online(9, online=True)).status == 404
    assert (await qiyu.configure(staff=[LAN, LAN])).status == 422


async def test_reset_keeps_what_was_set_up(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.say()
    await qiyu.spoil(push={"duplicate": 1})
    await qiyu.box.control("POST", "/reset")
    state = await qiyu.state()
    assert (state["sessions"], state["customers"], state["pushes"]) == ([], {}, [])
    assert state["faults"]["push"]["duplicate"] == 0
    assert state["account"]["staff"][0]["name"] == "lantian"
    assert (await qiyu.apply())["sessionId"] == FIRST + 1, "numbers go on"


async def test_what_the_state_tells_of_an_account_can_be_put_back(qiyu: QiyuBox) -> None:
    await qiyu.online(143, online=False)
    account = (await qiyu.state())["account"]
    assert (await qiyu.configure(**account)).body["account"] == account


async def test_the_account_with_no_limits_is_another_one() -> None:
    async with qiyu_boxed(robot=True) as qiyu:
        await qiyu.box.control("PUT", "/qiyu/accounts/second", qiyu.config)
        listed = (await qiyu.box.control("GET", "/qiyu/accounts")).body["items"]
        assert len(listed) == 2


async def test_how_busy_each_of_its_people_is(qiyu: QiyuBox) -> None:
    async def loads() -> list[int]:
        return [one["load"] for one in (await qiyu.state())["staff"]]

    await qiyu.configure(staff=[LAN, YU], robot=True)
    await qiyu.apply(staffType=0)
    assert await loads() == [0, 0]
    await qiyu.apply(staffId=143)
    await qiyu.does("transfer", staff_id=144)
    assert await loads() == [0, 1]
    await qiyu.apply(OTHER, staffId=143)
    assert await loads() == [1, 1]
    await qiyu.online(144, online=False)
    await qiyu.does("close", OTHER)
    assert await loads() == [0, 0]
