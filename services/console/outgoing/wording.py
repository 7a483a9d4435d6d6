"""What a group is told of customers who wait: which app, how many, how long, and where to go. Never who or what."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.store.conversation_lists import Wait

MOST_APPS: Final = 10
LONGEST_NAME: Final = 40
TEST: Final = "【微信小程序客服台】测试消息：客服通知已接通。"


def waiting_text(waits: Sequence[Wait], app_name: Callable[[str], str], now: datetime, link: str) -> str:
    """One line for each app, the longest wait first; `waits` must not be empty."""
    by_app: dict[str, list[Wait]] = {}
    for wait in sorted(waits, key=lambda wait: wait.since):
        by_app.setdefault(wait.app_id, []).append(wait)
    lines = [_line(app_name(app_id), those, now) for app_id, those in by_app.items()]
    shown = lines[:MOST_APPS]
    if len(lines) > MOST_APPS:
        shown.append(f"另有 {len(lines) - MOST_APPS} 个小程序")
    return "\n".join(["【微信小程序客服台】有客户在等待人工客服", *shown, *([link] if link else [])])


def _line(name: str, waits: Sequence[Wait], now: datetime) -> str:
    return f"{name[:LONGEST_NAME]}：{len(waits)} 位，最久 {_long(now - waits[0].since)}"


def _long(span: timedelta) -> str:
    minutes, seconds = divmod(max(0, int(span.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} 小时 {minutes} 分钟"
    return f"{minutes} 分钟" if minutes else f"{seconds} 秒"
