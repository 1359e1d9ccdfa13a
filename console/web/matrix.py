"""The escalation matrix as a page: what sets a policy off, its levels, and who is told, as a table and as a picture."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from console.api.desk import Desk
from console.drawing.matrix import picture
from console.web.render import Renderer
from console.web.session import Doorkeeper
from leitstand import clock
from leitstand.settings import Settings
from triage import overrides
from triage.matrix import Trigger, matrix


def routes(desk: Desk, settings: Settings, renderer: Renderer, doorkeeper: Doorkeeper) -> APIRouter:
    """The routes of the matrix."""
    router = APIRouter(include_in_schema=False)

    @router.get("/matrix")
    async def page(request: Request) -> Response:
        caller = doorkeeper.visitor(request)
        rows = await run_in_threadpool(read, desk, settings)
        most = max((len(row.levels) for row in rows), default=0)
        context = {"rows": rows, "most": most, "section": "duty"}
        return renderer.page(request, "matrix.html", context, caller=caller)

    @router.get("/matrix.svg")
    async def drawn(request: Request) -> Response:
        doorkeeper.visitor(request)
        rows = await run_in_threadpool(read, desk, settings)
        return Response(picture(rows, renderer.sentences(request)), media_type="image/svg+xml")

    return router


def read(desk: Desk, settings: Settings) -> tuple[Trigger, ...]:
    """All rows, with who is on call now."""
    now = clock.now()
    with desk.database.connect() as connection:
        return matrix(settings, overrides.applied(connection, desk.policy, now), now)
