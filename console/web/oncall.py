"""Who is on call, now and next, and who stands in for whom: with a way back from every step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.api.cases import case_number
from console.api.desk import Desk
from console.auth import Caller, Scope
from console.web.escalations import until
from console.web.forms import read_form
from console.web.render import Renderer
from console.web.session import Doorkeeper
from leitstand import clock
from leitstand.errors import InputError
from triage import overrides, remote_calendars
from triage.overrides import StandIn
from triage.policy import Policy
from triage.remote_calendars import Copy


@dataclass(frozen=True, slots=True)
class Duty:
    """One rota: whose it is, who is on call, who comes next and when, and who stands in.

    `stale` is its calendar on the net where the last look at it failed; its last good copy counts.
    """

    rota: str
    teams: tuple[str, ...]
    now: str | None
    next_at: datetime | None
    next: str | None
    stand_ins: tuple[StandIn, ...]
    stale: Copy | None = None


def routes(desk: Desk, renderer: Renderer, doorkeeper: Doorkeeper) -> APIRouter:
    """The routes of who is on call."""
    router = APIRouter(include_in_schema=False)

    async def shown(request: Request, caller: Caller, problem: str = "", status: int = 200) -> Response:
        now = clock.now()
        context = {
            "duties": await run_in_threadpool(read, desk, now),
            "targets": sorted(desk.policy.targets),
            "zone": desk.policy.zone.key,
            "did": request.query_params.get("did", ""),
            "number": request.query_params.get("number", ""),
            "may_act": caller.may(Scope.ACT),
            "problem": problem,
            "section": "duty",
            "here": "/oncall",
        }
        return renderer.page(request, "oncall.html", context, caller=caller, status=status)

    @router.get("/oncall")
    async def oncall(request: Request) -> Response:
        return await shown(request, doorkeeper.visitor(request))

    @router.post("/oncall/{rota}/override")
    async def add(request: Request, rota: str) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        form = await read_form(request)
        try:
            added = await run_in_threadpool(stand_in, desk, rota, form, caller.actor)
        except InputError as error:
            return await shown(request, caller, str(error), 422)
        return RedirectResponse(f"/oncall?did=added&number={added.id}", 303)

    @router.post("/oncall/overrides/{number}/remove")
    async def remove(request: Request, number: str) -> Response:
        caller, known = doorkeeper.visitor(request, Scope.ACT), case_number(number)
        await run_in_threadpool(put, desk, known, caller.actor, back=False)
        return RedirectResponse(f"/oncall?did=removed&number={known}", 303)

    @router.post("/oncall/overrides/{number}/restore")
    async def restore(request: Request, number: str) -> Response:
        caller, known = doorkeeper.visitor(request, Scope.ACT), case_number(number)
        await run_in_threadpool(put, desk, known, caller.actor, back=True)
        return RedirectResponse(f"/oncall?did=added&number={known}", 303)

    return router


def read(desk: Desk, now: datetime) -> list[Duty]:
    """Every rota as it stands, those of the desk included."""
    with desk.database.connect() as connection:
        policy = overrides.applied(connection, desk.policy, now)
        found = overrides.listed(connection, now)
        stale = {n: c for n, c in remote_calendars.copies(connection, policy.rotas).items() if c.error}
    return duties(policy, found, stale, now)


def duties(policy: Policy, found: list[StandIn], stale: Mapping[str, Copy], now: datetime) -> list[Duty]:
    """What the page tells of each rota."""
    told: list[Duty] = []
    for name, turns in policy.rotas.items():
        teams = tuple(team for team, entry in policy.teams.items() if entry.rota == name)
        at, person = turns.next_change(now) or (None, None)
        stand_ins = tuple(s for s in found if s.rota == name)
        told.append(Duty(name, teams, turns.on_call(now), at, person, stand_ins, stale.get(name)))
    return told


def stand_in(desk: Desk, rota: str, form: dict[str, str], actor: str) -> StandIn:
    """Let somebody stand in, from now on if no start is said. Raises NotFoundError or InputError."""
    now = clock.now()
    starts, ends = (until(form.get(name, ""), desk.policy.zone) for name in ("start", "end"))
    with desk.database.begin() as connection:
        return overrides.add(
            connection, desk.policy, rota=rota, person=form.get("person", ""), starts_at=starts or now,
            ends_at=ends or now, actor=actor, now=now,
        )  # fmt: skip


def put(desk: Desk, number: int, actor: str, *, back: bool) -> StandIn:
    """Remove an override, or put it back. Raises NotFoundError."""
    with desk.database.begin() as connection:
        if back:
            return overrides.restore(connection, number, now=clock.now())
        return overrides.remove(connection, number, actor=actor)
