"""One case's page: why it is as it is, its clocks, posts and timeline, and the buttons."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.api.cases import case_number
from console.api.desk import CaseFile, Desk
from console.auth import Caller, Scope
from console.feedback import Links
from console.web.forms import local_path, read_form
from console.web.render import Renderer
from console.web.session import Doorkeeper
from console.web.words import WAITS_FOR
from leitstand import clock
from leitstand.errors import InputError, StateError
from leitstand.model import Assessment, CaseSnapshot, Intent, MatchedMention, Sentiment, Severity, Urgency
from nlp.labels import Given


def routes(desk: Desk, renderer: Renderer, doorkeeper: Doorkeeper, links: Links) -> APIRouter:
    """The routes of a case."""
    router = APIRouter(include_in_schema=False)

    policies = sorted(set(desk.policy.escalation) - set(Severity))
    fixed = {
        "waits_for": tuple(WAITS_FOR.items()),
        "targets": sorted(desk.policy.targets),
        "policies": policies,
        "sentiments": tuple(Sentiment),
        "urgencies": tuple(Urgency),
        "intents": tuple(Intent),
    }

    async def shown(
        request: Request,
        template: str,
        number: int,
        caller: Caller,
        *,
        problem: str = "",
        typed: str = "",
        status: int = 200,
    ) -> Response:
        file = await run_in_threadpool(desk.case, number)
        context = {
            **fixed,
            "case": file.detail.case,
            "events": file.detail.events,
            "tags": file.detail.tags,
            "story": file.detail.story,
            "told": file.told,
            "rating": file.detail.rating,
            "worse": _worse(file.detail.case),
            "posts": _posts(file),
            "left_out": len(file.detail.mentions) - len(file.mentions),
            "may_act": caller.may(Scope.ACT),
            "rate_link": links.link(number, clock.now()),
            "problem": problem,
            "typed": typed,
            "section": "cases",
            "here": f"/cases/{number}",
        }
        return renderer.page(request, template, context, caller=caller, status=status)

    @router.get("/cases/{number}")
    async def case(request: Request, number: str) -> Response:
        return await shown(request, "case.html", case_number(number), doorkeeper.visitor(request))

    @router.get("/cases/{number}/part")
    async def case_part(request: Request, number: str) -> Response:
        return await shown(request, "case_part.html", case_number(number), doorkeeper.visitor(request))

    @router.get("/cases/{number}/knowledge")
    async def knowledge(request: Request, number: str) -> Response:
        caller, wanted = doorkeeper.visitor(request), case_number(number)
        known = await run_in_threadpool(desk.knowledge, wanted)
        found = {"number": wanted, "found": known.found, "replies": known.replies, "may_act": caller.may(Scope.ACT)}
        template = "knowledge_part.html" if "hx-request" in request.headers else "knowledge.html"
        return renderer.page(request, template, {**found, "section": "cases"}, caller=caller)

    @router.post("/cases/{number}/{action}")
    async def do(request: Request, number: str, action: str) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        form = await read_form(request)
        known, problem, status = case_number(number), "", 200
        text, value = form.get("text", ""), caller.actor if "mine" in form else form.get("value", "")
        try:
            await run_in_threadpool(desk.act, known, action, actor=caller.actor, text=text, value=value)
        except StateError as error:
            problem, status = str(error), 409
        except InputError as error:
            problem, status = str(error), 422
        part = "hx-request" in request.headers
        if problem or part:
            template = "case_part.html" if part else "case.html"
            # What was written is not lost by a refusal.
            typed = text if problem else ""
            return await shown(request, template, known, caller, problem=problem, typed=typed, status=status)
        return RedirectResponse(local_path(form.get("next", f"/cases/{known}")), 303)

    return router


def _posts(file: CaseFile) -> list[tuple[MatchedMention, Assessment | None, Given | None]]:
    """The posts in the order in which they were written, what was understood of them, and what people corrected."""
    written = sorted(file.mentions, key=lambda m: (m.mention.created_at, m.id))
    return [(m, file.assessments.get(m.id), file.given.get(m.id)) for m in written]


def _worse(case: CaseSnapshot) -> list[Severity]:
    """What the case can be escalated to: one step worse first, then the worst, then what it is."""
    return [severity for severity in reversed(Severity) if severity < case.severity] or [case.severity]
