"""What every fact has: whose it is, what caused it, when it happened."""

from datetime import datetime
from typing import Literal

from shared.conversation.content import Frozen
from shared.conversation.ids import fact_id


class Fact(Frozen):
    """`occurred_at` is the time of the one who tells it (WeChat's, for a push); `trace_id` follows it everywhere."""

    kind: str
    contract: Literal[1] = 1
    conversation_id: str
    app_id: str
    cause: str
    occurred_at: datetime
    trace_id: str

    @property
    def id(self) -> str:
        return fact_id(self.conversation_id, self.cause)

    @property
    def stored_at(self) -> datetime:
        """`occurred_at` in whole milliseconds, which is all MongoDB keeps: to be compared with what was stored."""
        at = self.occurred_at
        return at.replace(microsecond=at.microsecond // 1000 * 1000)


class MediaSource(Frozen):
    """Where WeChat, or a vendor, keeps a file that came with a push; all ways die within days."""

    media_id: str
    wechat_media_id: str | None = None
    url: str | None = None
    account: str | None = None
    """The vendor account whose hosts `url` may name; none: WeChat's."""
