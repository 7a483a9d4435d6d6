"""Where a request came from."""

from aiohttp import web


def address_of(request: web.Request, forwarded_hops: int) -> str | None:
    """The peer, or what the last of our own proxies says it was."""
    told = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    if forwarded_hops and len(told) >= forwarded_hops and told[-forwarded_hops].strip():
        return told[-forwarded_hops].strip()[:64].encode("ascii", "replace").decode()
    return request.remote
