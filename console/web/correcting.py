"""What a person says is true of a post: kept for training beside what was understood. The case stays as it is."""

from fastapi import APIRouter
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.api.cases import case_number
from console.auth import Scope
from console.web.forms import read_form
from console.web.session import Doorkeeper
from leitstand import clock
from leitstand.errors import InputError, NotFoundError
from leitstand.model import Intent, Sentiment, Urgency
from nlp import labels
from nlp.labels import Label
from triage import timeline
from triage.splitting import mentions_of
from triage.timeline import Line


def routes(database: Engine, doorkeeper: Doorkeeper) -> APIRouter:
    """The route of corrections."""
    router = APIRouter(include_in_schema=False)

    @router.post("/cases/{number}/posts/{mention}/correct")
    async def take(request: Request, number: str, mention: str) -> Response:
        caller = doorkeeper.visitor(request, Scope.ACT)
        known, post = case_number(number), case_number(mention)
        said = label(await read_form(request))
        await run_in_threadpool(correct, database, known, post, said, caller.actor)
        return RedirectResponse(f"/cases/{known}#post-{post}", 303)

    return router


def label(form: dict[str, str]) -> Label:
    """What a form says. Raises InputError for what is no choice of it."""
    sentiment, urgency, reply = form.get("sentiment", ""), form.get("urgency", ""), form.get("needs_reply", "")
    intents = [name for name in form.get("intents", "").split(",") if name]
    if sentiment not in set(Sentiment):
        raise InputError(f"must be one of: {', '.join(Sentiment)}", "sentiment")
    if urgency not in {str(level.value) for level in Urgency}:
        raise InputError("must be from 0 to 3", "urgency")
    if reply not in ("yes", "no"):
        raise InputError("must be yes or no", "needs_reply")
    if not set(intents) <= set(Intent):
        raise InputError(f"must be some of: {', '.join(Intent)}", "intents")
    found = tuple(intent for intent in Intent if intent in intents)
    return Label(Sentiment(sentiment), Urgency(int(urgency)), found, reply == "yes")


def correct(database: Engine, number: int, mention: int, said: Label, actor: str) -> None:
    """Keep it with who said so and when, and note it on the timeline. Raises NotFoundError."""
    now = clock.now()
    with database.begin() as connection:
        if mention not in mentions_of(connection, number):
            raise NotFoundError(f"case {number} has no post {mention}")
        labels.correct(connection, mention, said, actor, now)
        words = f"what was understood of a post was corrected by {actor}: {_words(said)}"
        timeline.append(connection, [Line(number, "corrected", now, words, actor, {"mention": str(mention)})])


def _words(said: Label) -> str:
    urgency = "" if said.urgency is None else said.urgency.name.lower()
    parts = [f"sentiment {said.sentiment}", f"urgency {urgency}", *(said.intents or ())]
    return ", ".join([*parts, "wants an answer" if said.needs_reply else "wants no answer"])
