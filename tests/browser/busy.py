"""A morning at a desk, to take pictures of: names and words of every kind, messages of every outcome."""

import base64
import io
import json
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from PIL import Image, ImageDraw

from deploy.local.seed import APP_ID
from shared.conversation.ids import conversation_id
from tests.flow.town import Caller, Town
from tests.support.waiting import eventually

TAGS: Final = {"大客户": "purple", "售后": "amber", "投诉": "red", "已解决": "green", "待回访": "blue"}

CANNED: Final = (
    ("fh", "发货时间", "{customer}您好，{agent}为您服务。现货商品 16:00 前下单当天发出。"),
    ("tk", "退款到账", "退款已提交，1–3 个工作日原路退回。"),
    ("fp", "开发票", "下单时在备注里填写抬头和税号即可，电子发票随订单发出。"),
)

PEOPLE: Final = (
    ("林小满", "商品详情", "暖光台灯", "你好，请问这款台灯现在有货吗？今天下单什么时候发？"),
    ("周子墨", "订单", "20261122-0918", "我的订单三天了还没有发货，能帮我看看吗"),
    ("赵敏", "退款", "A-77", "退款什么时候到账？已经等了一个星期了，请尽快处理，谢谢"),
    (
        "Emma Clarke",
        "首页",
        "",
        "Hi! Do you ship to Shenzhen? https://example.com/a/very/long/path/that/never/ends?with=q",
    ),
    ("مريم حسن", "活动", "双十一", "مرحبا، أحتاج إلى مساعدة في طلبي"),
    ("陈一一", "购物车", "", "😂😂😂 优惠券用不了"),
    ("呼伦贝尔草原上的一朵小花的名字真的很长", "商品详情", "羊毛毯", "在吗在吗"),
    ("<b>王五</b>", "订单", "", "<script>alert(1)</script> 这是测试"),
    ("孙悦", "商品详情", "", "a" * 120),
    ("李响", "首页", "", "想咨询企业采购，大概需要三百套，有没有优惠"),
)


