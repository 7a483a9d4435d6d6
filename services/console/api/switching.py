"""Switching an app to a vendor, its agents, the bot or WeChat's console: what comes from now on, and what is open."""

from typing import Final, Literal

from aiohttp import web
from pydantic import Field, model_validator

from services.console.administering.app_changes import ChangedMeanwhile, NoSuchApp
from services.console.administering.switching import Mover
from services.console.api.apps import announce_apps, app_changes
from services.console.api.shape import Shape
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation.policy import bridge_of
from shared.conversation.routes import Destination

SWITCH_SECONDS: Final = 20.0
"""After that no further session is told to move; the same call again goes on."""


class SwitchTarget(Input):
    kind: Literal["bot", "agents", "vendor", "official"]
    name: str | None = Field(None, max_length=64, description="the vendor account")

    @model_validator(mode="after")
    def _is_named(self) -> "SwitchTarget":
        if (self.kind == "vendor") != (self.name is not None):
            raise ValueError("name: which vendor account?" if self.kind == "vendor" else f"name: {self.kind} has none")
        return self


class SwitchBody(Input):
    to: SwitchTarget
    sessions: Literal["new", "all"] = Field("new", description="all: those that are open move there, too")


class Switched(Shape):
    version: int = Field(description="the app's, now")
    moved: int = Field(description="sessions that are there now")
    failed: int = Field(description="sessions that could not be moved")
    unsettled: int = Field(description="sessions that were told to move; whether they did is not known yet")
    left: int = Field(description="sessions that were not reached in time: call again for them")


async def switch_app(call: Call) -> web.Response:
    """Changes the app's `entry` and nothing else of its settings: its rules still come first."""
    body = await call.body(SwitchBody)
    to = Destination(kind=body.to.kind, name=body.to.name)
    base, app_id = call.parts.backbone, call.request.match_info["app_id"]
    changes = app_changes(call)
    bridge = bridge_of(base.apps.policy(app_id), to.name) if to.kind == "vendor" else None
    if body.sessions == "all" and bridge is not None and bridge.down:
        raise Refused("conflict", f"{bridge.name} cannot be reached at this moment, so nothing was switched.")
    try:
        app = await changes.switch(app_id, to)
    except NoSuchApp:
        raise Refused("not_found", "There is no such app.") from None
    except ChangedMeanwhile as meanwhile:
        detail = "Somebody else keeps changing this app; look at it, then try again."
        raise Refused("conflict", detail, version=meanwhile.version) from None
    await announce_apps(call)
    if body.sessions == "new":
        return answer(Switched(version=app.version, moved=0, failed=0, unsettled=0, left=0))
    mover = Mover(base.database, call.parts.verdicts, call.author, base.clock.now)
    each = call.parts.settings.command_seconds
    moved = await mover.move(app_id, to, within_seconds=SWITCH_SECONDS, each_seconds=each)
    await call.together(lambda: changes.note_moved(app_id, to, moved))
    return answer(Switched(version=app.version, **moved._asdict()))


OPERATIONS: Final = (
    Operation(
        "POST",
        "/apps/{app_id}/switch",
        switch_app,
        "Switch an app to a vendor, its agents, the bot or WeChat's console; with `all`, its open sessions too",
        {200: Switched},
        problems=("not_found", "conflict"),
        body=SwitchBody,
        role="supervisor",
    ),
)
