"""Webhooks hear of what the history has: each message is looked at, and what is news is noted as rows to deliver."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.console.api import shapes
from services.console.outgoing.bodies import Happening, body, happenings, news_id
from shared.conversation.model import Conversation, Message
from shared.store.changes import Changes
from shared.store.driver import Database
from shared.store.messages import MessageStore
from shared.store.webhook_deliveries import KEPT_FOR, News, WebhookDeliveries
from shared.store.webhooks import Webhook, WebhookStore

TOLD_WITHIN: Final = KEPT_FOR - timedelta(days=1)
"""An older message is no news: its row may be forgotten, and a late change of it must not make another."""


class Announcer:
    def __init__(
        self,
        database: Database,
        webhooks: WebhookStore,
        deliveries: WebhookDeliveries,
        shown: Callable[[Conversation], shapes.Conversation],
        now: Callable[[], datetime],
        noted: Callable[[], None],
    ) -> None:
        self._changes = Changes(database)
        self._messages = MessageStore(database)
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._shown = shown
        self._now = now
        self._noted = noted

    async def handle(self, messages: Sequence[Message]) -> None:
        """Note what is news in these, new or changed. Again does nothing. Raises Outage."""
        webhooks = await self._webhooks.enabled()
        fresh = [message for message in messages if self._now() - message.at < TOLD_WITHIN]
        if not webhooks or not fresh:
            return
        first = await self._first_of_session(fresh, webhooks)
        wanted = [
            (webhook, happening)
            for happening in happenings(fresh, first)
            for webhook in webhooks
            if _is_news(happening, webhook)
        ]
        if wanted:
            await self._note(wanted)

    async def _note(self, wanted: Sequence[tuple[Webhook, Happening]]) -> None:
        concerned = await self._living({happening.message.conversation for _, happening in wanted})
        now = self._now()
        news = [
            self._news(webhook, happening, concerned[happening.message.conversation])
            for webhook, happening in wanted
            if happening.message.conversation in concerned
        ]
        await self._deliveries.add(news, now)
        # A customer may have been deleted in between, after everything of theirs was looked for.
        if gone := concerned.keys() - (await self._living(concerned)).keys():
            await self._deliveries.forget(gone)
        self._noted()

    def _news(self, webhook: Webhook, happening: Happening, conversation: Conversation) -> News:
        name = news_id(webhook.id, happening)
        return News(
            id=name,
            webhook=webhook.id,
            event=happening.event,
            conversation=conversation.id,
            app_id=conversation.app_id,
            at=happening.message.at,
            body=body(name, happening, self._shown(conversation)),
        )

    async def _living(self, conversations: Iterable[str]) -> dict[str, Conversation]:
        """Those of these whose customers were not deleted."""
        found = await self._changes.conversations(conversations)
        return {one.conversation.id: one.conversation for one in found if one.conversation.deleted_at is None}

    async def _first_of_session(self, messages: Sequence[Message], webhooks: Sequence[Webhook]) -> set[str]:
        """Ids of the messages that a session begins with: the one before belongs to another, or there is none."""
        asked = [
            message
            for message in messages
            if message.session_id is not None
            and message.direction == "inbound"
            and any(webhook.wants("session_opened", message.app_id) for webhook in webhooks)
        ]
        before = await self._messages.sessions_at({(message.conversation, message.seq - 1) for message in asked})
        return {
            message.id for message in asked if before.get((message.conversation, message.seq - 1)) != message.session_id
        }


def _is_news(happening: Happening, webhook: Webhook) -> bool:
    """What was there before the webhook was made is none. WeChat's instants are whole seconds."""
    message = happening.message
    return webhook.wants(happening.event, message.app_id) and message.at >= webhook.created_at.replace(microsecond=0)
