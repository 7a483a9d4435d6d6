"""What Zhima's staff do, and what it does by itself when a customer enters or writes."""

from collections.abc import Callable, Coroutine
from typing import Any

from services.sandbox.wechat.console import NotNow
from services.sandbox.wechat.inbound import Picture
from services.sandbox.zhima.events import ENDED, RECEIVED, Events
from services.sandbox.zhima.pushed import ENTERED, Pushed
from services.sandbox.zhima.speaking import Speaking
from services.sandbox.zhima.state import Customer, Item, Product, ZhimaWorld

Spawn = Callable[[Coroutine[Any, Any, None]], object]
_SHOWN_FIELDS = ("Content", "Title")


class ZhimaDesk:
    def __init__(self, world: ZhimaWorld, events: Events, speaking: Speaking, spawn: Spawn) -> None:
        self._world = world
        self._events = events
        self._speaking = speaking
        self._spawn = spawn

    def take(self, product: Product, pushed: Pushed) -> None:
        """One of WeChat's pushes: shown to staff, and answered where it is answered by itself."""
        customer = product.customer(pushed.openid)
        if pushed.kind == ENTERED:
            customer.session_from = pushed.fields.get("SessionFrom", "")
            self._world.show(customer, "notice", "event", text="客户进入会话", msg_id=pushed.msg_id)
            if product.config.welcome:
                self._say_by_itself(product, customer, product.config.welcome)
            return
        shown = next((pushed.fields[name] for name in _SHOWN_FIELDS if pushed.fields.get(name)), None)
        url = pushed.fields.get("PicUrl") or pushed.fields.get("ThumbUrl") or None
        self._world.show(customer, "customer", pushed.kind, text=shown, url=url, msg_id=pushed.msg_id)
        if customer.state == "idle":
            self._begin_waiting(product, customer)
        reply = _keyword_reply(product, shown or "")
        if customer.state != "serving" and reply is not None:
            self._say_by_itself(product, customer, reply)

    def accept(self, product: Product, customer: Customer, staff_id: int | None) -> None:
        """Raises NotNow."""
        if customer.state == "serving":
            raise NotNow("a staff member has this customer already")
        member = product.member(staff_id) if staff_id is not None else product.first_online()
        if member is None or member.id not in product.online:
            raise NotNow("nobody who could take this customer is online; bring a staff member online first")
        customer.state, customer.staff_id = "serving", member.id
        customer.chat_session = self._world.new_chat_session()
        self._world.show(customer, "notice", "event", text=f"{member.name} 接入会话")
        self._events.tell(product, customer, RECEIVED)

    async def say(self, product: Product, customer: Customer, text: str) -> Item:
        """How WeChat took it stands in the item. Raises NotNow."""
        item = self._world.show(customer, "staff", "text", name=self._served_by(product, customer), text=text)
        await self._speaking.say(product, customer, item, text)
        if not item.errcode:
            self._events.report(product, customer, text)
        return item

    async def show_picture(self, product: Product, customer: Customer, picture: Picture) -> Item:
        """Raises NotNow."""
        item = self._world.show(customer, "staff", "image", name=self._served_by(product, customer))
        await self._speaking.show(product, customer, item, picture)
        return item

    async def show_typing(self, product: Product, customer: Customer) -> int:
        """WeChat's errcode. Raises NotNow."""
        self._served_by(product, customer)
        return await self._speaking.show_typing(product, customer)

    def close(self, product: Product, customer: Customer) -> None:
        """Raises NotNow."""
        if customer.state == "idle":
            raise NotNow("the customer has no session; there is nothing to close")
        was_serving, customer.state = customer.state == "serving", "idle"
        self._world.show(customer, "notice", "event", text="会话结束")
        if was_serving:
            self._events.tell(product, customer, ENDED)
        customer.staff_id = None

    def set_presence(self, product: Product, staff_id: int, *, online: bool) -> None:
        product.online = product.online | {staff_id} if online else product.online - {staff_id}
        self._world.changes.touch()

    def _begin_waiting(self, product: Product, customer: Customer) -> None:
        customer.state = "waiting"
        if product.config.accepts_by_itself and product.first_online() is not None:
            self.accept(product, customer, None)

    def _say_by_itself(self, product: Product, customer: Customer, text: str) -> None:
        item = self._world.show(customer, "machine", "text", name="自动回复", text=text)
        self._spawn(self._speaking.say(product, customer, item, text))

    def _served_by(self, product: Product, customer: Customer) -> str | None:
        if customer.state != "serving":
            raise NotNow("no staff member has this customer; accept first")
        member = product.member(customer.staff_id)
        return member.name if member is not None else None


def _keyword_reply(product: Product, text: str) -> str | None:
    return next((reply for word, reply in product.config.keyword_replies.items() if word in text), None)
