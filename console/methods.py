"""Which methods an address answers to: HEAD wherever it answers to GET, and a 405 that names them all.

Load balancers and uptime checks ask with HEAD. A router stops at the first route of an address that takes another
method, so that its 405 would name the methods of that one alone.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """ASGI middleware: HEAD gets what GET would, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        ended = False

        async def without_body(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:  # the first piece ends it: an event stream has no last one
                ended = True
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": "GET"}, receive, without_body)


def allowed(request: Request) -> str:
    """The methods that the request's address takes, as the header Allow names them."""
    routes: Sequence[Route] = request.app.state.routes
    taken = {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    return ", ".join(sorted(taken | ({"HEAD"} if "GET" in taken else set())))
