"""The wall: the live list of cases, its counters and filters; and the queue of cases that wait for a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from console.api.desk import Desk, Overview
from console.auth import Scope
from console.web import view
from console.web.live import Live, stream
from console.web.picked import Choice, known, picked
from console.web.render import Renderer, answer
from console.web.session import Doorkeeper
from console.web.shared import Shared
from console.web.troubles import House
from leitstand.language.catalogue import Language
from leitstand.model import CaseState, Severity
from leitstand.settings import Settings

URGENT_SHOWN = 200
PAGE = 100


@dataclass(frozen=True, slots=True)
class Counters:
    """The numbers at the top, of all cases whatever is filtered. `next` is the shown case that falls due first."""

    sev1: int
    unacknowledged: int
    open: int
    missed: int
    review: int
    next_due: datetime | None
    next: view.Next | None


@dataclass(frozen=True, slots=True)
class _Part:
    """All that a part that changes depends on: who sees the same of these sees the same."""

    template: str
    choice: Choice
    language: Language
    may_act: bool
    review: bool


@dataclass(frozen=True, slots=True)
class _Pages:
    """Shows the wall, or the queue of cases that wait for a person. `fixed` is the same whatever is picked."""

    desk: Desk
    renderer: Renderer
    doorkeeper: Doorkeeper
    house: House
    shared: Shared
    fixed: Mapping[str, object]

    async def shown(self, request: Request, template: str, *, review: bool = False) -> Response:
        """The page."""
        caller = self.doorkeeper.visitor(request)
        choice = picked(request)
        context = await run_in_threadpool(self._read, choice, review=review, may_act=caller.may(Scope.ACT))
        refresh = f"{'/review/part' if review else '/board'}{choice.query}"
        return self.renderer.page(request, template, {**context, "refresh": refresh}, caller=caller)

    async def part(self, request: Request, template: str, *, review: bool = False) -> Response:
        """The part of it that changes: the same for all who see the same."""
        may_act = self.doorkeeper.visitor(request).may(Scope.ACT)
        part = _Part(template, picked(request), self.renderer.language(request), may_act, review)
        return answer(await self.shared.get(part, lambda: self._make(part)), part.language)

    def _make(self, part: _Part) -> bytes:
        context = self._read(part.choice, review=part.review, may_act=part.may_act)
        return self.renderer.part(part.template, part.language, context)

    def _read(self, choice: Choice, *, review: bool, may_act: bool) -> dict[str, object]:
        filters, path = choice.filters(review=review), "/review" if review else "/"
        overview = self.desk.overview(URGENT_SHOWN, filters, due_first=choice.due_first)
        cases, more, every = overview.urgent, None, None
        if choice.by_age:
            page = self.desk.cases(filters, cursor=choice.cursor, limit=PAGE)
            cases, more = page.cases, choice.page_after(page.next) if page.next else None
        elif len(cases) == URGENT_SHOWN:
            every = f"{path}{choice.all_by_age}"
        return {
            **self.fixed,
            "cases": view.riskiest_first(cases) if review and not choice.order else cases,
            "more": more and f"{path}{more}",
            "every": every,
            "channels": sorted({o.channel for o in overview.open} | ({choice.channel} - {""})),
            "counters": counters(overview),
            "troubles": self.house.troubles(overview.now),
            "filters": choice,
            "path": path,
            "here": f"{path}{choice.query}",
            "may_act": may_act,
            "section": "review" if review else "cases",
        }


def routes(
    desk: Desk, settings: Settings, renderer: Renderer, doorkeeper: Doorkeeper, live: Live, shared: Shared
) -> APIRouter:
    """The routes of the wall."""
    router = APIRouter(include_in_schema=False)
    pages = _Pages(desk, renderer, doorkeeper, House(desk.database, settings), shared, _fixed(settings))

    @router.get("/")
    async def board(request: Request) -> Response:
        return await pages.shown(request, "board.html")

    @router.get("/board")
    async def board_part(request: Request) -> Response:
        return await pages.part(request, "board_part.html")

    @router.get("/review")
    async def review(request: Request) -> Response:
        return await pages.shown(request, "review.html", review=True)

    @router.get("/review/part")
    async def review_part(request: Request) -> Response:
        return await pages.part(request, "review_part.html", review=True)

    @router.get("/live")
    async def changes(request: Request) -> Response:
        doorkeeper.visitor(request)
        if live.full:
            return PlainTextResponse("too many open pages", 503)
        return stream(live)

    return router


def _fixed(settings: Settings) -> dict[str, object]:
    return {
        "known": known(settings),
        "listeners": sum(listener.enabled for listener in settings.listeners.values()),
        "watchlists": len(settings.watchlists),
    }


def counters(overview: Overview) -> Counters:
    """The numbers at the top of the wall."""
    now = overview.now
    soonest = view.next_due(overview.urgent, now)
    ahead = [now + timedelta(seconds=seconds) for seconds in overview.next_breach.values() if seconds > 0]
    if soonest is not None:
        ahead.append(soonest.due.at)
    first = min(ahead, default=None)
    return Counters(
        sev1=sum(o.count for o in overview.open if o.severity == Severity.SEV1),
        unacknowledged=sum(o.count for o in overview.open if o.state == CaseState.NEW),
        open=sum(o.count for o in overview.open),
        missed=overview.overdue,
        review=overview.review,
        next_due=first,
        next=soonest if soonest is not None and soonest.due.at == first else None,
    )
