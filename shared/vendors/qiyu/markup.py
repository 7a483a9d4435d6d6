"""HTML as its people and robots write it, as the plain text that WeChat shows. What is no HTML stays as it is.

Read by a pattern and not by a parser: what is wanted is few, and the time it takes grows with the text's length only.
"""

import re
from html import unescape
from typing import Final
from urllib.parse import urlsplit

LONGEST_CHARS: Final = 20_000
"""What lies beyond is cut off; one message of Qiyu's has at most some thousand characters of text."""

_NAMES: Final = (
    "abbr|article|aside|audio|a|big|blockquote|body|br|button|b|caption|center|code|col|dd|del|div|dl|dt|em|figure|font"
    "|footer|form|h[1-6]|header|head|hr|html|iframe|img|input|ins|i|label|link|li|main|meta|ol|pre|p|script|section"
    "|small|source|span|strike|strong|style|sub|sup|s|table|tbody|td|tfoot|thead|th|title|tr|ul|u|video"
)
_TAG: Final = re.compile(rf"<(/?)({_NAMES})((?:\s[^<>]*)?)/?>", re.IGNORECASE)
"""A tag of HTML, so that `1 < 2` and `<手机>` are left alone."""
_ENTITY: Final = re.compile(r"&(?:nbsp|lt|gt|amp|quot|apos|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
_ASIDE: Final = re.compile(r"<!--(?:(?!<!--).)*?-->|<!doctype[^<>]*>", re.IGNORECASE | re.DOTALL)
_ADDRESSED: Final = re.compile(r"""\s(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE)
_UNSEEN: Final = frozenset({"script", "style", "title"})
_LINES: Final = re.compile(
    "article|aside|blockquote|caption|dd|div|dl|dt|figure|footer|form|h[1-6]|header|hr|li|main|ol|p|pre|section|table"
    "|tr|ul"
)
_SHOWN: Final = {"img": "图片", "video": "视频", "audio": "语音", "iframe": "网页", "source": "文件"}
_SPACES: Final = re.compile(r"[^\S\n]+")
_EMPTY_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n)+")


def plain_text(text: str) -> str:
    """What a reader would see: lines for blocks, addresses after the words of links. Never fails."""
    text = text[:LONGEST_CHARS]
    if _TAG.search(text) is None:
        return unescape(text) if _ENTITY.search(text) else text
    reader = _Reader()
    done = 0
    text = _ASIDE.sub("", text)
    for tag in _TAG.finditer(text):
        reader.read(text[done : tag.start()])
        reader.pass_tag(tag[2].lower(), _address_in(tag[3]), closing=bool(tag[1]))
        done = tag.end()
    reader.read(text[done:])
    return _tidy(reader.text())


def address(text: object) -> str | None:
    """The text if it is an address of the web that may be shown or fetched."""
    if not isinstance(text, str) or len(text) > 2048 or any(character.isspace() for character in text):  # noqa: PLR2004
        return None
    if text.startswith("//"):
        text = f"https:{text}"
    try:
        parts = urlsplit(text)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return text if named else None


def _address_in(attributes: str) -> str | None:
    found = _ADDRESSED.search(attributes)
    return address(unescape(found[1] or found[2] or found[3] or "")) if found else None


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


class _Reader:
    """Takes texts and tags in their order."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._unseen: str | None = None
        self._link: tuple[str, int] | None = None

    def text(self) -> str:
        return "".join(self._written)

    def read(self, text: str) -> None:
        if self._unseen is None and text:
            self._written.append(unescape(text))

    def pass_tag(self, name: str, url: str | None, *, closing: bool) -> None:
        """`url`: the address that it names, if any."""
        if self._unseen is not None:
            self._unseen = None if closing and name == self._unseen else self._unseen
        elif closing:
            self._close(name)
        else:
            self._open(name, url)

    def _open(self, name: str, url: str | None) -> None:
        if name in _UNSEEN:
            self._unseen = name
        elif name == "br":
            self._written.append("\n")
        elif name == "a":
            self._link = (url, len(self._written)) if url else None
        elif name in _SHOWN:
            self._written.append(f" [{_SHOWN[name]}] {url} " if url else "")
        elif _LINES.fullmatch(name):
            self._break("• " if name == "li" else "")
        elif name in {"td", "th"}:
            self._written.append(" ")

    def _close(self, name: str) -> None:
        if name == "a":
            self._close_link()
        elif _LINES.fullmatch(name):
            self._break()

    def _break(self, mark: str = "") -> None:
        """A new line, unless one has just begun."""
        begun = not self._written or self._written[-1].endswith(("\n", "• "))
        self._written.append(mark if begun else f"\n{mark}")

    def _close_link(self) -> None:
        if self._link is None:
            return
        url, begun = self._link
        self._link = None
        words = "".join(self._written[begun:])
        if url not in words:
            self._written.append(f" {url} " if words.strip() else url)