@dataclass
class Busy:
    """Conversations by what is to be seen in them."""

    town: Town
    lina: Caller
    zhou: Caller
    ids: dict[str, str]

    async def fill(self) -> None:
        await self.lina.must("PATCH", "/me", {"auto_accept": False})
        wang = await self.town.log_in("wang")
        await wang.must("PATCH", "/me", {"auto_accept": False, "presence": "away"})
        for name, color in TAGS.items():
            await self.zhou.must("PUT", f"/tags/{name}", {"color": color})
        for shortcut, title, text in CANNED:
            reply = {"shortcut": shortcut, "title": title, "text": text, "scope": "shared", "app_id": None}
            await self.zhou.must("POST", "/canned-replies", reply)
        for number, (name, page, item, said) in enumerate(PEOPLE):
            await self._come(number, name, page, item, said)
        await self._lively()
        await self._used_up()
        await self._gone_wrong()

    async def _come(self, number: int, name: str, page: str, item: str, said: str) -> None:
        openid = f"oX5t7{number:02}kQmPzR"
        self.ids[name] = conversation_id(APP_ID, openid)
        await self.town.sandbox("POST", f"/apps/{APP_ID}/customers", {"openid": openid, "name": name})
        profile = {
            "会员等级": ("金卡", "银卡", "普通")[number % 3],
            "累计消费": f"¥{number * 1320 + 88}",
            "城市": "杭州",
        }
        fields = [{"name": field, "value": value} for field, value in profile.items()]
        await self.zhou.must("PUT", f"/apps/{APP_ID}/customers/{openid}", {"name": name, "profile": fields})
        source = json.dumps({"page": page, "item": item}, ensure_ascii=False)
        await self.town.customer(openid, "enter", {"session_from": source})
        await self.town.customer(openid, "say", {"text": said})
        await self.town.customer(openid, "say", {"text": "转人工"})
        await eventually(lambda: self._waits(openid))

    async def _lively(self) -> None:
        """Both sides, a note, tags, a card, a picture."""
        conversation, openid = self.ids["林小满"], "oX5t700kQmPzR"
        await self._accept(conversation)
        await self._ask(conversation, "PUT", "tags", {"tags": ["大客户", "售后"]})
        await self._ask(conversation, "POST", "notes", {"text": "上次咨询过同款吸顶灯，喜欢暖光。"})
        await self._say(conversation, "您好，林女士，我是李娜。这款暖光台灯有现货，今天 16:00 前下单当天发出。")
        await self.town.customer(openid, "say", {"text": "太好了，可以开发票吗？\n抬头是公司的"})
        card = {
            "title": "暖光台灯 3 色可调 · 限时 ¥129",
            "path": "pages/goods/detail?id=A-1024",
            "image": _encoded(lamp()),
        }
        await self.town.customer(openid, "card", card)
        await self._send_picture(openid)
        await self._say(conversation, "可以的，下单时在备注里填写抬头和税号即可 😊")

    async def _used_up(self) -> None:
        conversation = self.ids["周子墨"]
        await self._accept(conversation)
        # The bot's greeting may have used one of the five.
        quota = (await self.lina.must("GET", f"/conversations/{conversation}"))["quota"]
        for words in ("您好，我马上帮您查。", "已联系仓库", "今天下午会发出", "单号稍后发您", "请您放心")[
            : quota["remaining"]
        ]:
            await self._say(conversation, words)
        await self._say(conversation, "单号是 SF1234567890", if_closed="hold")

    async def _gone_wrong(self) -> None:
        """One refused, one of which nobody knows."""
        conversation, openid = self.ids["赵敏"], "oX5t702kQmPzR"
        await self._accept(conversation)
        await self._fault(errcode=45015, times=1)
        await self._say(conversation, "您好，已为您加急处理")
        await eventually(lambda: self.town.settled(openid))
        await self.town.customer(openid, "say", {"text": "？"})
        await eventually(lambda: self._may_answer(conversation))
        await self._fault(drop_answer=True, times=1)
        await self._say(conversation, "请问您的订单号是多少？")
        await eventually(lambda: self.town.settled(openid), 60)
        await self.town.sandbox("PUT", "/faults", {"api": []})

    async def _may_answer(self, conversation: str) -> bool:
        quota = (await self.lina.must("GET", f"/conversations/{conversation}"))["quota"]
        return quota is not None and quota["remaining"] > 0

    async def _fault(self, **fault: Any) -> None:
        await self.town.sandbox("PUT", "/faults", {"api": [{"path": "/cgi-bin/message/custom/send", **fault}]})

    async def _accept(self, conversation: str) -> None:
        await self._ask(conversation, "POST", "accept", {})

    async def _say(self, conversation: str, text: str, **more: Any) -> None:
        await self._ask(conversation, "POST", "messages", {"type": "text", "text": text, **more})

    async def _ask(self, conversation: str, method: str, what: str, body: dict[str, Any]) -> None:
        await self.lina.must(method, f"/conversations/{conversation}/{what}", body)

    async def _send_picture(self, openid: str) -> None:
        form = aiohttp.FormData()
        form.add_field("file", lamp(), filename="lamp.png", content_type="image/png")
        address = f"{self.town.plan.url('sandbox')}/sandbox/api/apps/{APP_ID}/customers/{openid}/image"
        async with self.town.session.post(address, data=form) as answer:
            assert answer.status == 200, await answer.text()

    async def _waits(self, openid: str) -> bool:
        conversation = await self.town.conversation(openid)
        session = conversation.session if conversation else None
        return session is not None and session.state == "waiting"


def lamp() -> bytes:
    """A picture that looks like something."""
    picture = Image.new("RGB", (640, 480), (244, 236, 220))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((200, 60, 440, 200), fill=(250, 205, 110))
    draw.polygon([(230, 190), (410, 190), (470, 300), (170, 300)], fill=(214, 160, 70))
    draw.rectangle((310, 300, 330, 420), fill=(90, 70, 50))
    draw.ellipse((240, 405, 400, 440), fill=(90, 70, 50))
    stored = io.BytesIO()
    picture.save(stored, "PNG")
    return stored.getvalue()


def _encoded(picture: bytes) -> str:

    return base64.b64encode(picture).decode()
