"""Who is heard and who is told: each part of each listener, its gaps, what waits, each target and its dead letters."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.auth import Scope
from console.offline.listening import PartStatus, put_together
from console.web.forms import read_form
from console.web.render import Renderer
from console.web.session import Doorkeeper
from escalation_bridge import ledger
from escalation_bridge.ledger import Entry, TargetSummary
from leitstand import clock
from leitstand.settings import Settings
from listeners import budget, cursors, gaps, pending
from listeners.gaps import Gap
from listeners.pending import Backlog

LETTERS_SHOWN = 100
GAPS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """How everything is at one moment. `gaps` are the newest first."""

    parts: list[PartStatus]
    gaps: list[Gap]
    backlog: Backlog
    targets: list[TargetSummary]
    letters: list[Entry]
    now: datetime


def routes(database: Engine, settings: Settings, renderer: Renderer, doorkeeper: Doorkeeper) -> APIRouter:
    """The routes of listeners and targets."""
    router = APIRouter(include_in_schema=False)

    async def shown(request: Request, template: str) -> Response:
        caller = doorkeeper.visitor(request)
        seen = await run_in_threadpool(look, database, settings)
        context = {"seen": seen, "may_act": caller.may(Scope.ACT), "section": "listeners", "here": "/listeners"}
        return renderer.page(request, template, context, caller=caller)

    @router.get("/listeners")
    async def listening(request: Request) -> Response:
        return await shown(request, "listeners.html")

    @router.get("/listeners/part")
    async def listening_part(request: Request) -> Response:
        return await shown(request, "listeners_part.html")

    @router.post("/deliveries/retry")
    async def retry(request: Request) -> Response:
        doorkeeper.visitor(request, Scope.ACT)
        form = await read_form(request)
        await run_in_threadpool(put_back, database, form.get("target", ""), form.get("id", ""))
        return RedirectResponse("/listeners#targets", 303)

    return router


def look(database: Engine, settings: Settings) -> Seen:
    """How everything is now; a target that has nothing to tell is there, too."""
    now = clock.now()
    with database.connect() as connection:
        recent = gaps.recent(connection, now)
        states, budgets = cursors.states(connection), budget.budgets(connection, now)
        told = {summary.target: summary for summary in ledger.summary(connection)}
        backlog = pending.backlog(connection)
        letters = ledger.list_deliveries(connection, state="dead", limit=LETTERS_SHOWN)
    configured = [name for name, entry in settings.listeners.items() if entry.enabled]
    quiet = (TargetSummary(name, 0, 0, 0, None, 0, None, "") for name in settings.targets if name not in told)
    targets = sorted((*told.values(), *quiet), key=lambda target: target.target)
    parts = put_together(configured, states, recent, budgets, now)
    return Seen(parts, list(reversed(recent))[:GAPS_SHOWN], backlog, targets, letters, now)


def put_back(database: Engine, target: str, delivery: str) -> int:
    """Send a target's dead letters again, or one of them; how many. Nothing that cannot be one is asked for."""
    known = [int(delivery)] if delivery.isascii() and delivery.isdigit() and len(delivery) < 19 else None
    if not target and known is None:
        return 0
    with database.begin() as connection:
        return ledger.retry_dead(connection, clock.now(), ids=known, target=target or None)
