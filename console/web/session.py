"""Signing in and out, the language switch, and who is looking at a page."""

from urllib.parse import quote, urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.auth import SESSION_LIFE, Caller, Scope, Sessions, Tokens
from console.web.forms import local_path, read_form
from console.web.language import COOKIE as LANGUAGE_COOKIE
from console.web.language import known
from console.web.render import Renderer
from leitstand import clock

COOKIE = "leitstand_session"
ANYBODY = Caller("console", frozenset({Scope.READ, Scope.ACT}))
_YEAR = 365 * 86_400


class NotSignedIn(Exception):  # noqa: N818  not a fault: the way to the login page
    """A page was asked for by somebody who has not signed in."""


class NotAllowed(Exception):  # noqa: N818
    """Somebody has signed in with a token that lacks the scope."""


class Doorkeeper:
    """Knows who is looking. `sessions` None: everybody who can reach the console may use it."""

    def __init__(self, sessions: Sessions | None) -> None:
        self._sessions = sessions

    def visitor(self, request: Request, scope: Scope = Scope.READ) -> Caller:
        """Whoever sent the request. Raises NotSignedIn, or NotAllowed if their token lacks the scope."""
        if self._sessions is None:
            return ANYBODY
        caller = self._sessions.check(request.cookies.get(COOKIE, ""), clock.now())
        if caller is None:
            raise NotSignedIn
        if not caller.may(scope):
            raise NotAllowed
        return caller


def routes(renderer: Renderer, sessions: Sessions | None, tokens: Tokens, *, secure: bool) -> APIRouter:
    """The routes. `secure`: people reach the console by https, so the cookie never goes without."""
    router = APIRouter(include_in_schema=False)

    def login_page(request: Request, forward: str, *, failed: bool, status: int) -> HTMLResponse:
        context = {"possible": bool(tokens), "failed": failed, "next": forward, "here": f"/login?next={quote(forward)}"}
        return renderer.page(request, "login.html", context, status=status)

    @router.get("/login")
    async def login(request: Request) -> Response:
        forward = local_path(request.query_params.get("next", "/"))
        if sessions is None:
            return RedirectResponse(forward, 303)
        return login_page(request, forward, failed=False, status=200)

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        form = await read_form(request)
        forward = local_path(form.get("next", "/"))
        cookie = sessions.open(form.get("token", "").strip(), form.get("person", ""), clock.now()) if sessions else ""
        if cookie is None:
            return login_page(request, forward, failed=True, status=401)
        response = RedirectResponse(forward, 303)
        life = int(SESSION_LIFE.total_seconds())
        if cookie:
            response.set_cookie(COOKIE, cookie, max_age=life, httponly=True, samesite="strict", secure=secure)
        return response

    @router.post("/logout")
    async def sign_out() -> Response:
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure)
        return response

    @router.post("/language")
    async def switch_language(request: Request) -> Response:
        form = await read_form(request)
        response = RedirectResponse(local_path(form.get("next", "/")), 303)
        if language := known(form.get("language")):
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, httponly=True, samesite="lax", secure=secure)
        return response

    return router


def to_login(request: Request) -> Response:
    """What somebody who has not signed in gets instead of a page.

    A link from a chat message comes from another site, without the strict cookie: one step through a page of our own
    makes the browser send it.
    """
    if "hx-request" in request.headers:
        page = _page_of(request, "hx-current-url")
        return Response(status_code=401, headers={"HX-Redirect": f"/login?next={quote(page, safe='')}"})
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site":
        step = quote(local_path(target), safe="/?&=%")
        again = f'<meta http-equiv="refresh" content="0;url={step.replace("&", "&amp;")}">'
        return HTMLResponse(f"<!doctype html>{again}<title>Leitstand</title>")
    forward = local_path(target) if request.method == "GET" else _page_of(request, "referer")
    return RedirectResponse(f"/login?next={quote(forward, safe='')}", 303)


def _page_of(request: Request, header: str) -> str:
    """The page of this console from which a request came: there people go on."""
    try:
        page = urlsplit(request.headers.get(header, ""))
    except ValueError:
        return "/"
    return local_path(page.path + (f"?{page.query}" if page.query else ""))
