"""Short ways to use a running console: as a browser that has signed in, and as a program that calls the API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.console.running import ACT, READ, Console

CASES = "/api/v1/cases"
SAME = {"Sec-Fetch-Site": "same-origin"}
HTMX = {**SAME, "HX-Request": "true"}


@contextmanager
def sign_in(console: Console, token: str = ACT, person: str = "Ana Costa") -> Iterator[httpx.Client]:
    """A browser that has signed in."""
    with console.client(**SAME) as client:
        response = client.post("/login", data={"token": token, "person": person, "next": "/"})
        assert response.status_code == 303
        yield client


def get(console: Console, path: str, token: str = READ) -> tuple[int, Any]:
    """The status and the JSON of a GET."""
    with console.client(token) as client:
        response = client.get(path)
    return response.status_code, response.json()


def act(console: Console, number: object, action: str, body: object = None, token: str = ACT) -> tuple[int, Any]:
    """The status and the JSON of an action."""
    with console.client(token) as client:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        response = client.post(f"{CASES}/{number}/{action}", content=content)
    return response.status_code, response.json()
