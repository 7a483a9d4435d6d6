"""Headers that keep a browser from being turned against its agent, on every answer."""

from typing import Final

from aiohttp import web

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Scripts, styles and connections only of this very host, sockets included; nothing inline, nothing evaluated."""

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


async def protect(_: web.Request, response: web.StreamResponse) -> None:
    """Nothing that is answered may be kept by a shared cache, unless its handler says how."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    # aiohttp's default names its version and Python's.
    response.headers["Server"] = "wxdesk"
