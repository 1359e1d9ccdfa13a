"""Silences: which steps wait, who answers for it, until when. Each step has a way back."""

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
from console.web.forms import read_form
from console.web.picked import known
from console.web.render import Renderer
from console.web.session import Doorkeeper
from leitstand import clock
from leitstand.errors import InputError, NotFoundError
from leitstand.settings import Settings, parse_duration
from triage.runs import silences
from triage.runs.silences import Matcher, Silence

LENGTHS = ("30m", "1h", "2h", "4h", "8h", "1d", "3d", "7d")


@dataclass(frozen=True, slots=True)
class _Page:
    """Shows the silences. `fixed` is what can be chosen for any."""

    desk: Desk
    renderer: Renderer
    fixed: Mapping[str, object]

    async def shown(
        self,
        request: Request,
        caller: Caller,
        *,
        typed: Mapping[str, str] | None = None,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        """`typed` is what was written when it was refused."""
        query = request.query_params
        context = {
            **self.fixed,
            "silences": await run_in_threadpool(read, self.desk),
            "typed": typed or {},
            "did": query.get("did", ""),
            "number": query.get("number", ""),
            "until": query.get("until", "")[:40],
            "may_act": caller.may(Scope.ACT),
            "problem": problem,
        }
        return self.renderer.page(request, "silences.html", context, caller=caller, status=status)


def routes(desk: Desk, settings: Settings, renderer: Renderer, doorkeeper: Doorkeeper) -> APIRouter:
    """The routes of silences."""
    router = APIRouter(include_in_schema=False)
    page = _Page(desk, renderer, _fixed(settings))

    @router.get("/silences")
    async def silenced(request: Request) -> Response:
        return await page.shown(request, doorkeeper.visitor(request))

    @router.post("/silences")
    async def add(request: Request) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        form = await read_form(request)
        try:
            added = await run_in_threadpool(begin, desk, form, caller.actor)
        except InputError as error:
            return await page.shown(request, caller, typed=form, problem=str(error), status=422)
        return RedirectResponse(f"/silences?did=added&number={added.id}", 303)

    @router.post("/silences/{number}/end")
    async def end(request: Request, number: str) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        before = await run_in_threadpool(finish, desk, case_number(number), caller.actor)
        return RedirectResponse(
            f"/silences?did=ended&number={before.id}&until={before.ends_at:%Y-%m-%dT%H:%M:%SZ}", 303
        )

    @router.post("/silences/{number}/reopen")
    async def reopen(request: Request, number: str) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        form, wanted = await read_form(request), case_number(number)
        try:
            await run_in_threadpool(undo, desk, wanted, form.get("until", ""))
        except InputError as error:
            return await page.shown(request, caller, problem=str(error), status=422)
        return RedirectResponse("/silences", 303)

    return router


def _fixed(settings: Settings) -> dict[str, object]:
    return {
        "lengths": [(name, parse_duration(name)) for name in LENGTHS],
        "policies": sorted(settings.escalation),
        "known": known(settings),
        "section": "duty",
        "here": "/silences",
    }


def read(desk: Desk) -> list[Silence]:
    """Those that are open or will be."""
    with desk.database.connect() as connection:
        return silences.listed(connection, clock.now())


def matcher(form: dict[str, str]) -> Matcher:
    """What the form says is meant. Raises InputError for a case that is no number."""
    try:
        cases = tuple(int(said) for said in form.get("cases", "").replace("#", " ").replace(",", " ").split())
    except ValueError:
        raise InputError("must be the numbers of cases", "cases") from None
    severities, teams, watchlists, channels, policies = (
        tuple(said for said in form.get(name, "").split(",") if said)
        for name in ("severity", "team", "watchlist", "channel", "policy")
    )
    return Matcher(severities, teams, watchlists, channels, policies, cases)


def begin(desk: Desk, form: dict[str, str], actor: str) -> Silence:
    """Begin a silence. Raises InputError."""
    lasts = form.get("lasts", "")
    with desk.database.begin() as connection:
        return silences.add(
            connection,
            matcher(form),
            owner=form.get("owner", "") or actor,
            reason=form.get("reason", ""),
            now=clock.now(),
            lasts=parse_duration(lasts if lasts in LENGTHS else LENGTHS[0]),
        )


def finish(desk: Desk, number: int, actor: str) -> Silence:
    """End it; as it was before. Raises NotFoundError."""
    now = clock.now()
    with desk.database.begin() as connection:
        before = next((silence for silence in silences.listed(connection, now) if silence.id == number), None)
        if before is None:
            raise NotFoundError(f"there is no open silence {number}")
        silences.end(connection, number, actor=actor, now=now)
    return before


def undo(desk: Desk, number: int, said: str) -> Silence:
    """Let it hold again until then. Raises NotFoundError or InputError."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InputError("must be a time with its offset", "until")
    with desk.database.begin() as connection:
        return silences.reopen(connection, number, until=at, now=clock.now())
