"""What Zhima says to customers: by WeChat's API or by what stands for it, with a token that it fetched."""

from typing import Any

from aiohttp import web

from shared.observe.http import listen
from tests.sandbox.box import APPID, OPENID, PNG, SEND, form
from tests.sandbox.zhima_box import KEY, ZhimaBox


async def sends(zhima: ZhimaBox) -> list[Any]:
    return await zhima.box.calls(SEND)


async def test_staff_accept_and_answer_on_the_phone(zhima: ZhimaBox) -> None:
    await zhima.says()
    assert (await zhima.does("accept")).body["staff"] == "小敏"
    answered = await zhima.does("say", {"text": "您好 <b>"})
    assert (answered.status, answered.body["item"]["errcode"]) == (200, 0)
    assert [call["body"]["text"]["content"] for call in await sends(zhima)] == ["您好 <b>"]
    assert (await sends(zhima))[0]["delivered"] is True


async def test_a_token_is_fetched_once_and_again_before_it_ends(zhima: ZhimaBox) -> None:
    await zhima.says()
    await zhima.does("accept")
    for _ in range(2):
        await zhima.does("say", {"text": "一"})
    assert zhima.tokens.asked == 1
    await zhima.box.advance(7200 - 300)
    await zhima.does("say", {"text": "二"})
    assert zhima.tokens.asked == 2
    assert [fetch["error"] for fetch in (await zhima.state())["token_fetches"]] == [None, None]


async def test_a_token_that_wechat_refuses_is_fetched_anew_once(zhima: ZhimaBox) -> None:
    await zhima.says()
    await zhima.does("accept")
    await zhima.does("say", {"text": "一"})
    await zhima.box.control("POST", f"/apps/{APPID}/tokens/invalidate")
    assert (await zhima.does("say", {"text": "二"})).body["item"]["errcode"] == 0
    assert zhima.tokens.asked == 2
    assert [call["errcode"] for call in await sends(zhima)] == [0, 40001, 0]


async def test_an_expires_in_that_is_text_counts(zhima: ZhimaBox) -> None:
    zhima.tokens.expires_in = "600"
    await zhima.says()
    await zhima.does("accept")
    await zhima.does("say", {"text": "一"})
    await zhima.box.advance(301)
    await zhima.does("say", {"text": "二"})
    assert zhima.tokens.asked == 2


async def test_without_a_token_the_reply_says_why(zhima: ZhimaBox) -> None:
    zhima.tokens.answers = [{"code": 404, "msg": "获取token失败"}]
    await zhima.says()
    await zhima.does("accept")
    item = (await zhima.does("say", {"text": "一"})).body["item"]
    assert item["errcode"] == -2
    assert "获取token失败" in item["error"]
    assert await sends(zhima) == []
    assert (await zhima.does("say", {"text": "二"})).body["item"]["errcode"] == 0


async def test_a_token_fault_spoils_so_many_fetches(zhima: ZhimaBox) -> None:
    await zhima.spoil(token=[{"http": 503, "times": 1}])
    await zhima.says()
    await zhima.does("accept")
    errcodes = [(await zhima.does("say", {"text": text})).body["item"]["errcode"] for text in "一二"]
    assert errcodes == [-2, 0]
    assert "503" in (await zhima.state())["token_fetches"][0]["error"]
    assert zhima.tokens.asked == 1


async def test_wechats_no_is_kept_with_the_reply(zhima: ZhimaBox) -> None:
    await zhima.says()
    await zhima.does("accept")
    for _ in range(6):
        await zhima.does("say", {"text": "您好"})
    assert [reply["errcode"] for reply in (await zhima.state())["replies"]] == [0, 0, 0, 0, 0, 45047]


async def test_it_greets_and_answers_words_by_itself(zhima: ZhimaBox) -> None:
    await zhima.configure(welcome="欢迎", keyword_replies={"退款": "三天内到账", "发票": "在订单里"})
    await zhima.enters()
    await zhima.says("我要退款", msg_id=1)
    await zhima.says("别的", msg_id=2)
    replies = await zhima.settled(2)
    assert [(reply["sender"], reply["text"], reply["errcode"]) for reply in replies] == [
        ("machine", "欢迎", 0),
        ("machine", "三天内到账", 0),
    ]


async def test_it_is_quiet_while_staff_have_the_customer(zhima: ZhimaBox) -> None:
    await zhima.configure(keyword_replies={"退款": "三天内到账"})
    await zhima.says("你好", msg_id=1)
    await zhima.does("accept")
    await zhima.says("退款", msg_id=2)
    await zhima.does("say", {"text": "好"})
    assert [reply["text"] for reply in await zhima.settled(1)] == ["好"]


async def test_pictures_go_by_way_of_an_upload(zhima: ZhimaBox) -> None:
    await zhima.says()
    await zhima.does("accept")
    path = f"/zhima/products/{KEY}/customers/{OPENID}/picture"
    shown = await zhima.box.control("POST", path, data=form("file", PNG))
    assert (shown.status, shown.body["item"]["errcode"]) == (200, 0)
    assert (await sends(zhima))[0]["body"]["msgtype"] == "image"


async def test_typing_is_shown(zhima: ZhimaBox) -> None:
    await zhima.says()
    await zhima.does("accept")
    assert (await zhima.does("typing")).body == {"errcode": 0}


async def test_on_the_proxy_path_replies_go_there_with_the_token_of_there(zhima: ZhimaBox) -> None:
    got: list[tuple[str, str, Any]] = []

    async def proxy(request: web.Request) -> web.Response:
        got.append((request.path, request.query["access_token"], await request.json()))
        return web.json_response({"errcode": 45015, "errmsg": "out of time limit"})

    app = web.Application()
    app.add_routes([web.post("/vendors/zhima/z/wxproxy/cgi-bin/{call:.+}", proxy)])
    zhima.tokens.answers = [{"code": 200, "msg": "ok", "data": {"access_token": "of-the-bridge"}}]
    async with listen(app, "127.0.0.1", 0, "none") as port:
        base = f"http://127.0.0.1:{port}/vendors/zhima/z/wxproxy"
        assert (await zhima.configure(reply_mode="proxy", proxy_base=base)).status == 200
        await zhima.says()
        await zhima.does("accept")
        item = (await zhima.does("say", {"text": "您好"})).body["item"]
    assert (item["errcode"], item["error"]) == (45015, "out of time limit")
    body = {"touser": OPENID, "msgtype": "text", "text": {"content": "您好"}}
    assert got == [("/vendors/zhima/z/wxproxy/cgi-bin/message/custom/send", "of-the-bridge", body)]
    assert await sends(zhima) == []
