"""The agents bound to a mini program in WeChat's own console.

Source: WeChat's pages 客服管理 (addKfAccount, delKfAccount, getKfList, getOnlineKfList, setKfAdmin, cancelKfAdmin).
"""

from dataclasses import dataclass, field
from typing import Any, Final

from services.sandbox.wechat.errcodes import Refused

MAX_AGENTS: Final = 100
_MAX_NICKNAME: Final = 16


@dataclass(slots=True)
class ConsoleAgent:
    kf_account: str
    nickname: str
    kf_id: str
    is_admin: bool = False

    @property
    def openid(self) -> str:
        return f"kfopenid{self.kf_id}"

    def view(self) -> dict[str, Any]:
        return {
            "kf_account": self.kf_account,
            "kf_nick": self.nickname,
            "kf_id": self.kf_id,
            "kf_headimgurl": "",
            "kf_wx": "",
            "kf_openid": self.openid,
        }

    def online_view(self) -> dict[str, Any]:
        return {
            "kf_account": self.kf_account,
            "status": 1,
            "kf_id": self.kf_id,
            "accepted_case": 0,
            "kf_openid": self.openid,
        }


@dataclass(slots=True)
class Agents:
    """Everyone bound counts as online."""

    by_account: dict[str, ConsoleAgent] = field(default_factory=dict)
    _last_id: int = 1000

    def add(self, kf_account: Any, nickname: Any) -> None:
        """Raises Refused: 65404 no account, 65403 nickname, 65406 exists, 65405 too many."""
        if not isinstance(kf_account, str) or not kf_account:
            raise Refused(65404)
        if not isinstance(nickname, str) or not 1 <= len(nickname) <= _MAX_NICKNAME:
            raise Refused(65403)
        if kf_account in self.by_account:
            raise Refused(65406)
        if len(self.by_account) >= MAX_AGENTS:
            raise Refused(65405)
        self._last_id += 1
        self.by_account[kf_account] = ConsoleAgent(kf_account, nickname, str(self._last_id))

    def remove(self, kf_account: Any) -> None:
        """Raises Refused (65401) if there is no such agent."""
        if not isinstance(kf_account, str) or self.by_account.pop(kf_account, None) is None:
            raise Refused(65401)

    def set_admin(self, kf_openid: str, *, is_admin: bool) -> None:
        """Raises Refused (65401) if there is no such agent."""
        for agent in self.by_account.values():
            if agent.openid == kf_openid:
                agent.is_admin = is_admin
                return
        raise Refused(65401)
