"""/hooks/<name>: what services call when there is something new. Answered for only when it is committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import msgspec
import structlog
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from console.api.answers import ApiError, answer
from console.api.body import read_body
from console.api.mentions import Take
from leitstand import clock, plugins
from leitstand.errors import HookRefusedError
from leitstand.settings import ListenerSettings, Settings
from listeners.hooks import HookRequest, Received, Receives

# GitHub's largest call.
HOOK_BYTES = 25_000_000
log = structlog.get_logger()


class Taken(msgspec.Struct):
    """What became of a call: `rejected` says which of its rows were not taken, and why."""

    accepted: int
    duplicates: int
    unmatched: int
    edits: int
    deletes: int
    rejected: list[str]


@dataclass(frozen=True, slots=True)
class _Hook:
    source: Receives
    settings: ListenerSettings


def routes(settings: Settings, take: Take) -> APIRouter:
    """The route. `take` commits a batch of a listener, counts it and enqueues it."""
    router = APIRouter()
    hooks = _hooks(settings)

    def receive(name: str, request: HookRequest) -> Response:
        """Runs in a thread: reading 25 MB would hold up everybody else as much as the commit."""
        hook = hooks[name]
        try:
            received = hook.source.receive(hook.settings, request)
        except HookRefusedError as error:
            log.warning("hook refused", listener=name, status=error.status, reason=str(error))
            raise ApiError(error.status, str(error)) from None
        return _taken(name, received, take)

    @router.api_route("/hooks/{name}", methods=["GET", "POST"])
    async def call(request: Request, name: str) -> Response:
        if name not in hooks:
            raise ApiError(404, "no listener of this name receives webhooks")
        body = await read_body(request, HOOK_BYTES) if request.method == "POST" else b""
        headers = {key.lower(): value for key, value in request.headers.items()}
        method = cast(Literal["GET", "POST"], request.method)
        return await run_in_threadpool(
            receive, name, HookRequest(method, headers, dict(request.query_params), body, clock.now())
        )

    return router


def _hooks(settings: Settings) -> Mapping[str, _Hook]:
    found: dict[str, _Hook] = {}
    for name, listener in settings.listeners.items():
        module = plugins.load(plugins.SOURCES, listener.kind) if listener.enabled else None
        if isinstance(module, Receives):
            found[name] = _Hook(module, listener)
    return found


def _taken(name: str, received: Received, take: Take) -> Response:
    """Commit, then answer."""
    batch, rejected = received.batch, list(received.rejected)
    if rejected:
        log.warning("rows of a hook left out", listener=name, count=len(rejected))
    if batch is None:
        if rejected:
            return answer(Taken(0, 0, 0, 0, 0, rejected), 422)
        return PlainTextResponse(received.said) if received.said else answer(Taken(0, 0, 0, 0, 0, []))
    stored = take(name, batch)
    counts = len(stored.new_ids), stored.duplicates, stored.unmatched, len(batch.edits), len(batch.deletes)
    return answer(Taken(*counts, rejected))
