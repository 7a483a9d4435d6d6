"""Why a push is not taken. Reasons are for logs: they hold no content and no secret."""


class PushRefused(Exception):
    """Ancestor of the reasons not to take a push."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Forged(PushRefused):
    """Nothing proves that WeChat sent it: signature, encryption or the app it was made for is wrong (HTTP 403)."""


class Unreadable(PushRefused):
    """WeChat sent it, but it is not a push we can read (HTTP 400)."""
