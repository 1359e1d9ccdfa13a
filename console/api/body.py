"""Reads a request's body with a cap on its size and time: counted as it comes, never buffered beyond the cap."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from console.api.answers import ApiError

ACTION_BYTES = 100_000
SECONDS = 60
# A client that is refused before it has sent all sees a reset, not the answer: so a little more is read and dropped.
_DRAIN_FACTOR = 4


async def read_body(request: Request, limit: int, advice: str = "") -> bytes:
    """The body. Raises ApiError 413 when it is larger than `limit` bytes, 408 when it takes too long, 415 if packed.

    `advice` is what to do about a body that is too large.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "send the body as it is, without Content-Encoding", "Content-Encoding")
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise ApiError(415, "send JSON (Content-Type: application/json), not a form with files", "Content-Type")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limit:
                    chunks.append(chunk)
                else:
                    chunks.clear()
                if size > limit * _DRAIN_FACTOR:
                    break
    except TimeoutError:
        raise ApiError(408, f"the body did not come within {SECONDS} seconds") from None
    except ClientDisconnect:
        raise ApiError(400, "the connection ended before the body did") from None
    if size > limit:
        raise ApiError(413, f"the body is larger than {limit:,} bytes{advice}")
    return b"".join(chunks)
