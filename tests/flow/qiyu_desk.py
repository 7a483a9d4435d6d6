"""The sandbox's Qiyu as its staff sees and uses it, and apps switched to it as operators do."""

from dataclasses import dataclass
from typing import Any

from deploy.local.seed import APP_ID
from shared.conversation.ids import conversation_id
from tests.flow.town import Caller, Town
from tests.support.waiting import eventually

ACCOUNT = "qiyu-flow"
SECRET = "a-secret-of-this-test-alone"
PATIENCE_SECONDS = 60.0


@dataclass
class QiyuDesk:
    """`key` is the account's appKey at the sandbox."""

    town: Town
    key: str = ACCOUNT

    async def set_up(self, admin: Caller) -> None:
        """The account at both sides, as an administrator of each enters it; its staff is online."""
        callback = f"{self.town.plan.url('gateway')}/vendors/qiyu/{ACCOUNT}"
        staff = [{"id": 1, "name": "小鱼", "online": True, "max_sessions": 100}]
        await self.call("PUT", "", {"app_secret": SECRET, "callback_url": callback, "staff": staff, "robot": False})
        settings = {"app_key": self.key, "poll_seconds": 15}
        known = {"id": ACCOUNT, "vendor": "qiyu", "name": "七鱼"}
        body = {**known, "settings": settings, "secrets": {"app_secret": SECRET}}
        await admin.must("POST", "/vendor-accounts", body)

    async def configure(self, **fields: Any) -> None:
        """The account as it is, with these fields instead."""
        state = await self.state()
        await self.call("PUT", "", {**state["account"], **fields})

    async def state(self) -> Any:
        return await self.call("GET", "")

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        return await self.town.sandbox(method, f"/qiyu/accounts/{self.key}{path}", body)

    async def does(self, openid: str, action: str, **more: Any) -> Any:
        """Something the staff does with a customer."""
        done = await self.call("POST", f"/customers/{conversation_id(APP_ID, openid)}/{action}", more)
        assert "detail" not in done, done
        return done

    async def heard(self, openid: str) -> list[str]:
        """What reached Qiyu from a customer, in order."""
        messages = (await self.state())["customers"].get(conversation_id(APP_ID, openid), {}).get("messages", [])
        return [one["text"] for one in messages if one["from"] == "customer"]

    async def hears(self, openid: str, text: str) -> None:
        async def there() -> bool:
            return text in await self.heard(openid)

        await eventually(there, PATIENCE_SECONDS)


async def switch(admin: Caller, kind: str, name: str | None = None, sessions: str = "new") -> Any:
    """As the desk's switch does it."""
    to = {"kind": kind, **({"name": name} if name else {})}
    return await admin.must("POST", f"/apps/{APP_ID}/switch", {"to": to, "sessions": sessions})
