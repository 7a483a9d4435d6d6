"""What axe finds wrong for people who cannot see, hear or point well."""

from typing import Any, Final

from playwright.async_api import Page

from deploy.local.node import WEB

SOURCE: Final = WEB / "node_modules" / "axe-core" / "axe.min.js"

GRAVE: Final = {"serious", "critical"}

_RUN: Final = "(within) => axe.run(within ?? document, {resultTypes: ['violations']})"


async def violations(page: Page, within: str | None = None) -> list[str]:
    """Each serious or critical violation on the page, or below one element (a CSS selector), in a line with where."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(SOURCE.read_text())
    found: dict[str, Any] = await page.evaluate(_RUN, within)
    return [
        f"{rule['impact']} {rule['id']}: {rule['help']}: {node['target']} {node['html'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
