"""/metrics, /healthz and /readyz: what orchestrators and Prometheus ask, without a token."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from console.api.answers import answer
from monitoring.health import Part

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def routes(metrics: Callable[[], bytes], health: Callable[[], Sequence[Part]]) -> APIRouter:
    """The routes. `metrics` and `health` read when they are asked."""
    router = APIRouter()

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return Response(await run_in_threadpool(metrics), media_type=METRICS_TYPE)

    @router.get("/healthz")
    async def alive() -> Response:
        return answer({"status": "alive"})

    @router.get("/readyz")
    async def ready() -> Response:
        parts = await run_in_threadpool(health)
        well = all(part.ready for part in parts)
        said = {part.name: {"ready": part.ready, "state": part.state, "detail": part.detail} for part in parts}
        return answer({"status": "ready" if well else "not ready", "parts": said}, 200 if well else 503)

    return router
