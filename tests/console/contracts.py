"""Vendor accounts as administrators enter them, and an app to use them."""

import itertools
from typing import Any

from tests.console.house import Answer, Caller

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
PUSH_URL = "http://127.0.0.1:9/push_pwd/mini_program/access-key"
_numbers = itertools.count(1)


def zhima(app_id: str, **more: Any) -> dict[str, Any]:
    """One mini program's account."""
    settings = {"app_id": app_id, **more.pop("settings", {})}
    secrets = {"push_url": PUSH_URL, **more.pop("secrets", {})}
    return {"id": fresh("zhima"), "vendor": "zhima", "name": "芝麻", "settings": settings, "secrets": secrets, **more}


def qiyu(**more: Any) -> dict[str, Any]:
    settings = {"app_key": "key", **more.pop("settings", {})}
    secrets = {"app_secret": "qiyu-secret", **more.pop("secrets", {})}
    return {"id": fresh("qiyu"), "vendor": "qiyu", "name": "七鱼", "settings": settings, "secrets": secrets, **more}


def fresh(name: str) -> str:
    """An id that no other test of the module has."""
    return f"{name}-{next(_numbers)}"


async def added(boss: Caller, account: dict[str, Any]) -> Any:
    answer = await boss.post("/vendor-accounts", account)
    assert answer.status == 201, answer.body
    return answer.body


async def an_app(boss: Caller, **settings: Any) -> str:
    """A new app that is served so, by people first."""
    app_id = f"wxb{next(_numbers):015x}"
    fields = {"app_id": app_id, "name": "新店", "secret": "s", "token": "t", "aes_key": AES_KEY}
    assert (await boss.post("/apps", fields)).status == 201
    answer = await put_settings(boss, app_id, **{"entry": "agents", **settings})
    assert answer.status == 200, answer.body
    return app_id


async def put_settings(boss: Caller, app_id: str, **settings: Any) -> Answer:
    version = (await boss.get(f"/apps/{app_id}")).body["version"]
    return await boss.call("PUT", f"/apps/{app_id}/settings", {"version": version, "settings": settings})


def places(refused: Answer) -> list[str]:
    """Where the mistakes are."""
    assert (refused.status, refused.code) == (422, "invalid")
    return [error["where"] for error in refused.body["errors"]]
