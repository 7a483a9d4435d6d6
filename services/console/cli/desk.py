"""`wxdesk desk`: what an agent does at the desk, over the console's own API."""

import argparse
import secrets
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from services.console.cli.console_client import Console, console_as
from services.console.cli.environment import Environment
from services.console.cli.following import follow
from services.console.cli.message_lines import conversation_fields, message_lines
from services.console.cli.output import Column, Output, listed
from services.console.cli.secret_values import file_bytes
from shared.store.conversation_lists import VIEWS

_COLUMNS: Final = (
    Column("ID", "id"),
    Column("CUSTOMER", "customer", 24),
    Column("APP", "app", 16),
    Column("STATE", "state"),
    Column("ATTENTION", "attention"),
    Column("RESPONDER", "responder", 16),
    Column("QUOTA", "quota"),
    Column("UNREAD", "unread"),
    Column("UPDATED", "updated_at"),
    Column("LAST", "last", 80),
)


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    about = "answer customers; the password is read from WXDESK_PASSWORD"
    verbs = nouns.add_parser("desk", help=about, description=about).add_subparsers(metavar="VERB", required=True)
    acting = argparse.ArgumentParser(add_help=False)
    acting.add_argument("--as", dest="login", metavar="LOGIN", required=True, help="whose desk")
    parents = [as_json, acting]
    listing = verbs.add_parser("list", parents=parents, help="conversations")
    listing.add_argument("--view", choices=VIEWS, default="all")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many (50, up to 200)")
    listing.set_defaults(run=list_some)
    showing = verbs.add_parser("show", parents=parents, help="one conversation and its last messages")
    showing.add_argument("id", metavar="ID")
    showing.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many messages (50, up to 200)")
    showing.add_argument("--follow", action="store_true", help="go on with what happens, until Ctrl-C")
    showing.set_defaults(run=show)
    for verb, run, what in (
        ("accept", accept, "take a conversation: from the line, an offer, the bot, a vendor or WeChat's own console"),
        ("decline", decline, "let what is offered to you go on to the next agent"),
        ("block", block, "bring nothing of its customer to anybody any more; what they write is kept"),
        ("unblock", unblock, "bring again what its customer writes"),
    ):
        acting_on = verbs.add_parser(verb, parents=parents, help=what)
        acting_on.add_argument("id", metavar="ID")
        acting_on.set_defaults(run=run)
    about = "give the session to somebody else; a supervisor takes one over by giving it to themselves"
    _add_targets(verbs.add_parser("transfer", parents=parents, help=about, description=about))
    saying = verbs.add_parser("say", parents=parents, help="send a text")
    saying.add_argument("id", metavar="ID")
    saying.add_argument("text", metavar="TEXT")
    saying.add_argument("--split", action="store_true", help="send a text that is too long in parts")
    saying.set_defaults(run=say)
    imaging = verbs.add_parser("image", parents=parents, help="send a picture: JPEG, PNG or GIF")
    imaging.add_argument("id", metavar="ID")
    imaging.add_argument("file", metavar="FILE")
    imaging.set_defaults(run=send_image)
    for sending in (saying, imaging):
        sending.add_argument("--hold", action="store_true", help="if nothing may be sent now, when the customer writes")
    closing = verbs.add_parser("close", parents=parents, help="end the session")
    closing.add_argument("id", metavar="ID")
    closing.add_argument("--reason", default=None)
    closing.set_defaults(run=close)


def _add_targets(transferring: argparse.ArgumentParser) -> None:
    transferring.add_argument("id", metavar="ID")
    to = transferring.add_mutually_exclusive_group(required=True)
    to.add_argument("--agent", metavar="LOGIN", help="a colleague who has room")
    to.add_argument("--group", metavar="G", help="back in line, for agents of this group")
    to.add_argument("--bot", action="store_true", help="the bot")
    to.add_argument("--vendor", metavar="ID", help="a vendor account that serves the app")
    to.add_argument("--official", action="store_true", help="WeChat's own console, with the customer's next message")
    transferring.add_argument("--note", metavar="TEXT", help="for colleagues only")
    transferring.set_defaults(run=transfer)


