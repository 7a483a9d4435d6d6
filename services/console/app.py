"""The console: REST, live sockets, the desk. Wiring only."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import web

from services.console import frames, openapi, problem
from services.console.api import (
    accounts,
    agents,
    app_tests,
    apps,
    audit,
    canned_replies,
    conversations,
    customers,
    deliveries,
    export,
    login,
    marks,
    me,
    media,
    messages,
    notes,
    notifiers,
    reports,
    search,
    sessions,
    settings_trial,
    switching,
    tags,
    tokens,
    vendor_accounts,
    vendor_tests,
    webhooks,
)
from services.console.desk_files import DeskFile, read_desk
from services.console.desk_pages import desk_pages
from services.console.feed import Feed
from services.console.first_admin import see_to_admin
from services.console.live import Live
from services.console.login import Logins
from services.console.operations import BODY_BYTES, PREFIX, Operation
from services.console.outgoing.outgoing import outgoing, run_outgoing
from services.console.outgoing.posting import Poster, poster
from services.console.pages import Pages
from services.console.parts import PARTS, Parts
from services.console.problem import Refused
from services.console.proving import Proofs
from services.console.replay import Replays
from services.console.roster import Roster
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
from shared.store.api_tokens import ApiTokenStore
from shared.store.apps import AppStore
from shared.store.audit import AuditLog
from shared.store.canned_replies import CannedReplyStore
from shared.store.changes import Changes
from shared.store.conversation_lists import ConversationLists
from shared.store.conversations import ConversationStore
from shared.store.customer_search import CustomerSearch
from shared.store.following import Follower
from shared.store.history import History
from shared.store.logins import LoginStore
from shared.store.media import MediaStore
from shared.store.media_access import MediaOwners
from shared.store.pages_open import PagesOpen
from shared.store.records import DecisionRecords, SessionRecords
from shared.store.reports import Reports
from shared.store.search import MessageSearch, SearchIndex
from shared.store.second_factors import SecondFactors
from shared.store.tags import TagStore
from shared.store.unsettled import UnsettledCommands
from shared.store.vendor_accounts import BreakerStore, VendorAccountStore

log = structlog.get_logger()

OPERATIONS: tuple[Operation, ...] = (
    *login.OPERATIONS,
    *me.OPERATIONS,
    *conversations.OPERATIONS,
    *search.OPERATIONS,
    *export.OPERATIONS,
    *messages.OPERATIONS,
    *deliveries.OPERATIONS,
    *sessions.OPERATIONS,
    *notes.OPERATIONS,
    *marks.OPERATIONS,
    *customers.OPERATIONS,
    *media.OPERATIONS,
    *agents.OPERATIONS,
    *apps.OPERATIONS,
    *app_tests.OPERATIONS,
    *settings_trial.OPERATIONS,
    *switching.OPERATIONS,
    *vendor_accounts.OPERATIONS,
    *vendor_tests.OPERATIONS,
    *canned_replies.OPERATIONS,
    *tags.OPERATIONS,
    *audit.OPERATIONS,
    *tokens.OPERATIONS,
    *accounts.OPERATIONS,
    *webhooks.OPERATIONS,
    *notifiers.OPERATIONS,
    *reports.OPERATIONS,
)
HINTS = ("conversations_changed", "presence_changed", "agent_seen", "settings_changed")
FRESH_SECONDS = 30.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def console(settings: ConsoleSettings) -> AsyncIterator[Background]:
    """Serve on CONSOLE_PORT. On leaving, calls in hand are finished and live sockets told to come back."""
    async with poster() as post, backbone(settings, "console") as base:
        parts = _parts(settings, base, post)
        watch = _watch(parts)
        standings = Standings(parts.feed, LoginStore(base.database), parts.agents, base.apps)
        live = _live(parts)
        base.background.spawn(watch.sweep_forever(settings.live_sweep_seconds), "sweep")
        base.background.spawn(watch.follow_hints(), "hints")
        base.background.spawn(standings.check_forever(), "standings")
        indexing = Follower(base.database, base.leases, "search", SearchIndex(base.database).note)
        base.background.spawn(indexing.follow_forever(), "search")
        pages = Pages(parts.feed, PagesOpen(base.database), base.leases.holder)
        link = settings.desk_base_url or settings.public_base_url or ""
        run_outgoing(base, parts.outgoing, pages, parts.shown, link)
        hear = _hear(parts, watch, standings)
        base.background.spawn(listen_live(base.consuming, HINTS, hear, subscribed=watch.look_now), "live")
        base.health.add("feed", lambda: watch.fresh(FRESH_SECONDS))
        await watch.first_sweep()
        await see_to_admin(base.database, settings.wxdesk_first_admin_password)
        async with listen(_app(parts, live), settings.host, settings.console_port, "CONSOLE_PORT") as port:
            log.info("console_listening", port=port)
            yield base.background


def _parts(settings: ConsoleSettings, base: Backbone, post: Poster) -> Parts:
    database = base.database
    proofs = Proofs(settings, database, base.sealer)
    return Parts(
        settings=settings,
        backbone=base,
        logins=Logins(settings, database, proofs),
        agents=AgentStore(database),
        roster=Roster(AgentStore(database)),
        apps=AppStore(database, base.sealer),
        vendor_accounts=VendorAccountStore(database, base.sealer),
        breakers=BreakerStore(database),
        audit=AuditLog(database),
        canned_replies=CannedReplyStore(database),
        tags=TagStore(database),
        api_tokens=ApiTokenStore(database),
        proofs=proofs,
        second_factors=SecondFactors(database),
        message_search=MessageSearch(database),
        customer_search=CustomerSearch(database),
        conversations=ConversationStore(database),
        lists=ConversationLists(database),
        history=History(database),
        media=MediaStore(database),
        media_owners=MediaOwners(database),
        decisions=DecisionRecords(database),
        sessions=SessionRecords(database),
        reports=Reports(database),
        verdicts=Verdicts(base.publisher),
        unsettled=UnsettledCommands(database),
        feed=Feed(),
        outgoing=outgoing(base, post),
    )


def _watch(parts: Parts) -> Watch:
    changes = Changes(parts.backbone.database)
    return Watch(parts.feed, changes, parts.unsettled, parts.lists, parts.shown, parts.backbone.clock.now)


def _live(parts: Parts) -> Live:
    base = parts.backbone
    replays = Replays(Changes(base.database), parts.unsettled, parts.shown)
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
            case SettingsChanged(agent_id=str(owner)):
                parts.feed.tell_agent(owner, frames.settings(hint.what))
            case SettingsChanged():
                standings.check_now()
                if hint.what != "logins":
                    parts.feed.tell_everyone(frames.settings(hint.what))

    return hear


def _app(parts: Parts, live: Live) -> web.Application:
    pages = desk_pages(_desk(parts.settings.desk_dir))
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[_problems, pages])
    app[PARTS] = parts
    for operation in OPERATIONS:
        app.router.add_route(operation.method, f"{PREFIX}{operation.path}", operation.serve)
    described = openapi.document(OPERATIONS)

    async def describe(_: web.Request) -> web.Response:
        return web.json_response(described)

    async def restart(_: web.Application) -> None:
        await live.restart()

    app.router.add_get(f"{PREFIX}/openapi.json", describe)
    app.router.add_get(f"{PREFIX}/live", live.handle)
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(restart)
    return app


def _desk(folder: Path) -> dict[str, DeskFile]:
    files = read_desk(folder)
    if not files:
        log.warning("desk_missed", reason="the web app is not built: run `make web`, then start the console again")
    return files


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
