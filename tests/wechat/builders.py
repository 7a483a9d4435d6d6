"""WeChat's side of a push, built from scratch, and the fixtures as data."""

import json
from pathlib import Path
from typing import Any

from shared.wechat.crypto import MessageCipher, signature
from shared.wechat.push import CallbackSettings

FIXTURES = Path(__file__).parents[1] / "fixtures" / "wechat"
TOKEN = "simtoken2026"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER_AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
APP_ID = "wxba5fad812f8e6fb9"
RANDOM16 = b"0123456789abcdef"
TEXT = {
    "ToUserName": "gh_97417a04a28d",
    "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
    "CreateTime": 1753862400,
    "MsgType": "text",
    "Content": "你好",
    "MsgId": 24912345678901234,
}


def settings(**changes: Any) -> CallbackSettings:
    return CallbackSettings(**{"app_id": APP_ID, "token": TOKEN, "aes_key": AES_KEY, **changes})


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text("utf-8"))


def settings_of(request: dict[str, Any]) -> CallbackSettings:
    """The settings a request fixture was made for."""
    config = request["config"]
    return CallbackSettings(
        app_id=config.get("tail_appid", APP_ID),
        token=config["token"],
        aes_key=config.get("encoding_aes_key"),
        mode=config.get("mode", "secure"),
        format=config.get("data_format", "json"),
    )


def plain_query(timestamp: str = "1753862401", nonce: str = "417653341", token: str = TOKEN) -> dict[str, str]:
    return {"signature": signature(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}


def sealed_push(message: bytes, *, aes_key: str = AES_KEY, app_id: str = APP_ID) -> tuple[dict[str, str], bytes]:
    """Query and body of a secure JSON push that carries `message`."""
    encrypted = MessageCipher(aes_key, app_id).encrypt(message, RANDOM16)
    query = plain_query()
    query["msg_signature"] = signature(TOKEN, query["timestamp"], query["nonce"], encrypted)
    return query, json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": encrypted}).encode()
