"""What a request gets when it fails: a JSON sentence under /api, a page that says what to do elsewhere."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from psycopg.errors import DiskFull, UndefinedColumn, UndefinedTable
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from console.api.answers import RETRY_AFTER, ApiError, refuse
from console.methods import allowed
from console.web.guard import HEADERS, Refuse
from console.web.render import Renderer
from console.web.session import NotAllowed, NotSignedIn, to_login
from leitstand.errors import InputError, NotFoundError, ServiceError, StateError
from leitstand.language.words import N_

log = structlog.get_logger()
Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

NOT_MIGRATED = "the database is not the one this version needs: run `leitstand db upgrade`"
AWAY = "the database cannot be reached; nothing was stored: try again"
FULL = "the database has no room left on its disk; nothing was stored: make room"
_JSON = ("/api/", "/metrics", "/healthz", "/readyz", "/hooks/")
_TITLES = {
    403: N_("You may not do this"),
    404: N_("There is nothing here"),
    405: N_("There is nothing here"),
    503: N_("The database is away"),
}
_TEXTS = {
    403: N_("Your token lets you look, but not act. Sign in with a token that has the scope act."),
    404: N_("What you look for does not exist, or the address is mistyped."),
    405: N_("What you look for does not exist, or the address is mistyped."),
    503: N_("Nothing is stored until it is back. Leitstand takes in again what comes then, and this page looks again."),
}
_UNREADY = (
    N_("Leitstand is not ready yet"),
    N_("Its database is of another version. Whoever runs Leitstand has to run: leitstand db upgrade"),
)
_FULL = (
    N_("The database has no room left"),
    N_("Nothing can be stored until its disk has room again. Tell those who run Leitstand."),
)
_REFUSED = (400, 409, 413, 422)  # the sentence itself says what was wrong
_OTHER_TITLE = N_("That did not work")
_OTHER_TEXT = N_("Leitstand has logged what went wrong. If it happens again, tell those who run it.")
_LOOK_AGAIN = 10  # seconds after which a page that failed for now asks again by itself


def handlers(renderer: Renderer) -> dict[int | type[Exception], Handler]:
    """What to answer to each kind of failure."""

    async def fail(request: Request, error: Exception) -> Response:
        refused = _as_api_error(error)
        if refused.status == 405:
            refused.headers = {"Allow": allowed(request)}
        if refused.status >= 500:
            log.error(
                "request failed", path=request.url.path, reason=type(getattr(error, "orig", None) or error).__name__
            )
        if request.url.path.startswith(_JSON):
            return refuse(refused)
        return _page(renderer, request, refused)

    async def unexpected(request: Request, error: Exception) -> Response:
        response = await fail(request, error)  # the server logs the traceback
        response.headers.update(HEADERS)  # this one does not pass the guard on its way out
        return response

    async def sign_in(request: Request, error: Exception) -> Response:
        return to_login(request)

    known = (ApiError, InputError, NotFoundError, StateError, ServiceError, HTTPException, NotAllowed)
    away = (OperationalError, InterfaceError, PoolTimeoutError, ProgrammingError)
    return {**dict.fromkeys((*known, *away), fail), NotSignedIn: sign_in, Exception: unexpected}


def refusals(renderer: Renderer) -> Refuse:
    """What the guard answers to a request that it does not let in: the same, to browsers on a page."""

    def refused(request: Request, status: int, error: str) -> Response:
        if request.url.path.startswith(_JSON) or "text/html" not in request.headers.get("accept", ""):
            return refuse(ApiError(status, error))
        words = {"title": renderer.say(request, _OTHER_TITLE), "text": renderer.say(request, error)}
        return renderer.page(request, "message.html", {**words, "retry": False, "again": 0}, status=status)

    return refused


def _as_api_error(error: Exception) -> ApiError:
    match error:
        case ApiError():
            return error
        case InputError():
            return ApiError(422, str(error), error.field)
        case NotFoundError():
            return ApiError(404, str(error))
        case StateError():
            return ApiError(409, str(error))
        case NotAllowed():
            return ApiError(403, "this token lacks the scope")
        case HTTPException():
            return ApiError(error.status_code, str(error.detail), headers=dict(error.headers or {}))
        case ServiceError():
            return ApiError(503, str(error), headers=RETRY_AFTER)
        case OperationalError() if isinstance(error.orig, DiskFull):
            return ApiError(503, FULL, headers=RETRY_AFTER)
        case OperationalError() | InterfaceError() | PoolTimeoutError():
            return ApiError(503, AWAY, headers=RETRY_AFTER)
        case ProgrammingError() if isinstance(error.orig, UndefinedTable | UndefinedColumn):
            return ApiError(503, NOT_MIGRATED, headers=RETRY_AFTER)
    return ApiError(500, "Leitstand failed; its log says why")


def _words(refused: ApiError) -> tuple[str, str]:
    if str(refused) == FULL:
        return _FULL
    if str(refused) == NOT_MIGRATED:
        return _UNREADY
    return _TITLES.get(refused.status, _OTHER_TITLE), _TEXTS.get(refused.status, _OTHER_TEXT)


def _page(renderer: Renderer, request: Request, refused: ApiError) -> Response:
    title, text = (renderer.say(request, words) for words in _words(refused))
    if refused.status in _REFUSED:
        text = renderer.sentences(request)(str(refused))
    template = "message_part.html" if "hx-request" in request.headers else "message.html"
    retry = refused.status >= 500 and request.method == "GET"
    again = _LOOK_AGAIN if retry and refused.status == 503 else 0
    context = {"title": title, "text": text, "retry": retry, "again": again}
    return renderer.page(request, template, context, status=refused.status)
