"""Stickers in texts, such as `[微笑]`: names on both sides, which differ for some.

Only pairs that are certain: WeChat's own codes, such as `/::|`, stand beside Qiyu's names in a table that Qiyu
published with its example for WeChat (2017). Whatever is not here is left as it is.
"""

import re
from typing import Final

_PAIRS: Final = {
    "[发呆]": "[呆]",
    "[闭嘴]": "[不说]",
    "[睡]": "[睡着]",
    "[大哭]": "[嚎哭]",
    "[吐]": "[呕吐]",
    "[敲打]": "[敲]",
    "[菜刀]": "[刀]",
    "[嘴唇]": "[唇]",
    "[蛋糕]": "[生日蛋糕]",
    "[咒骂]": "[怒骂]",
    "[抠鼻]": "[抠鼻孔]",
    "[擦汗]": "[流汗]",
    "[亲亲]": "[亲]",
    "[破涕为笑]": "[泪中带笑]",
}
"""WeChat's name: Qiyu's name."""
_BACK: Final = {theirs: ours for ours, theirs in _PAIRS.items()} | {"[拍掌]": "[鼓掌]"}
_STICKER: Final = re.compile(r"\[[^\[\]\s]{1,10}\]")


def to_qiyu(text: str) -> str:
    return _STICKER.sub(lambda found: _PAIRS.get(found[0], found[0]), text)


def to_wechat(text: str) -> str:
    return _STICKER.sub(lambda found: _BACK.get(found[0], found[0]), text)
