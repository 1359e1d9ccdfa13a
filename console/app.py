"""The console as one application: the API, the pages, /metrics and the probes, behind one guard.

`create_app` is handed everything it needs, so that a test builds it as the daemon does. `Server` is what runs it: it
ends open event streams before it waits for requests to finish.
"""

import asyncio
import errno
import math
import socket
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from console.api import callbacks, cases, hooks, mentions, probes
from console.api import escalations as escalations_api
from console.api import incidents as incidents_api
from console.api import oncall as oncall_api
from console.api.answers import answer
from console.api.described import document
from console.api.desk import Desk
from console.api.mentions import Take
from console.auth import Sessions, api_tokens, console_tokens, is_open, load_key
from console.feedback import Links
from console.methods import Heads
from console.ready import tell_ready
from console.web import board, case, correcting, feedback, listening, matrix, oncall, session, silencing
from console.web import escalations as escalation_pages
from console.web import incidents as incident_pages
from console.web.failures import handlers, refusals
from console.web.guard import Guard, allowed_hosts
from console.web.live import Live
from console.web.render import STATIC, Renderer
from console.web.session import Doorkeeper
from console.web.shared import Forgets, Shared
from leitstand.settings import Settings
from monitoring.health import Part

log = structlog.get_logger()

STOP_SECONDS = 8
CROWDED_EVERY = 60.0
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def create_app(
    settings: Settings,
    desk: Desk,
    *,
    take: Take,
    metrics: Callable[[], bytes],
    health: Callable[[], Sequence[Part]],
) -> FastAPI:
    """The application. `take` is where mentions from the API go; `metrics` and `health` are read when asked.

    Raises ServiceError if the key that signs sessions cannot be kept in data_dir.
    """
    live, renderer = Live(desk.mark), Renderer(settings)
    shared = Shared(live)
    app = FastAPI(
        title="Leitstand",
        lifespan=lambda _: live.watching(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=handlers(renderer),
    )
    app.state.live, app.state.address = live, settings.server.public_url
    app.add_middleware(Forgets, shared=shared)
    app.add_middleware(Heads)
    app.add_middleware(Guard, refuse=refusals(renderer), hosts=allowed_hosts(settings))
    api, pages = _api(settings, desk, take), _pages(settings, desk, renderer, live, shared)
    routers = (*api, probes.routes(metrics, health), *pages)
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    app.mount("/static", _Static(directory=STATIC), name="static")
    return app


def _api(settings: Settings, desk: Desk, take: Take) -> Sequence[APIRouter]:
    tokens = api_tokens(settings)
    return (
        mentions.routes(tokens, take),
        hooks.routes(settings, take),
        callbacks.routes(desk, settings),
        cases.routes(desk, tokens),
        incidents_api.routes(desk, tokens),
        escalations_api.routes(desk, tokens),
        oncall_api.routes(desk, settings, tokens),
        _description(),
    )


def _pages(settings: Settings, desk: Desk, renderer: Renderer, live: Live, shared: Shared) -> Sequence[APIRouter]:
    readers, key = console_tokens(settings), load_key(settings.server.data_dir)
    sessions = None if is_open(settings) else Sessions(readers, key)
    links = Links(key, settings.server.public_url, settings.feedback.valid)
    doorkeeper = Doorkeeper(sessions)
    secure = settings.server.public_url.startswith("https://")
    return (
        session.routes(renderer, sessions, readers, secure=secure),
        board.routes(desk, settings, renderer, doorkeeper, live, shared),
        correcting.routes(desk.database, doorkeeper),
        case.routes(desk, renderer, doorkeeper, links),
        feedback.routes(desk, renderer, links),
        incident_pages.routes(desk, renderer, doorkeeper),
        escalation_pages.routes(desk, renderer, doorkeeper),
        oncall.routes(desk, renderer, doorkeeper),
        silencing.routes(desk, settings, renderer, doorkeeper),
        matrix.routes(desk, settings, renderer, doorkeeper),
        listening.routes(desk.database, settings, renderer, doorkeeper),
    )


class _Static(StaticFiles):
    """Files whose address carries their version, so that browsers need not ask again."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(_FOREVER)
        return response


def _description() -> APIRouter:
    router = APIRouter()
    described = cache(document)  # when it is first asked for: it takes a tenth second, and hardly anybody asks

    @router.get("/api/openapi.json")
    async def show_description() -> Response:
        return answer(described())

    return router


class Crowd:
    """What the event loop hands over: that it can take no further connection is one line a minute, not thousands."""

    def __init__(self) -> None:
        self._told = -math.inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell it."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _NO_ROOM:
            loop.default_exception_handler(context)
        elif loop.time() >= self._told + CROWDED_EVERY:
            self._told = loop.time()
            advice = "close pages, or allow this process more open files (ulimit -n, LimitNOFILE=)"
            log.error("no further connection can be taken", reason=error.strerror, advice=advice)


class Server(uvicorn.Server):
    """Serves the application until it is told to stop, then for at most STOP_SECONDS more."""

    def __init__(self, app: FastAPI, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        self._live: Live = app.state.live
        self._listen, self._address = listen, app.state.address
        super().__init__(
            uvicorn.Config(
                app,
                host=host.strip("[]"),
                port=int(port),
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen. What the log says of it is so: an address that is taken is no service."""
        asyncio.get_running_loop().set_exception_handler(Crowd())
        try:
            await super().startup(sockets)
        except SystemExit:
            advice = "free the address, or set another server.listen"
            log.error("cannot listen", address=self._listen, advice=advice)
            raise
        if self.started:
            log.info("serving", address=self._address)
            tell_ready()

    def stop(self) -> None:
        """Stop soon, as if told by SIGTERM; from any thread."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop. Open event streams end first: the pages come back to whoever serves next."""
        self._live.close()
        await super().shutdown(sockets)
