"""The cases in JSON: a page of them, one of them, and what can be done to one."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from console.api.access import authorised
from console.api.answers import ApiError, answer
from console.api.body import ACTION_BYTES, read_body
from console.api.desk import CaseFile, Desk
from console.api.regroup import KNOWN
from console.auth import Scope, Tokens
from leitstand.model import Assessment, CaseSnapshot, CaseState, Event, MatchedMention, Mention, Severity
from triage.views import LARGEST_PAGE, Filters, Page

_PARAMETERS = ("state", "severity", "team", "channel", "review", "sort", "limit", "cursor")
LARGEST_NUMBER = 2**63 - 1


class ActionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What an action may need: words for the timeline, and whom, where or what."""

    text: str = ""
    value: str = ""


class CaseMention(msgspec.Struct):
    """One post of a case, and what was understood of it."""

    id: int
    listener: str
    watchlists: tuple[str, ...]
    own: bool
    mention: Mention
    assessment: Assessment | None


def routes(desk: Desk, tokens: Tokens) -> APIRouter:
    """The routes under /api/v1/cases."""
    router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

    @router.get("")
    async def list_cases(request: Request) -> Response:
        authorised(request, tokens, Scope.READ)
        filters, cursor, limit = _wanted(request)
        if request.query_params.get("sort", "newest") == "risk":
            return answer(Page(await run_in_threadpool(desk.riskiest, limit), None))
        page = await run_in_threadpool(desk.cases, filters, cursor=cursor, limit=limit)
        return answer(page)

    @router.get("/{number}")
    async def show_case(request: Request, number: str) -> Response:
        authorised(request, tokens, Scope.READ)
        return answer(_full(await run_in_threadpool(desk.case, case_number(number))))

    @router.get("/{number}/knowledge")
    async def show_knowledge(request: Request, number: str) -> Response:
        authorised(request, tokens, Scope.READ)
        known = await run_in_threadpool(desk.knowledge, case_number(number))
        found = known.found
        told = {"cases": found.cases, "articles": found.articles, "lessons": found.lessons, "replies": known.replies}
        return answer(told)

    @router.post("/{number}/{action}")
    async def act_on_case(request: Request, number: str, action: str) -> Response:
        caller = authorised(request, tokens, Scope.ACT)
        if action not in KNOWN:
            raise ApiError(404, f"there is no action “{action[:40]}”; known: {', '.join(KNOWN)}", "action")
        body = _action_body(await read_body(request, ACTION_BYTES))
        acted = await run_in_threadpool(
            desk.act, case_number(number), action, actor=caller.actor, text=body.text, value=body.value
        )
        return answer({**_fields(acted.case), "changed": acted.changed})

    return router


def case_number(said: str) -> int:
    """The number in a path. Raises ApiError 404 for what cannot be one."""
    if not (said.isascii() and said.isdigit()) or int(said[:20]) > LARGEST_NUMBER:
        raise ApiError(404, f"there is no case “{said[:40]}”", "number")
    return int(said[:20])


def _wanted(request: Request) -> tuple[Filters, str, int]:
    """Which cases the query string asks for."""
    query = request.query_params
    for name in query:
        if name not in _PARAMETERS:
            raise ApiError(422, f"unknown parameter; known: {', '.join(_PARAMETERS)}", name[:40])
    if query.get("sort", "newest") not in ("newest", "risk"):
        raise ApiError(422, "must be newest or risk", "sort")
    filters = Filters(
        _several(query.getlist("state"), CaseState, "state"),
        _several(query.getlist("severity"), Severity, "severity"),
        _clean(query.get("team", ""), "team") or None,
        _clean(query.get("channel", ""), "channel") or None,
        review=_yes(query.get("review", "false"), "review"),
    )
    return filters, _clean(query.get("cursor", ""), "cursor"), _limit(query.get("limit", "50"))


def _several(said: Iterable[str], allowed: type[StrEnum], field: str) -> tuple[str, ...]:
    """The values, given several times or with commas between."""
    values = tuple(value for part in said for value in part.split(",") if value)
    known = [member.value for member in allowed]
    if any(value not in known for value in values):
        raise ApiError(422, f"must be one or more of: {', '.join(known)}", field)
    return values


def _yes(said: str, field: str) -> bool:
    if said not in ("true", "false"):
        raise ApiError(422, "must be true or false", field)
    return said == "true"


def _clean(said: str, field: str) -> str:
    if len(said) > 100 or "\0" in said:
        raise ApiError(422, "must have at most 100 characters, and no NUL", field)
    return said


def _limit(said: str) -> int:
    if not (said.isascii() and said.isdigit()) or not 1 <= int(said[:9]) <= LARGEST_PAGE:
        raise ApiError(422, f"must be a number from 1 to {LARGEST_PAGE}", "limit")
    return int(said[:9])


def _action_body(body: bytes) -> ActionBody:
    try:
        return msgspec.json.decode(body, type=ActionBody) if body.strip() else ActionBody()
    except msgspec.ValidationError as error:
        raise ApiError(422, f'{error}; the body is {{"text": "…", "value": "…"}}, both optional', "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"not valid JSON: {error}", "body") from None


def _fields(case: CaseSnapshot) -> dict[str, object]:
    return {name: getattr(case, name) for name in CaseSnapshot.__dataclass_fields__}


def _full(file: CaseFile) -> dict[str, object]:
    detail = file.detail
    timeline: tuple[Event, ...] = detail.events
    posts = [_mention(m, file.assessments.get(m.id)) for m in file.mentions]
    told = {"tags": detail.tags, "timeline": timeline, "story": detail.story, "rating": detail.rating}
    return {**_fields(detail.case), **told, "mentions": posts}


def _mention(matched: MatchedMention, assessment: Assessment | None) -> CaseMention:
    return CaseMention(matched.id, matched.listener, matched.watchlists, matched.own, matched.mention, assessment)
