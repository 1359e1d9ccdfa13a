"""Incidents in JSON: those that are open (`?state=all`: all), one with its moments and cases, ending one by hand."""

from typing import TypeVar

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from console.api.access import authorised
from console.api.answers import ApiError, answer
from console.api.body import ACTION_BYTES, read_body
from console.api.cases import case_number
from console.api.desk import Desk
from console.auth import Scope, Tokens
from escalation_bridge import outbox
from leitstand import clock
from triage.incidents import views

T = TypeVar("T")


class EndIncident(msgspec.Struct, forbid_unknown_fields=True):
    """Why an incident is ended."""

    text: str = ""


def routes(desk: Desk, tokens: Tokens) -> APIRouter:
    """The routes under /api/v1/incidents."""
    router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

    @router.get("")
    async def list_incidents(request: Request) -> Response:
        authorised(request, tokens, Scope.READ)
        state = request.query_params.get("state", "open")
        if state not in ("open", "all"):
            raise ApiError(422, "must be open or all", "state")
        return answer({"incidents": await run_in_threadpool(_listed, desk, state == "open")})

    @router.get("/{number}")
    async def show_incident(request: Request, number: str) -> Response:
        authorised(request, tokens, Scope.READ)
        return answer(await run_in_threadpool(_detail, desk, case_number(number)))

    @router.post("/{number}/close")
    async def close_incident(request: Request, number: str) -> Response:
        caller = authorised(request, tokens, Scope.ACT)
        said = decoded(await read_body(request, ACTION_BYTES), EndIncident).text
        why = f"closed by {caller.actor}{f': {said}' if said else ''}"
        return answer(await run_in_threadpool(_close, desk, case_number(number), why))

    return router


def decoded(body: bytes, kind: type[T]) -> T:
    """The body as its type; an empty one has all defaults. Raises ApiError."""
    try:
        found = msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise ApiError(422, str(error), "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"not valid JSON: {error}", "body") from None
    if b"\\u0000" in body:
        raise ApiError(422, "must not contain NUL characters", "body")
    return found


def _listed(desk: Desk, open_only: bool) -> list[views.Incident]:
    with desk.database.connect() as connection:
        return views.listed(connection, open_only=open_only)


def _detail(desk: Desk, number: int) -> views.Detail:
    with desk.database.connect() as connection:
        return views.detail(connection, number)


def _close(desk: Desk, number: int, why: str) -> views.Detail:
    now = clock.now()
    with desk.database.begin() as connection:
        outbox.add(connection, views.close(connection, number, why, desk.policy, now), now)
        return views.detail(connection, number)
