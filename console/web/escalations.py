"""Escalations as projects: the riskiest open ones, one with its measures and log, and what was learned."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.api.cases import case_number
from console.api.desk import Desk
from console.auth import Caller, Scope
from console.web.forms import read_form
from console.web.render import Renderer
from console.web.session import Doorkeeper
from escalation_bridge import outbox
from leitstand import clock
from leitstand.errors import InputError, StateError
from triage.projects import acts, opening, views
from triage.projects.acts import Given
from triage.projects.opening import Cause

SHOWN = 100


def routes(desk: Desk, renderer: Renderer, doorkeeper: Doorkeeper) -> APIRouter:
    """The routes of escalations."""
    router = APIRouter(include_in_schema=False)

    @router.get("/escalations")
    async def escalations(request: Request) -> Response:
        caller = doorkeeper.visitor(request)
        words = request.query_params.get("q", "").replace("\0", "").strip()[:200]
        context = {**await run_in_threadpool(read, desk, words), "words": words, "section": "escalations"}
        return renderer.page(request, "escalations.html", context, caller=caller)

    async def shown(request: Request, number: int, caller: Caller, problem: str = "", status: int = 200) -> Response:
        now = clock.now()
        context = {
            "found": await run_in_threadpool(one, desk, number, now),
            "targets": sorted(desk.policy.targets),
            "zone": desk.policy.zone.key,
            "may_act": caller.may(Scope.ACT),
            "problem": problem,
            "section": "escalations",
            "here": f"/escalations/{number}",
        }
        return renderer.page(request, "escalation.html", context, caller=caller, status=status)

    @router.get("/escalations/{number}")
    async def escalation(request: Request, number: str) -> Response:
        return await shown(request, case_number(number), doorkeeper.visitor(request))

    @router.post("/escalations")
    async def open_one(request: Request) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        form = await read_form(request)
        number = await run_in_threadpool(begin, desk, case_number(form.get("case", "")), form.get("title", ""), caller)
        return RedirectResponse(f"/escalations/{number}" if number else "/escalations", 303)

    @router.post("/escalations/{number}/{action}")
    async def do(request: Request, number: str, action: str) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        known, form = case_number(number), await read_form(request)
        try:
            await run_in_threadpool(take, desk, known, action, form, caller.actor)
        except StateError as error:
            return await shown(request, known, caller, str(error), 409)
        except InputError as error:
            return await shown(request, known, caller, str(error), 422)
        return RedirectResponse(f"/escalations/{known}", 303)

    return router


def read(desk: Desk, words: str) -> dict[str, object]:
    """The riskiest open ones; and those that are over, or that say the words."""
    with desk.database.connect() as connection:
        found = views.search(connection, words, SHOWN) if words else views.listed(connection, "closed", SHOWN)
        return {"risky": views.riskiest(connection, clock.now(), SHOWN), "over": found}


def one(desk: Desk, number: int, now: datetime) -> views.Detail:
    """One escalation. Raises NotFoundError."""
    with desk.database.connect() as connection:
        return views.detail(connection, number, now)


def begin(desk: Desk, case: int, title: str, caller: Caller) -> int | None:
    """Open an escalation about a case; None where it has one. Raises NotFoundError."""
    now = clock.now()
    with desk.database.begin() as connection:
        cause = Cause("person", case, title.strip()[:200], actor=caller.actor)
        project, notices = opening.open_(connection, cause, desk.policy, now)
        outbox.add(connection, notices, now)
    return project.number if project else None


def take(desk: Desk, number: int, action: str, form: dict[str, str], actor: str) -> None:
    """Do one action, and put whom to tell into the outbox with it. Raises NotFoundError, StateError or InputError."""
    now = clock.now()
    words = {name: form.get(name, "") for name in ("text", "value", "happened", "why", "change", "by_whom")}
    given = Given(**words, due=until(form.get("due", ""), desk.policy.zone))
    with desk.database.begin() as connection:
        done = acts.act(connection, number, action, given, actor=actor, policy=desk.policy, now=now)
        outbox.add(connection, done.notices, now)


def until(said: str, zone: ZoneInfo) -> datetime | None:
    """The time that a browser's field says, in the desk's zone; None where it says none."""
    try:
        return datetime.fromisoformat(said).replace(tzinfo=zone) if said else None
    except ValueError:
        return None