async def list_some(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with console_as(environment, args.login) as console:
        page = await console.get("/conversations", view=args.view, limit=args.limit)
    items = page["items"]
    rows = items if output.as_json else [conversation_fields(conversation) for conversation in items]
    output.table(rows, _COLUMNS, nothing=f"No conversations in the view {args.view}.")


async def show(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with console_as(environment, args.login) as console:
        conversation = await console.get(f"/conversations/{_segment(args.id)}")
        if args.follow:
            await follow(console, conversation, output, limit=args.limit)
            return
        page = await console.get(f"/conversations/{_segment(args.id)}/messages", limit=args.limit)
    lines = [line for message in page["items"] for line in message_lines(message)]
    whole = {"conversation": conversation, "messages": page["items"]}
    output.value(whole, [*listed(conversation_fields(conversation)), "", *lines])


async def accept(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with console_as(environment, args.login) as console:
        conversation = await console.command(f"/conversations/{_segment(args.id)}/accept", {})
    output.done(f"{args.login} has conversation {args.id}.", conversation)


async def decline(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with console_as(environment, args.login) as console:
        conversation = await console.command(f"/conversations/{_segment(args.id)}/decline", {})
    output.done(f"Conversation {args.id} goes on to the next agent.", conversation)


async def transfer(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    named = {
        "agent": args.agent,
        "group": args.group,
        "bot": args.bot,
        "vendor": args.vendor,
        "official": args.official,
    }
    body: dict[str, Any] = {"to": {kind: name for kind, name in named.items() if name}}
    if args.note:
        body["note"] = args.note
    async with console_as(environment, args.login) as console:
        conversation = await console.command(f"/conversations/{_segment(args.id)}/transfer", body)
    output.done(f"Conversation {args.id} {_now_with(conversation['session'])}.", conversation)


async def block(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    conversation = await _blocked(args, environment, blocked=True)
    output.done(f"What the customer of {args.id} writes is kept, and brought to nobody.", conversation)


async def unblock(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    conversation = await _blocked(args, environment, blocked=False)
    output.done(f"What the customer of {args.id} writes is brought to agents again.", conversation)


async def say(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with console_as(environment, args.login) as console:
        body = {"type": "text", "text": args.text, "split": args.split}
        await _send(console, args, body, output)


async def send_image(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    content = file_bytes(args.file)
    async with console_as(environment, args.login) as console:
        media = await console.upload(content, Path(args.file).name)
        await _send(console, args, {"type": "image", "image": {"media_id": media["media_id"]}}, output)


async def close(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    body = {"reason": args.reason} if args.reason else {}
    async with console_as(environment, args.login) as console:
        conversation = await console.command(f"/conversations/{_segment(args.id)}/close", body)
    output.done(f"Conversation {args.id} is closed.", conversation)


async def _blocked(args: argparse.Namespace, environment: Environment, *, blocked: bool) -> Any:
    async with console_as(environment, args.login) as console:
        return await console.command(f"/conversations/{_segment(args.id)}/block", {"blocked": blocked})


def _now_with(session: dict[str, Any]) -> str:
    """What became of a session that was given away."""
    if session["to_official"]:
        return "goes to WeChat's own console with the customer's next message"
    if session["state"] == "waiting":
        return f"is back in line{' for ' + session['group'] if session['group'] else ''}"
    responder = session["responder"] or {}
    return f"is with {responder.get('name') or 'the ' + str(responder.get('kind') or session['state'])}"


async def _send(console: Console, args: argparse.Namespace, content: dict[str, Any], output: Output) -> None:
    body = {**content, "client_id": secrets.token_hex(16), "if_closed": "hold" if args.hold else "refuse"}
    sent = await console.command(f"/conversations/{_segment(args.id)}/messages", body)
    output.value(sent["items"], [line for message in sent["items"] for line in message_lines(message)])


def _segment(name: str) -> str:
    """A name as one segment of a path, whatever was typed."""
    return quote(name, safe="")
