"""The net under every other test in a browser: it must catch."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page

from shared.observe.http import listen
from tests.browser.axe import violations
from tests.browser.visits import Visits
from tests.support.waiting import eventually

POLICY = "default-src 'self'; base-uri 'none'; require-trusted-types-for 'script'"
PAGES = {
    "plain": "<p>nothing is wrong here</p>",
    "inline-script": "<script>document.title = 'ran'</script>",
    "inline-style": "<p style='color: red'>red</p>",
    "missing": "<img src=/nowhere.png alt=nothing>",
    "outside": "<script src=https://example.com/x.js></script>",
    "throws": "<script src=/throws.js></script>",
    "complains": "<script src=/complains.js></script>",
    "breaks-off": "<script src=/breaks-off.js></script>",
    "nameless-button": "<button></button>",
}
SCRIPTS = {
    "throws.js": "setTimeout(() => { throw new Error('thrown') })",
    "complains.js": "console.error('complained')",
}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A site with one page for each thing that can go wrong, under a policy as strict as ours."""

    async def page(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name == "breaks-off.js":
            assert request.transport is not None
            request.transport.close()
        if name in SCRIPTS:
            return web.Response(text=SCRIPTS[name], content_type="text/javascript")
        if name not in PAGES:
            raise web.HTTPNotFound
        text = f"<!doctype html><html lang=en><title>{name}</title><main><h1>{name}</h1>{PAGES[name]}</main></html>"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def icon(_: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    site = web.Application()
    site.router.add_get("/favicon.ico", icon)
    site.router.add_get("/{name}", page)
    async with listen(site, "127.0.0.1", 0, "(any)") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def unwatched(browser: Browser) -> AsyncIterator[Visits]:
    """Visits whose problems are looked at by the test itself."""
    made = Visits(browser)
    yield made
    await made.close()


async def opened(visits: Visits, address: str, name: str) -> Page:
    page = await visits.page()
    await page.goto(f"{address}/{name}")
    return page


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("inline-script", "policy violated: script-src-elem blocked inline"),
        ("inline-style", "policy violated: style-src-attr blocked inline"),
        ("missing", "404 GET /nowhere.png"),
        ("outside", "left this machine: GET https://example.com/x.js"),
        ("throws", "exception: Error: thrown"),
        ("complains", "console: complained"),
        ("breaks-off", "failed GET /breaks-off.js: net::ERR_EMPTY_RESPONSE"),
    ],
)
async def test_what_goes_wrong_is_seen(unwatched: Visits, address: str, name: str, told: str) -> None:
    await opened(unwatched, address, name)
    await eventually(lambda: told in "\n".join(unwatched.watch.problems))


async def test_what_is_expected_is_no_problem(unwatched: Visits, address: str) -> None:
    unwatched.watch.allow("^404 GET /nowhere.png$")
    await opened(unwatched, address, "missing")
    await eventually(lambda: unwatched.watch.seen)
    assert unwatched.watch.problems == []


async def test_axe_runs_under_the_strictest_policy(visits: Visits, address: str) -> None:
    assert await violations(await opened(visits, address, "plain")) == []
    found = await violations(await opened(visits, address, "nameless-button"))
    assert [line.split(":")[0] for line in found] == ["critical button-name"]
    page = await opened(visits, address, "nameless-button")
    assert await violations(page, "h1") == []


async def test_each_page_is_a_profile_of_its_own(visits: Visits, address: str) -> None:
    one, other = await opened(visits, address, "plain"), await opened(visits, address, "plain")
    await one.evaluate("localStorage.setItem('who', 'one')")
    assert await other.evaluate("localStorage.getItem('who')") is None
