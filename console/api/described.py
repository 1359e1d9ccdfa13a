"""The API's description, served as /api/openapi.json: every path, what it takes, what it answers, with examples."""

from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from typing import Annotated

import msgspec

from console.api import described_escalations
from console.api.answers import Problem
from console.api.callbacks import CallTaken
from console.api.cases import ActionBody
from console.api.hooks import Taken
from console.api.mentions import Ingested
from console.api.regroup import KNOWN
from escalation_bridge.inbound import Body
from leitstand.model import Assessment, CaseSnapshot, CaseState, Event, Mention, MentionKind, Severity, StoryView
from listeners.incoming import MAX_MENTIONS, MAX_TEXT, Address, Channel, Followers, Id, Language, Title
from triage.knowledge.replies import Draft
from triage.knowledge.search import FittingArticle, Lesson, SolvedCase
from triage.ratings import Rating
from triage.views import LARGEST_PAGE, Page

Json = dict[str, object]
_REF = "#/components/schemas/"
When = Annotated[datetime, msgspec.Meta(tz=True)]


class NewAuthor(msgspec.Struct):
    """Who wrote it, as the network says."""

    id: Id | None = None
    handle: Id | None = None
    name: Id | None = None
    followers: Followers | None = None


class NewMention(msgspec.Struct):
    """One post. `channel` and `external_id` identify it for ever: sending it again changes nothing.

    With a later `edited_at`, its new words take the place of the old ones, and it is assessed again. `parent_id` is the
    `external_id` of the post that is answered, `conversation_id` that of the first of the conversation: by them an
    answer that matches no watchlist is kept.
    """

    channel: Channel
    external_id: Annotated[Id, msgspec.Meta(min_length=1)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
    url: Address | None = None
    title: Title | None = None
    created_at: When | None = None
    language: Language | None = None
    kind: MentionKind | None = None
    author: NewAuthor | None = None
    parent_id: Id | None = None
    conversation_id: Id | None = None
    edited_at: When | None = None


class NewMentions(msgspec.Struct):
    """Up to 1,000 posts in one call."""

    mentions: Annotated[list[NewMention], msgspec.Meta(max_length=MAX_MENTIONS)]


class CasePost(msgspec.Struct):
    """One stored post of a case, the listener it came by, and what was understood of it."""

    id: int
    listener: str
    watchlists: list[str]
    own: bool
    mention: Mention
    assessment: Assessment | None


class Knowledge(msgspec.Struct):
    """What is known that may help with a case."""

    cases: list[SolvedCase]
    articles: list[FittingArticle]
    lessons: list[Lesson]
    replies: list[Draft]


class CaseWithTimeline(msgspec.Struct):
    """A case with everything about it. It also has every field of CaseSnapshot, beside these."""

    tags: list[str]
    timeline: list[Event]
    story: StoryView | None
    rating: Rating | None
    mentions: list[CasePost]


_EXAMPLE: Json = {
    "channel": "mastodon",
    "external_id": "115608594025872260",
    "text": "Acme Cloud is down, our shop has been offline for an hour!",
    "url": "https://social.example/@shopkeeper/115608594025872260",
    "created_at": "2026-03-10T09:42:00Z",
    "language": "en",
    "author": {"id": "1141", "handle": "shopkeeper@social.example", "name": "A. Shopkeeper", "followers": 1340},
}


_TOLD = (Ingested, Problem, Page, CaseSnapshot, CaseWithTimeline, Taken, Knowledge, Body, CallTaken)


def document() -> Json:
    """The OpenAPI document."""
    _, schemas = msgspec.json.schema_components(
        (*_TOLD, NewMention, NewMentions, ActionBody),
        ref_template=_REF + "{name}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leitstand",
            "version": version("leitstand"),
            "description": "Hand in posts, read cases, act on them. Every call carries `Authorization: Bearer …`.",
        },
        "paths": {**_paths(), **described_escalations.paths()},
        "components": {
            "schemas": {**described_escalations.schemas(), **schemas},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> Json:
    number = _parameter("number", "path", "The case's number.", {"type": "integer", "minimum": 1})
    return {
        "/api/v1/mentions": {"post": _ingest()},
        "/api/v1/cases": {"get": _list()},
        "/api/v1/cases/{number}": {
            "get": _operation(
                "One case with its timeline, reasons, clocks and posts",
                "read",
                [number],
                {"200": _body("The case.", "CaseWithTimeline", "CaseSnapshot"), **_problems(404)},
            )
        },
        "/api/v1/cases/{number}/knowledge": {
            "get": _operation(
                "Solved cases and articles most like a case, and replies to begin with",
                "read",
                [number],
                {"200": _body("What is known.", "Knowledge"), **_problems(404)},
            )
        },
        "/api/v1/cases/{number}/{action}": {"post": _act(number)},
        "/hooks/{name}": _hooks(),
        "/hooks/{target}/case": {"post": _callback()},
        "/metrics": {"get": _open("Metrics for Prometheus", "text/plain")},
        "/healthz": {"get": _open("Whether the process lives", "application/json")},
        "/readyz": {
            "get": _open(
                "Whether database and Redis can be used, part by part", "application/json", unready="Not ready."
            )
        },
        "/api/openapi.json": {"get": _open("This description", "application/json")},
    }


def _ingest() -> Json:
    content: Json = {
        "schema": {"anyOf": [{"$ref": _REF + "NewMention"}, {"$ref": _REF + "NewMentions"}]},
        "examples": {"one": {"value": _EXAMPLE}, "several": {"value": {"mentions": [_EXAMPLE]}}},
    }
    operation = _operation(
        "Hand in posts: one, or up to 1,000 in one call; answered when they are stored",
        "ingest (or the token of a listener of kind api)",
        [],
        {
            "202": _body("Stored. `rejected` says which were not taken, and why.", "Ingested"),
            "422": _body("None was taken, one by one or as a whole.", "Ingested", "Problem", all_of=False),
            **_problems(400, 408, 413, 415),
        },
    )
    return {**operation, "requestBody": {"required": True, "content": {"application/json": content}}}


def _list() -> Json:
    text: Json = {"type": "string", "maxLength": 100}
    parameters = [
        _parameter("state", "query", "One or more, with commas between.", _choice(s.value for s in CaseState)),
        _parameter("severity", "query", "One or more, with commas between.", _choice(s.value for s in Severity)),
        _parameter("team", "query", "Only this team's.", text),
        _parameter(
            "sort",
            "query",
            "newest, or risk: the open cases most likely to be escalated, whatever else is asked for.",
            {"type": "string", "enum": ["newest", "risk"], "default": "newest"},
        ),
        _parameter("channel", "query", "Only this channel's.", text),
        _parameter("review", "query", "Only those that wait for a person to approve them.", {"type": "boolean"}),
        _parameter(
            "limit", "query", "How many.", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": 50}
        ),
        _parameter("cursor", "query", "The `next` of the page before.", text),
    ]
    answers = {"200": _body("The cases, the newest first; `next` is null at the end.", "Page"), **_problems(422)}
    return _operation("A page of cases", "read", parameters, answers)


def _act(number: Json) -> Json:
    action = _parameter("action", "path", "What to do.", {"type": "string", "enum": list(KNOWN)})
    content: Json = {
        "schema": {"$ref": _REF + "ActionBody"},
        "examples": {
            "note": {"value": {"text": "Called them; a fix is on its way."}},
            "assign": {"value": {"value": "r.castillo"}},
        },
    }
    answers = {"200": _body("The case after it.", "CaseSnapshot"), **_problems(400, 404, 408, 409, 413, 415, 422)}
    told = "Do something to a case; done twice, all but reply, note, escalate, forward and share change nothing"
    operation = _operation(told, "act", [number, action], answers)
    return {**operation, "requestBody": {"required": False, "content": {"application/json": content}}}


def _hooks() -> Json:
    """What a service sends is the service's own, and proves itself by the service's own signature or token."""
    name = _parameter("name", "path", "The listener's name in the configuration.", {"type": "string"})
    taken = _body("Stored; or what the service wants to read.", "Taken")
    challenge: Json = {"description": "What the service wants to read.", "content": {"text/plain": {}}}
    refused = _problems(400, 401, 403, 404, 408, 413, 415, 422, 503)

    def called(summary: str, answered: Json) -> Json:
        described = "As the service documents it; the listener's guide says how to set it up."
        answers = {"200": answered, **refused}
        return {
            "summary": summary, "description": described, "security": [], "parameters": [name], "responses": answers
        }  # fmt: skip

    return {
        "get": called("A service asks whether this address is ours", challenge),
        "post": called("A service tells a listener of something new; answered when it is stored", taken),
    }


def _callback() -> Json:
    target = _parameter("target", "path", "The target's name in the configuration.", {"type": "string"})
    return {
        "summary": "A target tells what became of a case there: accepted, withdrawn or resolved; each id counts once",
        "description": "Signed with the target's callback_secret, as docs/answers.md says.",
        "security": [],
        "parameters": [target],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF + "Body"}}},
        },
        "responses": {"200": _body("Committed.", "CallTaken"), **_problems(400, 401, 404, 408, 413, 415, 422, 503)},
    }


