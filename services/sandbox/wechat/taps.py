"""What tapping an item of the chat opens. WeChat's servers hear nothing of it: only the mini program's page does.

Source: WeChat's pages 客服消息使用指南 and button (`bindcontact` gets path and query of a tapped card).
"""

import re
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qsl

from services.sandbox.wechat.phone import Content

_ANCHOR: Final = re.compile(r"<a\s([^>]*)>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def opened(content: Content, link: int = 0) -> dict[str, Any] | None:
    """`{path, query}` of a mini program page, `{url}` of a web page, or None if there is nothing to tap.

    `link` counts the links of a text from 0.
    """
    if content.card is not None:
        return _page(content.card.path)
    if content.link is not None:
        return {"url": content.link.url}
    anchors = _ANCHOR.findall(content.text or "")
    return _anchored(anchors[link]) if link < len(anchors) else None


def _anchored(attributes: str) -> dict[str, Any] | None:
    found = {name.lower(): unescape(one or other) for name, one, other in _ATTRIBUTE.findall(attributes)}
    if "data-miniprogram-path" in found:
        return _page(found["data-miniprogram-path"])
    return {"url": found["href"]} if "href" in found else None


def _page(path: str) -> dict[str, Any]:
    page, _, query = path.partition("?")
    return {"path": page, "query": dict(parse_qsl(query, keep_blank_values=True))}
