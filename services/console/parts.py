"""What the handlers of the console stand on."""

from dataclasses import dataclass

from aiohttp import web

from services.console.feed import Feed
from services.console.login import Logins
from services.console.settings import ConsoleSettings
from shared.backbone import Backbone
from shared.bus.commands import Verdicts
from shared.store.agents import AgentStore
from shared.store.conversation_lists import ConversationLists
from shared.store.conversations import ConversationStore
from shared.store.history import History
from shared.store.media import MediaStore
from shared.store.media_access import MediaOwners
from shared.store.records import DecisionRecords
from shared.store.unsettled import UnsettledCommands


@dataclass(frozen=True, slots=True)
class Parts:
    settings: ConsoleSettings
    backbone: Backbone
    logins: Logins
    agents: AgentStore
    conversations: ConversationStore
    lists: ConversationLists
    history: History
    media: MediaStore
    media_owners: MediaOwners
    decisions: DecisionRecords
    verdicts: Verdicts
    unsettled: UnsettledCommands
    feed: Feed

    def app_name(self, app_id: str) -> str:
        """What people call the app; its id, once it was removed."""
        app = self.backbone.apps.get(app_id)
        return app.name if app else app_id


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)
