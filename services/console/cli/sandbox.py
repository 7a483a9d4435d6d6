"""`wxdesk sandbox`: a customer's phone, by the stand-in for WeChat."""

import argparse
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from services.console.cli.calls import Server, http_session
from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, Refused
from services.console.cli.output import Output
from services.console.cli.phone import Phone, item_lines, phone_lines
from services.console.cli.secret_values import file_bytes

Act = Callable[[Phone], Awaitable[dict[str, Any]]]


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    about = "play a customer on the stand-in for WeChat; the customer is made when first named"
    verbs = nouns.add_parser("sandbox", help=about, description=about).add_subparsers(metavar="VERB", required=True)
    acting = argparse.ArgumentParser(add_help=False)
    acting.add_argument("openid", metavar="OPENID", help="letters, digits, _ and -")
    acting.add_argument("--app", metavar="A", help="appid; without it the demo's, or the only one the sandbox knows")
    acting.add_argument("--wait", type=float, metavar="S", help="wait up to S seconds for an answer, and print it")
    parents = [as_json, acting]
    entering = verbs.add_parser("enter", parents=parents, help="tap the customer-service button")
    entering.add_argument("--session-from", default="", help="the button's session-from")
    entering.set_defaults(run=enter)
    saying = verbs.add_parser("say", parents=parents, help="send a text")
    saying.add_argument("text", metavar="TEXT")
    saying.set_defaults(run=say)
    imaging = verbs.add_parser("image", parents=parents, help="send a picture: JPEG, PNG or GIF")
    imaging.add_argument("file", metavar="FILE")
    imaging.set_defaults(run=send_image)
    carding = verbs.add_parser("card", parents=parents, help="send the mini program card the chat offers")
    carding.add_argument("--title", default="小程序卡片")
    carding.add_argument("--path", default="pages/index/index")
    carding.add_argument("--image", metavar="FILE", help="its cover")
    carding.set_defaults(run=show_card)
    showing = verbs.add_parser("show", parents=parents, help="the phone as it is")
    showing.set_defaults(run=show)


async def enter(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    await _act(args, environment, output, lambda phone: phone.post("enter", {"session_from": args.session_from}))


async def say(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    await _act(args, environment, output, lambda phone: phone.post("say", {"text": args.text}))


async def send_image(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    content = file_bytes(args.file)
    await _act(args, environment, output, lambda phone: phone.post_file("image", content))


async def show_card(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    body = {"title": args.title, "path": args.path}
    if args.image:
        body["image"] = base64.b64encode(file_bytes(args.image)).decode()
    await _act(args, environment, output, lambda phone: phone.post("card", body))


async def show(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with _phone(args, environment) as phone:
        seen = await phone.look()
        arrived = await phone.arrivals(_last(seen), args.wait) if args.wait else []
    whole = {**seen, "items": [*seen["items"], *arrived]}
    output.value(whole, phone_lines(whole))
    _require_arrival(args.wait, arrived)


async def _act(args: argparse.Namespace, environment: Environment, output: Output, act: Act) -> None:
    async with _phone(args, environment) as phone:
        before = _last(await phone.look())
        pushed = await act(phone)
        if pushed.get("accepted") is False and pushed.get("attempts"):
            raise Refused(_not_accepted(pushed))
        arrived = await phone.arrivals(before, args.wait) if args.wait else []
    held = not pushed.get("attempts")
    sentence = "WeChat's own console holds this customer: nothing was pushed." if held else "Pushed and answered."
    lines = [line for item in arrived for line in item_lines(item)]
    output.value({**pushed, "items": arrived}, lines or [sentence])
    _require_arrival(args.wait, arrived)


@asynccontextmanager
async def _phone(args: argparse.Namespace, environment: Environment) -> AsyncIterator[Phone]:
    if args.wait is not None and not args.wait >= 0:
        raise Misused("--wait must be a number of seconds, 0 or more")
    server = Server("sandbox", environment.address("sandbox"), "SANDBOX_URL")
    async with http_session() as session:
        app = args.app or (environment.run.app.appid if environment.run.app else None)
        phone = Phone(session, server, app, args.openid)
        await phone.prepare()
        yield phone


def _last(seen: dict[str, Any]) -> int:
    return max((int(item["n"]) for item in seen["items"]), default=0)


def _not_accepted(pushed: dict[str, Any]) -> str:
    last = pushed["attempts"][-1]
    why = last.get("error") or f"HTTP {last.get('status')}"
    return (
        f"the gateway did not accept the push ({why}, {len(pushed['attempts'])} attempts); the customer saw: "
        f"{pushed.get('notice')}. See `wxdesk doctor`"
    )


def _require_arrival(wait_seconds: float | None, arrived: list[dict[str, Any]]) -> None:
    if wait_seconds and not arrived:
        raise Refused(f"nothing arrived on the phone within {wait_seconds:g} s; see `wxdesk doctor`")
