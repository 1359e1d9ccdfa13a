"""The wall: the live list of cases, its counters and filters."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from fastapi import APIRouter
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from console.api.desk import Desk, Overview
from console.web import view
from console.web.live import Live
from console.web.render import Renderer
from console.web.session import Doorkeeper
from leitstand.model import CaseSnapshot, CaseState, Severity
from leitstand.settings import Settings
from triage.policy import DEFAULT_TEAM
from triage.views import Filters

URGENT_SHOWN = 200
PAGE = 100
_LIVE = tuple(state.value for state in CaseState if state in view.LIVE)


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters as picked on the page; "" means all (of the unfinished, for the state)."""

    state: str = ""
    severity: str = ""
    team: str = ""
    channel: str = ""
    cursor: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether nothing is filtered."""
        return self == Choice()

    @property
    def query(self) -> str:
        """The choice as a query string, "" when nothing is filtered."""
        picked = {name: value for name, value in asdict(self).items() if value}
        return f"?{urlencode(picked)}" if picked else ""

    @property
    def filters(self) -> Filters:
        """The choice as triage's filters."""
        states = (self.state,) if self.state else _LIVE
        return Filters(states, (self.severity,) if self.severity else (), self.team or None, self.channel or None)


@dataclass(frozen=True, slots=True)
class Counters:
    """The numbers at the top. `missed` counts among the shown most urgent ones."""

    sev1: int
    unacknowledged: int
    open: int
    missed: int
    next_due: datetime | None


def routes(desk: Desk, settings: Settings, renderer: Renderer, doorkeeper: Doorkeeper, live: Live) -> APIRouter:
    """The routes of the wall."""
    router = APIRouter(include_in_schema=False)
    fixed = {
        "states": list(CaseState),
        "severities": list(Severity),
        "teams": sorted({DEFAULT_TEAM, *settings.teams, *(w.team for w in settings.watchlists)}),
        "listeners": sum(listener.enabled for listener in settings.listeners.values()),
        "watchlists": len(settings.watchlists),
    }

    def read(choice: Choice) -> dict[str, object]:
        overview = desk.overview(URGENT_SHOWN)
        more = None
        cases = overview.urgent
        if not choice.is_plain:
            page = desk.cases(choice.filters, cursor=choice.cursor, limit=PAGE)
            cases = most_urgent_first(page.cases)
            more = f"/{replace(choice, cursor=page.next).query}" if page.next else None
        channels = sorted({o.channel for o in overview.open} | ({choice.channel} - {""}))
        return {
            **fixed,
            "cases": cases,
            "more": more,
            "channels": channels,
            "counters": counters(overview),
            "filters": choice,
            "filtered": not choice.is_plain,
            "refresh": f"/board{choice.query}",
        }

    async def shown(request: Request, template: str) -> Response:
        caller = doorkeeper.visitor(request)
        choice = picked(request)
        context = await run_in_threadpool(read, choice)
        return renderer.page(request, template, {**context, "here": f"/{choice.query}"}, caller=caller)

    @router.get("/")
    async def board(request: Request) -> Response:
        return await shown(request, "board.html")

    @router.get("/board")
    async def board_part(request: Request) -> Response:
        return await shown(request, "board_part.html")

    @router.get("/live")
    async def changes(request: Request) -> Response:
        doorkeeper.visitor(request)
        if live.full:
            return PlainTextResponse("too many open pages", 503)
        return EventSourceResponse(live.changes(), ping=15, send_timeout=30)

    return router


def picked(request: Request) -> Choice:
    """The filters of a page's address; what is not one is left out."""
    query = request.query_params

    def word(name: str) -> str:
        return query.get(name, "").replace("\0", "")[:100]

    state, severity = word("state"), word("severity")
    return Choice(
        state if state in set(CaseState) else "",
        severity if severity in set(Severity) else "",
        word("team"),
        word("channel"),
        word("cursor"),
    )


def most_urgent_first(cases: Sequence[CaseSnapshot]) -> tuple[CaseSnapshot, ...]:
    """The worst severity first, then the soonest deadline."""

    def rank(case: CaseSnapshot) -> tuple[str, bool, float, int]:
        due = view.due(case)
        return case.severity.value, due is None, due.at.timestamp() if due else 0.0, -case.number

    return tuple(sorted(cases, key=rank))


def counters(overview: Overview) -> Counters:
    """The numbers at the top of the wall."""
    now = overview.now
    dues = [due for case in overview.urgent if (due := view.due(case)) is not None]
    ahead = [now + timedelta(seconds=seconds) for seconds in overview.next_breach.values()] + [due.at for due in dues]
    return Counters(
        sev1=sum(o.count for o in overview.open if o.severity == Severity.SEV1),
        unacknowledged=sum(o.count for o in overview.open if o.state == CaseState.NEW),
        open=sum(o.count for o in overview.open),
        missed=sum(due.at <= now for due in dues),
        next_due=min((at for at in ahead if at > now), default=None),
    )
