"""/metrics, /healthz and /readyz: what orchestrators and Prometheus ask, without a token."""

import asyncio
from collections.abc import Callable, Sequence

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from console.api.answers import answer
from monitoring.health import Part
from monitoring.metrics import CONTENT_TYPE

PATIENCE = 3.0  # seconds; less than the usual patience of those who ask
STUCK = Part(
    "database", "down", f"PostgreSQL or Redis has not answered for {PATIENCE:.0f} s: it hangs, or has too much to do"
)


class _Look:
    """One look at a time, however many ask: a part that hangs holds up one thread, not one more for every question."""

    def __init__(self, health: Callable[[], Sequence[Part]]) -> None:
        self._health = health
        self._going: asyncio.Future[Sequence[Part]] | None = None

    async def parts(self) -> Sequence[Part]:
        """What is found, or that nothing is found in time."""
        if self._going is None or self._going.done():
            self._going = asyncio.ensure_future(run_in_threadpool(self._health))
        looked, _ = await asyncio.wait({self._going}, timeout=PATIENCE)
        return self._going.result() if looked else [STUCK]


def routes(metrics: Callable[[], bytes], health: Callable[[], Sequence[Part]]) -> APIRouter:
    """The routes. `metrics` and `health` read when they are asked."""
    router, look = APIRouter(), _Look(health)

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return Response(await run_in_threadpool(metrics), media_type=CONTENT_TYPE)

    @router.get("/healthz")
    async def alive() -> Response:
        return answer({"status": "alive"})

    @router.get("/readyz")
    async def ready() -> Response:
        parts = await look.parts()
        well = all(part.ready for part in parts)
        said = {part.name: {"ready": part.ready, "state": part.state, "detail": part.detail} for part in parts}
        return answer({"status": "ready" if well else "not ready", "parts": said}, 200 if well else 503)

    return router
