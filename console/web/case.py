"""One case's page: why it is as it is, its clocks, posts and timeline, and the buttons."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.api.cases import case_number
from console.api.desk import FIRST_SHOWN, CaseFile, Desk
from console.auth import Caller, Scope
from console.feedback import Links
from console.web.forms import local_path, read_form
from console.web.render import Renderer
from console.web.session import Doorkeeper
from console.web.words import WAITS_FOR
from leitstand import clock
from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import Assessment, CaseSnapshot, Intent, MatchedMention, Sentiment, Severity, Urgency
from nlp.labels import Given

# These are sent with what stands in the box. The other forms of a page that is not loaded anew keep their own words.
_BOXED = frozenset({"note", "acknowledge", "reply", "resolve", "reopen", "close", "resume"})
_WORDLESS = frozenset({"acknowledge", "resume"})  # these take no words of their own


@dataclass(frozen=True, slots=True)
class _Pages:
    """Shows a case. `fixed` is what can be chosen on every case's page."""

    desk: Desk
    renderer: Renderer
    doorkeeper: Doorkeeper
    links: Links
    fixed: Mapping[str, object]

    async def shown(
        self,
        request: Request,
        template: str,
        number: int,
        caller: Caller,
        *,
        problem: str = "",
        typed: str = "",
        status: int = 200,
    ) -> Response:
        """The page, or the part of it that changes. `typed` is what was written when it was refused."""
        file = await run_in_threadpool(self.desk.case, number)
        context = {
            **self.fixed,
            **_told(file),
            "may_act": caller.may(Scope.ACT),
            "rate_link": self.links.link(number, clock.now()),
            "problem": problem,
            "typed": typed,
            "section": "cases",
            "here": f"/cases/{number}",
        }
        return self.renderer.page(request, template, context, caller=caller, status=status)

    async def known(self, request: Request, number: int) -> Response:
        """What may help with it."""
        caller = self.doorkeeper.visitor(request)
        known = await run_in_threadpool(self.desk.knowledge, number)
        found = {"number": number, "found": known.found, "replies": known.replies, "may_act": caller.may(Scope.ACT)}
        template = "knowledge_part.html" if "hx-request" in request.headers else "knowledge.html"
        return self.renderer.page(request, template, {**found, "section": "cases"}, caller=caller)

    async def acted(self, request: Request, number: int, action: str) -> Response:
        """Do it, and show what came of it. What was written is not lost by a refusal."""
        caller = self.doorkeeper.visitor(request, Scope.ACT)
        form, part = await read_form(request), "hx-request" in request.headers
        problem, status = await run_in_threadpool(_do, self.desk, number, action, form, caller)
        if problem or part:
            template = "case_part.html" if part else "case.html"
            typed = form.get("text", "") if problem and (action in _BOXED or not part) else ""
            return await self.shown(request, template, number, caller, problem=problem, typed=typed, status=status)
        return RedirectResponse(local_path(form.get("next", f"/cases/{number}")), 303)


def routes(desk: Desk, renderer: Renderer, doorkeeper: Doorkeeper, links: Links) -> APIRouter:
    """The routes of a case."""
    router = APIRouter(include_in_schema=False)
    pages = _Pages(desk, renderer, doorkeeper, links, _fixed(desk))

    @router.get("/cases/{number}")
    async def case(request: Request, number: str) -> Response:
        return await pages.shown(request, "case.html", case_number(number), doorkeeper.visitor(request))

    @router.get("/cases/{number}/part")
    async def case_part(request: Request, number: str) -> Response:
        return await pages.shown(request, "case_part.html", case_number(number), doorkeeper.visitor(request))

    @router.get("/cases/{number}/knowledge")
    async def knowledge(request: Request, number: str) -> Response:
        return await pages.known(request, case_number(number))

    @router.post("/cases/{number}/{action}")
    async def do(request: Request, number: str, action: str) -> Response:
        return await pages.acted(request, case_number(number), action)

    return router


def _fixed(desk: Desk) -> Mapping[str, object]:
    return {
        "waits_for": tuple(WAITS_FOR.items()),
        "targets": sorted(desk.policy.targets),
        "policies": sorted(set(desk.policy.escalation) - set(Severity)),
        "sentiments": tuple(Sentiment),
        "urgencies": tuple(Urgency),
        "intents": tuple(Intent),
    }


def _told(file: CaseFile) -> Mapping[str, object]:
    """What the page tells of the case."""
    return {
        "case": file.detail.case,
        "events": file.detail.events,
        "tags": file.detail.tags,
        "story": file.detail.story,
        "told": file.told,
        "rating": file.detail.rating,
        "worse": _worse(file.detail.case),
        "posts": _posts(file),
        "left_out": _left_out(file),
        "first_shown": FIRST_SHOWN,
    }


def _left_out(file: CaseFile) -> int:
    known, shown = len(file.detail.mentions), len(file.mentions)
    return max(file.detail.case.mention_count, known) - shown if known > shown else 0


def _do(desk: Desk, number: int, action: str, form: Mapping[str, str], caller: Caller) -> tuple[str, int]:
    """Do an action: what is wrong with it, and the status; no words where it is done.

    What stood in the box is kept as a note where the action itself makes nothing of it.
    """
    text, value = form.get("text", ""), caller.actor if "mine" in form else form.get("value", "")
    try:
        acted = desk.act(number, action, actor=caller.actor, text=text, value=value)
        if text.strip() and (action in _WORDLESS or not acted.changed):
            desk.act(number, "note", actor=caller.actor, text=text)
    except StateError as error:
        return str(error), 409
    except NotFoundError as error:  # another case than this one, which is shown
        return str(error), 404
    except InputError as error:
        return str(error), 422
    return "", 200


def _posts(file: CaseFile) -> list[tuple[MatchedMention, Assessment | None, Given | None]]:
    """The posts in the order in which they were written, what was understood of them, and what people corrected."""
    written = sorted(file.mentions, key=lambda m: (m.mention.created_at, m.id))
    return [(m, file.assessments.get(m.id), file.given.get(m.id)) for m in written]


def _worse(case: CaseSnapshot) -> list[Severity]:
    """What the case can be escalated to: one step worse first, then the worst, then what it is."""
    return [severity for severity in reversed(Severity) if severity < case.severity] or [case.severity]
