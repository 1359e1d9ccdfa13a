"""POST /api/v1/mentions: posts come in, and are answered for only when they are committed."""

from collections.abc import Callable

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from console.api.access import authorised
from console.api.answers import ApiError, answer
from console.api.body import read_body
from console.auth import Scope, Tokens
from leitstand import clock
from leitstand.errors import InputError
from listeners.contract import Batch
from listeners.incoming import MAX_BODY_BYTES, as_batch, decode
from listeners.store import Stored

Take = Callable[[str, Batch], Stored]


class Rejected(msgspec.Struct):
    """A mention that was not taken: its place in the call (from 0), and why, the field named."""

    index: int
    error: str


class Ingested(msgspec.Struct):
    """What became of a call's mentions. `unmatched` matched no watchlist and are not kept.

    `accepted` are new, or have been edited since they were taken: they are assessed now.
    """

    accepted: int
    duplicates: int
    unmatched: int
    rejected: list[Rejected]


def routes(tokens: Tokens, take: Take) -> APIRouter:
    """The route. `take` commits a batch of a listener, counts it and enqueues it."""
    router = APIRouter()

    def ingest(listener: str, body: bytes) -> tuple[Ingested, int]:
        """Runs in a thread: decoding 20 MB would hold up everybody else as much as the commit."""
        try:
            incoming = decode(body, clock.now())
        except InputError as error:
            raise ApiError(422 if error.field else 400, str(error), error.field) from None
        rejected = [Rejected(r.index, r.error) for r in incoming.rejected]
        if not incoming.mentions:
            return Ingested(0, 0, 0, rejected), 422 if rejected else 202
        stored = take(listener, as_batch(incoming.mentions))
        return Ingested(len(stored.waiting), stored.duplicates, stored.unmatched, rejected), 202

    @router.post("/api/v1/mentions")
    async def post_mentions(request: Request) -> Response:
        caller = authorised(request, tokens, Scope.INGEST)
        body = await read_body(request, MAX_BODY_BYTES, "; send fewer mentions in one call")
        ingested, status = await run_in_threadpool(ingest, caller.name, body)
        return answer(ingested, status)

    return router
