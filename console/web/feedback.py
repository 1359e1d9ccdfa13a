"""The public page behind a feedback link: five scores, room for words, and thanks. It shows nothing of the case."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from console.api.desk import Desk
from console.feedback import Links
from console.web.forms import read_form
from console.web.render import Renderer
from leitstand import clock
from leitstand.errors import InputError, NotFoundError, StateError

SCORES = (1, 2, 3, 4, 5)


def routes(desk: Desk, renderer: Renderer, links: Links) -> APIRouter:
    """The routes of feedback."""
    router = APIRouter(include_in_schema=False)

    def page(request: Request, stage: str, status: int = 200) -> Response:
        return renderer.page(request, "feedback.html", {"stage": stage, "scores": SCORES}, status=status)

    @router.get("/feedback/{token}")
    async def ask(request: Request, token: str) -> Response:
        known = links.number(token, clock.now()) is not None
        return page(request, "ask" if known else "gone", 200 if known else 404)

    @router.post("/feedback/{token}")
    async def take(request: Request, token: str) -> Response:
        number = links.number(token, clock.now())
        if number is None:
            return page(request, "gone", 404)
        form = await read_form(request)
        score = form.get("score", "")
        try:
            await run_in_threadpool(
                desk.rate, number, int(score) if score in map(str, SCORES) else 0, form.get("comment", "")
            )
        except InputError:
            return page(request, "again", 422)
        except StateError:
            return page(request, "open", 409)
        except NotFoundError:
            return page(request, "gone", 404)
        return page(request, "thanks")

    return router
