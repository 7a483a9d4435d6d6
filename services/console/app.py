"""The console: REST, live sockets, the desk. Wiring only."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from services.console import frames, openapi, problem
from services.console.api import conversations, deliveries, login, me, media, messages, sessions
from services.console.feed import Feed
from services.console.live import Live
from services.console.login import Logins
from services.console.operations import PREFIX, Operation
from services.console.parts import PARTS, Parts
from services.console.problem import Refused
from services.console.replay import Replays
from services.console.security import protect
from services.console.settings import ConsoleSettings
from services.console.signals import Signals
from services.console.standing import Standings
from services.console.watch import Watch
from shared.backbone import Backbone, backbone
from shared.bus.commands import Verdicts
from shared.bus.live import listen as listen_live
from shared.contracts.hints import AgentSeen, ConversationsChanged, LiveHint, PresenceChanged, SettingsChanged
from shared.lifecycle import Background
from shared.observe import metrics
from shared.observe.http import listen
from shared.outage import Outage
from shared.store.agents import AgentStore
from shared.store.changes import Changes
from shared.store.conversation_lists import ConversationLists
from shared.store.conversations import ConversationStore
from shared.store.history import History
from shared.store.logins import LoginStore
from shared.store.media import MediaStore
from shared.store.media_access import MediaOwners
from shared.store.records import DecisionRecords
from shared.store.unsettled import UnsettledCommands

log = structlog.get_logger()

OPERATIONS: tuple[Operation, ...] = (
    *login.OPERATIONS,
    *me.OPERATIONS,
    *conversations.OPERATIONS,
    *messages.OPERATIONS,
    *deliveries.OPERATIONS,
    *sessions.OPERATIONS,
    *media.OPERATIONS,
)
BODY_LIMIT_BYTES = 128 * 1024
HINTS = ("conversations_changed", "presence_changed", "agent_seen", "settings_changed")
FRESH_SECONDS = 30.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def console(settings: ConsoleSettings) -> AsyncIterator[Background]:
    """Serve on CONSOLE_PORT. On leaving, calls in hand are finished and live sockets told to come back."""
    async with backbone(settings, "console") as base:
        parts = _parts(settings, base)
        watch = _watch(parts)
        standings = Standings(parts.feed, LoginStore(base.database), parts.agents, base.apps)
        live = _live(parts)
        base.background.spawn(watch.sweep_forever(settings.live_sweep_seconds), "sweep")
        base.background.spawn(watch.follow_hints(), "hints")
        base.background.spawn(standings.check_forever(), "standings")
        hear = _hear(parts, watch, standings)
        base.background.spawn(listen_live(base.consuming, HINTS, hear, subscribed=watch.look_now), "live")
        base.health.add("feed", lambda: watch.fresh(FRESH_SECONDS))
        await watch.first_sweep()
        async with listen(_app(parts, live), settings.host, settings.console_port, "CONSOLE_PORT") as port:
            log.info("console_listening", port=port)
            yield base.background


def _parts(settings: ConsoleSettings, base: Backbone) -> Parts:
    database = base.database
    return Parts(
        settings=settings,
        backbone=base,
        logins=Logins(settings, database),
        agents=AgentStore(database),
        conversations=ConversationStore(database),
        lists=ConversationLists(database),
        history=History(database),
        media=MediaStore(database),
        media_owners=MediaOwners(database),
        decisions=DecisionRecords(database),
        verdicts=Verdicts(base.publisher),
        unsettled=UnsettledCommands(database),
        feed=Feed(),
    )


def _watch(parts: Parts) -> Watch:
    changes = Changes(parts.backbone.database)
    return Watch(parts.feed, changes, parts.unsettled, parts.lists, parts.app_name, parts.backbone.clock.now)


def _live(parts: Parts) -> Live:
    base = parts.backbone
    replays = Replays(Changes(base.database), parts.unsettled, parts.app_name, base.clock.now)
    signals = Signals(parts.conversations, base.publisher, base.clock.now)
    return Live(parts.settings, parts.logins, base.apps, parts.feed, replays, signals)


def _hear(parts: Parts, watch: Watch, standings: Standings) -> Callable[[LiveHint], None]:
    def hear(hint: LiveHint) -> None:
        match hint:
            case ConversationsChanged():
                for changed in hint.changed:
                    parts.verdicts.hear(changed.verdicts)
                    watch.hear(changed)
            case PresenceChanged():
                parts.feed.tell_everyone(frames.presence(hint.agent_id, hint.name, hint.presence))
            case AgentSeen():
                told = frames.seen(hint.what, hint.conversation_id, hint.agent_id, hint.name)
                parts.feed.tell_others(hint.app_id, told, hint.agent_id)
            case SettingsChanged():
                parts.backbone.apps.note_change()
                standings.check_now()
                if hint.what != "logins":
                    parts.feed.tell_everyone(frames.settings(hint.what))

    return hear


def _app(parts: Parts, live: Live) -> web.Application:
    app = web.Application(client_max_size=BODY_LIMIT_BYTES, middlewares=[_problems])
    app[PARTS] = parts
    for operation in OPERATIONS:
        app.router.add_route(operation.method, f"{PREFIX}{operation.path}", operation.serve)
    described = openapi.document(OPERATIONS)

    async def describe(_: web.Request) -> web.Response:
        return web.json_response(described)

    async def point(_: web.Request) -> web.Response:
        return web.json_response({"service": "wxdesk console", "api": PREFIX, "openapi": f"{PREFIX}/openapi.json"})

    async def restart(_: web.Application) -> None:
        await live.restart()

    app.router.add_get(f"{PREFIX}/openapi.json", describe)
    app.router.add_get(f"{PREFIX}/live", live.handle)
    app.router.add_get("/", point)
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(restart)
    return app


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure is answered with a problem; what nobody foresaw is logged whole and told in no detail."""
    try:
        response = await handler(request)
    except Refused as refused:
        response = problem.response(refused)
    except Outage as outage:
        log.warning("call_unavailable", path=request.path, reason=str(outage))
        response = problem.response(Refused.after("unavailable", "Out of reach for the moment; try again.", 1))
    except web.HTTPException as failure:
        response = problem.response(problem.of_http(failure))
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("call_failed", path=request.path)
        response = problem.response(Refused("unavailable", "Something went wrong on our side.", status=500))
    metrics.console_requests_total.labels(response.status).inc()
    return response
