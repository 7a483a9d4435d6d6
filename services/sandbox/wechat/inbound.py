"""What a customer does on the phone, and what follows from it: the window, the phone's own item, the push."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.sandbox.faults import FaultBox
from services.sandbox.wechat import messages
from services.sandbox.wechat.media import Media
from services.sandbox.wechat.messages import Field, PushMessage
from services.sandbox.wechat.phone import Card, Content, media_url
from services.sandbox.wechat.pushes import Pusher, Settled
from services.sandbox.wechat.state import App, Customer, World

Fields = tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push under way. `settled` is None if WeChat's console holds the customer: nothing is pushed then."""

    msg_id: str | None
    settled: asyncio.Task[Settled] | None

    async def view(self, *, wait: bool) -> dict[str, Any]:
        """The control API's answer. `accepted` is null if it is not known: not waited for, or forgotten by a reset."""
        if self.settled is None:
            return Settled(self.msg_id, accepted=False, notice=None, attempts=[]).view()
        if wait:
            await asyncio.wait([self.settled])
            if not self.settled.cancelled():
                return self.settled.result().view()
        return {"msg_id": self.msg_id, "accepted": None, "notice": None, "attempts": []}


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes that are known to be a JPEG, PNG or GIF."""

    data: bytes
    content_type: str


class Inbound:
    def __init__(self, world: World, pusher: Pusher, faults: FaultBox) -> None:
        self._world = world
        self._pusher = pusher
        self._faults = faults

    def enter(self, app: App, customer: Customer, session_from: str) -> Pushed:
        """Tap the customer-service button: an event, never the console's, and a window of its own."""
        now = self._world.clock.now()
        customer.window = customer.window.after_entering(now, rearms=app.config.knobs.enter_rearms)
        return Pushed(None, self._push(app, customer, messages.entered(session_from)))

    def say(self, app: App, customer: Customer, text: str) -> Pushed:
        return self._message(app, customer, Content("text", text=text), lambda msg_id: messages.text(msg_id, text))

    def image(self, app: App, customer: Customer, picture: Picture) -> Pushed:
        media = self._kept(app, picture)
        return self._message(
            app,
            customer,
            Content("image", media_id=media.media_id),
            lambda msg_id: messages.image(msg_id, self._url(media), media.media_id),
        )

    def card(self, app: App, customer: Customer, title: str, path: str, cover: Picture | None) -> Pushed:
        """Tap the card the mini program offers. Without a cover its two media fields are empty."""
        media = self._kept(app, cover) if cover is not None else None
        media_id, thumb_url = (media.media_id, self._url(media)) if media is not None else (None, "")
        return self._message(
            app,
            customer,
            Content("miniprogrampage", card=Card(title, path, app.appid, media_id)),
            lambda msg_id: messages.card(
                msg_id,
                title=title,
                app_id=app.appid,
                path=path,
                thumb_url=thumb_url,
                thumb_media_id=media_id or "",
            ),
        )

    def _message(self, app: App, customer: Customer, content: Content, compose: Callable[[int], Fields]) -> Pushed:
        pushed = self._one_message(app, customer, content, compose)
        if self._faults.state.push.unknown_types:
            media_id = self._world.chance.text(64)
            self._one_message(
                app, customer, Content("video"), lambda msg_id: messages.undocumented_message(msg_id, media_id)
            )
            _ = self._push(app, customer, messages.undocumented_event())
        return pushed

    def _one_message(self, app: App, customer: Customer, content: Content, compose: Callable[[int], Fields]) -> Pushed:
        now, msg_id = self._world.clock.now(), self._world.new_msg_id()
        customer.window = customer.window.after_message(now)
        customer.last_interaction_at = now
        customer.console = customer.console.at(now)
        customer.phone.show(now, "customer", content, str(msg_id))
        if customer.console.state == "held":
            return Pushed(str(msg_id), None)
        return Pushed(str(msg_id), self._push(app, customer, compose(msg_id), str(msg_id)))

    def _push(self, app: App, customer: Customer, fields: Fields, msg_id: str | None = None) -> asyncio.Task[Settled]:
        message = PushMessage(
            gh_id=app.gh_id,
            openid=customer.openid,
            created_at=int(self._world.clock.now().timestamp()),
            fields=fields,
            msg_id=msg_id,
            string_ids=self._faults.state.push.string_ids,
        )
        return self._pusher.submit(app, customer, message)

    def _kept(self, app: App, picture: Picture) -> Media:
        media = Media(self._world.chance.text(64), picture.data, picture.content_type, self._world.clock.now())
        app.media.put(media)
        return media

    def _url(self, media: Media) -> str:
        return media_url(self._world.base_url, media.media_id) or ""
