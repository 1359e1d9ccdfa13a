"""How the API answers: JSON by msgspec from the words themselves, errors as one sentence with the field it is about."""

import msgspec
from starlette.responses import Response

_encoder = msgspec.json.Encoder()
RETRY_AFTER = {"Retry-After": "5"}


class Problem(msgspec.Struct, omit_defaults=True):
    """The body of every error. `field` names the part of the request that is wrong."""

    error: str
    field: str = ""


class ApiError(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: int, error: str, field: str = "", headers: dict[str, str] | None = None) -> None:
        self.status, self.problem, self.headers = status, Problem(error, field), headers
        super().__init__(error)


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`value` (dataclasses, structs, plain values) as JSON; times are ISO 8601 with Z."""
    return Response(_encoder.encode(value), status, headers, "application/json")


def refuse(error: ApiError) -> Response:
    """The answer to a refused request."""
    return answer(error.problem, error.status, error.headers)