def _operation(summary: str, scope: str, parameters: list[Json], answers: Json) -> Json:
    return {
        "summary": summary,
        "description": f"Scope: {scope}.",
        "security": [{"token": []}],
        "parameters": parameters,
        "responses": {**answers, **_problems(401, 403, 503)},
    }


def _open(summary: str, media: str, unready: str = "") -> Json:
    told = {"200": summary, **({"503": unready} if unready else {})}
    responses = {status: {"description": words, "content": {media: {}}} for status, words in told.items()}
    return {"summary": summary, "security": [], "responses": responses}


def _parameter(name: str, place: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": place, "description": description, "required": place == "path", "schema": schema}


def _choice(values: Iterable[str]) -> Json:
    return {"type": "array", "items": {"type": "string", "enum": list(values)}}


_SAID = {
    400: "Not JSON; says where.",
    401: "No token, or one that is not known.",
    403: "The token lacks the scope.",
    404: "There is no such case or action.",
    408: "The body came too slowly.",
    409: "The case's state does not allow this.",
    413: "The body is too large.",
    415: "The body is packed, or a form with files.",
    422: "Something is wrong with a field; says which.",
    503: "The database is away: try again after Retry-After seconds.",
}


def _problems(*statuses: int) -> Json:
    return {str(status): _body(_SAID[status], "Problem") for status in statuses}


def _body(description: str, *names: str, all_of: bool = True) -> Json:
    refs = [{"$ref": _REF + name} for name in names]
    schema: Json = dict(refs[0]) if len(refs) == 1 else {"allOf" if all_of else "anyOf": refs}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
