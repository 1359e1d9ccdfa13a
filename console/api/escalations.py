"""Escalations as projects, and silences, in JSON.

A log that executives may read is part of each escalation: `GET /api/v1/escalations/{number}` needs only `read`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from console.api.access import authorised
from console.api.answers import ApiError, answer
from console.api.body import ACTION_BYTES, read_body
from console.api.cases import LARGEST_NUMBER, case_number
from console.api.desk import Desk
from console.api.incidents import decoded
from console.auth import Scope, Tokens
from escalation_bridge import outbox
from leitstand import clock
from leitstand.errors import StateError
from leitstand.settings import parse_duration
from triage.projects import acts, opening, views
from triage.projects.acts import Given
from triage.projects.opening import Cause
from triage.runs import silences
from triage.runs.silences import Matcher, Silence

T = TypeVar("T")
_LONGEST_SEARCH = 200


class NewEscalation(msgspec.Struct, forbid_unknown_fields=True):
    """Which case it is about, and what it is called (by default as the case)."""

    case: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_NUMBER)]
    title: str = ""


class EscalationAction(msgspec.Struct, forbid_unknown_fields=True):
    """What an action may need; `due` with its offset; the last four on closing."""

    text: str = ""
    value: str = ""
    due: datetime | None = None
    happened: str = ""
    why: str = ""
    change: str = ""
    by_whom: str = ""


class Reopened(msgspec.Struct, forbid_unknown_fields=True):
    """Until when a silence that somebody has ended holds again, with its offset."""

    until: datetime


class NewSilence(msgspec.Struct, forbid_unknown_fields=True):
    """What waits, who answers for it, why, and for how long (`2h`)."""

    matcher: Matcher
    owner: str
    reason: str
    lasts: str


def routes(desk: Desk, tokens: Tokens) -> APIRouter:
    """The routes under /api/v1/escalations and /api/v1/silences."""
    router = APIRouter(prefix="/api/v1", tags=["escalations"])
    _projects(router, desk, tokens)
    _silences(router, desk, tokens)
    return router


def _projects(router: APIRouter, desk: Desk, tokens: Tokens) -> None:
    @router.get("/escalations")
    async def list_escalations(request: Request) -> Response:
        authorised(request, tokens, Scope.READ)
        state, words = request.query_params.get("state", "open"), request.query_params.get("q", "")
        if state not in ("open", "closed", "all", "risky"):
            raise ApiError(422, "must be open, closed, all or risky", "state")
        if len(words) > _LONGEST_SEARCH or "\0" in words:
            raise ApiError(422, f"must have at most {_LONGEST_SEARCH} characters, and no NUL", "q")
        return answer({"escalations": await run_in_threadpool(_listed, desk, state, words)})

    @router.post("/escalations")
    async def open_escalation(request: Request) -> Response:
        caller = authorised(request, tokens, Scope.ACT)
        wanted = decoded(await read_body(request, ACTION_BYTES), NewEscalation)
        return answer(await run_in_threadpool(_open, desk, wanted, caller.actor), 201)

    @router.get("/escalations/{number}")
    async def show_escalation(request: Request, number: str) -> Response:
        authorised(request, tokens, Scope.READ)
        return answer(
            await run_in_threadpool(_reading, desk, lambda c: views.detail(c, case_number(number), clock.now()))
        )

    @router.post("/escalations/{number}/{action}")
    async def act_on_escalation(request: Request, number: str, action: str) -> Response:
        caller = authorised(request, tokens, Scope.ACT)
        said = decoded(await read_body(request, ACTION_BYTES), EscalationAction)
        given = Given(said.text, said.value, said.due, said.happened, said.why, said.change, said.by_whom)
        return answer(await run_in_threadpool(_act, desk, case_number(number), action[:40], given, caller.actor))


def _silences(router: APIRouter, desk: Desk, tokens: Tokens) -> None:
    @router.get("/silences")
    async def list_silences(request: Request) -> Response:
        authorised(request, tokens, Scope.READ)
        return answer({"silences": await run_in_threadpool(_reading, desk, lambda c: silences.listed(c, clock.now()))})

    @router.post("/silences")
    async def add_silence(request: Request) -> Response:
        authorised(request, tokens, Scope.ACT)
        wanted = decoded(await read_body(request, ACTION_BYTES), NewSilence)
        return answer(await run_in_threadpool(_silence, desk, wanted), 201)

    @router.post("/silences/{number}/end")
    async def end_silence(request: Request, number: str) -> Response:
        caller = authorised(request, tokens, Scope.ACT)
        return answer(await run_in_threadpool(_end, desk, case_number(number), caller.actor))

    @router.post("/silences/{number}/reopen")
    async def reopen_silence(request: Request, number: str) -> Response:
        authorised(request, tokens, Scope.ACT)
        until = decoded(await read_body(request, ACTION_BYTES), Reopened).until
        if until.tzinfo is None:
            raise ApiError(422, "needs its offset, as in 2026-12-24T09:00:00+01:00", "until")
        return answer(await run_in_threadpool(_reopen, desk, case_number(number), until))


def _reading(desk: Desk, read: Callable[[Connection], T]) -> T:
    with desk.database.connect() as connection:
        return read(connection)


def _listed(desk: Desk, state: str, words: str) -> object:
    with desk.database.connect() as connection:
        if state == "risky":
            return views.riskiest(connection, clock.now())
        if words:
            return views.search(connection, words)
        return views.listed(connection, None if state == "all" else state)


def _open(desk: Desk, wanted: NewEscalation, actor: str) -> object:
    now = clock.now()
    with desk.database.begin() as connection:
        cause = Cause("person", wanted.case, wanted.title.strip()[:200], actor=actor)
        project, notices = opening.open_(connection, cause, desk.policy, now)
        if project is None:
            raise StateError(f"case {wanted.case} has an open escalation already")
        outbox.add(connection, notices, now)
        return project


def _act(desk: Desk, number: int, action: str, given: Given, actor: str) -> views.Detail:
    now = clock.now()
    with desk.database.begin() as connection:
        done = acts.act(connection, number, action, given, actor=actor, policy=desk.policy, now=now)
        outbox.add(connection, done.notices, now)
        return views.detail(connection, number, now)


def _silence(desk: Desk, wanted: NewSilence) -> Silence:
    try:
        lasts: timedelta = parse_duration(wanted.lasts)
    except ValueError as error:
        raise ApiError(422, str(error), "lasts") from None
    with desk.database.begin() as connection:
        return silences.add(
            connection, wanted.matcher, owner=wanted.owner, reason=wanted.reason, now=clock.now(), lasts=lasts
        )


def _reopen(desk: Desk, number: int, until: datetime) -> Silence:
    with desk.database.begin() as connection:
        return silences.reopen(connection, number, until=until, now=clock.now())


def _end(desk: Desk, number: int, actor: str) -> Silence:
    with desk.database.begin() as connection:
        return silences.end(connection, number, actor=actor, now=clock.now())
