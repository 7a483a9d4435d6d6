"""Trying settings out before they are saved: where a customer would be sent by them, and by which rule."""

from typing import Annotated, Any, Final, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field, WithJsonSchema

from services.console.administering.app_fields import read_policy
from services.console.api.apps import SETTINGS_BYTES, existing_app
from services.console.api.customers import ProfileFieldBody
from services.console.api.shape import Shape
from services.console.operations import Call, Input, Operation, answer
from shared.clock import real_now
from shared.conversation.policy import Policy
from shared.conversation.routes import Destination, Route, Situation
from shared.conversation.source import read_source


class TrialBody(Input):
    """A customer as one imagines them. What is left out is empty; `at` is then now."""

    settings: Annotated[
        dict[str, Any],
        WithJsonSchema({"type": "object", "allOf": [{"$ref": "#/components/schemas/AppSettings"}]}),
    ] = Field(description="as they would be saved")
    source: str | None = Field(None, max_length=1024, description="what `session-from` says")
    text: str = Field("", max_length=2048, description="the customer's message")
    tags: list[str] = Field(default_factory=list, max_length=20)
    openid: str = Field("", max_length=64)
    profile: list[ProfileFieldBody] = Field(default_factory=list, max_length=20)
    at: AwareDatetime | None = None


class TriedDestination(Shape):
    kind: Literal["agents", "group", "agent", "bot", "vendor", "official"]
    name: str | None = Field(description="of the group, the agent's login, or the vendor account")

    @classmethod
    def of(cls, to: Destination) -> "TriedDestination":
        return cls(kind=to.kind, name=to.name)


class TriedRoute(Shape):
    to: TriedDestination
    rule: str | None = Field(description="the name of the rule that decides; null: none holds, the entry does")

    @classmethod
    def of(cls, route: Route) -> "TriedRoute":
        return cls(to=TriedDestination.of(route.to), rule=route.rule)


class TriedSettings(TriedRoute):
    handed_off: TriedRoute | None = Field(
        description="where the same customer goes once the bot hands off; null where the bot does not get the session"
    )
    open: bool = Field(description="whether agents work then")
    fields: dict[str, str] = Field(description="what `source` was read as; empty where it names no fields")


async def try_settings(call: Call) -> web.Response:
    """Nothing is saved, and nobody is routed. Mistakes are refused as `PUT …/settings` refuses the form of settings."""
    body = await call.body(TrialBody)
    await existing_app(call)
    policy = read_policy(body.settings).in_time_zone(call.parts.settings.tz_default)
    return answer(_tried(policy, _imagined(body)))


def _imagined(body: TrialBody) -> Situation:
    return Situation(
        at=body.at or real_now(),
        text=body.text,
        source=body.source,
        openid=body.openid,
        tags=tuple(body.tags),
        profile={field.name: field.value for field in body.profile},
    )


def _tried(policy: Policy, now: Situation) -> TriedSettings:
    first = policy.route(now)
    later = policy.route(now, to_people=True) if first.to.kind == "bot" else None
    return TriedSettings(
        to=TriedDestination.of(first.to),
        rule=first.rule,
        handed_off=TriedRoute.of(later) if later else None,
        open=policy.open_at(now.at),
        fields=read_source(now.source),
    )


OPERATIONS: Final = (
    Operation(
        "POST",
        "/apps/{app_id}/settings/try",
        try_settings,
        "Where a customer would be sent by these settings, and by which rule; nothing is saved",
        {200: TriedSettings},
        problems=("not_found",),
        body=TrialBody,
        body_bytes=SETTINGS_BYTES,
        role="supervisor",
    ),
)
