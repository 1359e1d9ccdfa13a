"""Who is on call, who stands in for whom, and the escalation matrix, in JSON."""

from datetime import datetime

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
from console.api.incidents import decoded
from console.auth import Scope, Tokens
from leitstand import clock
from leitstand.settings import Settings
from triage import overrides
from triage.matrix import Trigger, matrix
from triage.overrides import StandIn


class NewStandIn(msgspec.Struct, forbid_unknown_fields=True):
    """Who stands in on which rota; both times with their offset, `start` by default now."""

    rota: str
    person: str
    end: datetime
    start: datetime | None = None


def routes(desk: Desk, settings: Settings, tokens: Tokens) -> APIRouter:
    """The routes under /api/v1/oncall, and /api/v1/matrix."""
    router = APIRouter(prefix="/api/v1", tags=["escalations"])

    @router.get("/oncall")
    async def on_call(request: Request) -> Response:
        authorised(request, tokens, Scope.READ)
        return answer(await run_in_threadpool(_on_call, desk))

    @router.get("/oncall/overrides")
    async def list_overrides(request: Request) -> Response:
        authorised(request, tokens, Scope.READ)
        return answer({"overrides": await run_in_threadpool(_listed, desk)})

    @router.post("/oncall/overrides")
    async def add_override(request: Request) -> Response:
        caller = authorised(request, tokens, Scope.ACT)
        wanted = decoded(await read_body(request, ACTION_BYTES), NewStandIn)
        return answer(await run_in_threadpool(_add, desk, wanted, caller.actor), 201)

    @router.post("/oncall/overrides/{number}/{action}")
    async def change_override(request: Request, number: str, action: str) -> Response:
        caller = authorised(request, tokens, Scope.ACT)
        if action not in ("remove", "restore"):
            raise ApiError(404, "known: remove, restore", "action")
        return answer(await run_in_threadpool(_put, desk, case_number(number), action, caller.actor))

    @router.get("/matrix")
    async def show_matrix(request: Request) -> Response:
        authorised(request, tokens, Scope.READ)
        return answer({"matrix": await run_in_threadpool(_matrix, desk, settings)})

    return router


def _on_call(desk: Desk) -> dict[str, str | None]:
    now = clock.now()
    with desk.database.connect() as connection:
        policy = overrides.applied(connection, desk.policy, now)
    return {name: rota.on_call(now) for name, rota in policy.rotas.items()}


def _listed(desk: Desk) -> list[StandIn]:
    with desk.database.connect() as connection:
        return overrides.listed(connection, clock.now())


def _add(desk: Desk, wanted: NewStandIn, actor: str) -> StandIn:
    now = clock.now()
    if wanted.end.tzinfo is None or (wanted.start and wanted.start.tzinfo is None):
        raise ApiError(422, "needs its offset, as in 2026-12-24T09:00:00+01:00", "end")
    with desk.database.begin() as connection:
        return overrides.add(
            connection, desk.policy, rota=wanted.rota, person=wanted.person, starts_at=wanted.start or now,
            ends_at=wanted.end, actor=actor, now=now,
        )  # fmt: skip


def _put(desk: Desk, number: int, action: str, actor: str) -> StandIn:
    with desk.database.begin() as connection:
        if action == "restore":
            return overrides.restore(connection, number, now=clock.now())
        return overrides.remove(connection, number, actor=actor)


def _matrix(desk: Desk, settings: Settings) -> tuple[Trigger, ...]:
    now = clock.now()
    with desk.database.connect() as connection:
        return matrix(settings, overrides.applied(connection, desk.policy, now), now)
