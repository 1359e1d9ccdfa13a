"""Incidents: what many write about at once, the cases that it gathered, and what was told of it."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.api.cases import case_number
from console.api.desk import Desk
from console.auth import Scope
from console.web.forms import read_form
from console.web.render import Renderer
from console.web.session import Doorkeeper
from escalation_bridge import outbox
from leitstand import clock
from leitstand.errors import StateError
from leitstand.model import CaseSnapshot
from triage.incidents import views
from triage.views import snapshots

SHOWN = 100
WORST_SHOWN = 20


def routes(desk: Desk, renderer: Renderer, doorkeeper: Doorkeeper) -> APIRouter:
    """The routes of incidents."""
    router = APIRouter(include_in_schema=False)

    @router.get("/incidents")
    async def incidents(request: Request) -> Response:
        caller = doorkeeper.visitor(request)
        found = await run_in_threadpool(read, desk)
        context = {"incidents": found, "detects": desk.policy.incidents.enabled, "section": "incidents"}
        return renderer.page(request, "incidents.html", context, caller=caller)

    @router.get("/incidents/{number}")
    async def incident(request: Request, number: str) -> Response:
        caller = doorkeeper.visitor(request)
        found, worst = await run_in_threadpool(one, desk, case_number(number))
        context = {"found": found, "worst": worst, "may_act": caller.may(Scope.ACT), "section": "incidents"}
        return renderer.page(request, "incident.html", context, caller=caller)

    @router.post("/incidents/{number}/close")
    async def close(request: Request, number: str) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        form = await read_form(request)
        why = f"closed by {caller.actor}" + (f": {said}" if (said := form.get("text", "").strip()[:500]) else "")
        await run_in_threadpool(end, desk, case_number(number), why)
        return RedirectResponse(f"/incidents/{number}", 303)

    return router


def read(desk: Desk) -> list[views.Incident]:
    """The newest incidents, over or not."""
    with desk.database.connect() as connection:
        return views.listed(connection, open_only=False, limit=SHOWN)


def one(desk: Desk, number: int) -> tuple[views.Detail, list[CaseSnapshot]]:
    """One incident, and the worst of its cases. Raises NotFoundError."""
    with desk.database.connect() as connection:
        found = views.detail(connection, number)
        worst = found.cases[:WORST_SHOWN]
        cases = snapshots(connection, worst, desk.policy, clock.now())
        return found, [cases[number] for number in worst if number in cases]


def end(desk: Desk, number: int, why: str) -> None:
    """End an incident by hand; one that is over already stays as it is. Raises NotFoundError."""
    now = clock.now()
    with desk.database.begin() as connection:
        try:
            outbox.add(connection, views.close(connection, number, why, desk.policy, now), now)
        except StateError:
            return
