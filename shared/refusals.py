"""Why a push is not taken. Reasons are for logs: they hold no content and no secret."""


class PushRefused(Exception):
    """Ancestor of the reasons not to take a push."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Forged(PushRefused):
    """Nothing proves who sent it: signature, encryption or the app it was made for is wrong (HTTP 403)."""


class Unreadable(PushRefused):
    """It is genuine, but not a push we can read (HTTP 400)."""
