"""/hooks/<target>/case: a target's system tells what became of a case there. Answered after the commit."""

from collections.abc import Mapping

import msgspec
import structlog
from fastapi import APIRouter
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from console.api.answers import ApiError, answer
from console.api.body import ACTION_BYTES, read_body
from console.api.desk import Desk
from escalation_bridge import inbound
from escalation_bridge.inbound import Call
from leitstand import clock
from leitstand.errors import HookRefusedError, NotFoundError
from leitstand.model import CaseState
from leitstand.settings import Settings


class CallTaken(msgspec.Struct):
    """The case after the call; `changed` is False for one that came before, or about a case that is over."""

    case: int
    state: CaseState
    changed: bool


log = structlog.get_logger()


def routes(desk: Desk, settings: Settings) -> APIRouter:
    """The route."""
    router = APIRouter()
    secrets: Mapping[str, SecretStr] = {
        name: target.callback_secret for name, target in settings.targets.items() if target.callback_secret
    }

    @router.post("/hooks/{target}/case")
    async def call(request: Request, target: str) -> Response:
        if target not in secrets:
            raise ApiError(404, "no target of this name takes calls: it needs a callback_secret")
        headers = {key.lower(): value for key, value in request.headers.items()}
        body = await read_body(request, ACTION_BYTES)
        try:
            told = inbound.read(target, secrets[target], Call(headers, body, clock.now()))
            acted = await run_in_threadpool(desk.answered, told)
        except HookRefusedError as error:
            log.warning("call of a target refused", target=target, status=error.status, reason=str(error))
            raise ApiError(error.status, str(error)) from None
        except NotFoundError as error:
            raise ApiError(404, str(error), "case") from None
        return answer(CallTaken(acted.case.number, acted.case.state, acted.changed))

    return router
