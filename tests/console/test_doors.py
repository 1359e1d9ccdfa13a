"""Whoever has not said who they are gets in nowhere but where everybody may: a new page or call is found here."""

import re

from tests.console.running import Console, routes
from tests.console.visiting import SAME

OPEN = {"/login", "/logout", "/language", "/metrics", "/healthz", "/readyz", "/api/openapi.json"}
SIGNED = ("/hooks/", "/feedback/")  # whoever calls has a signature, or a signed link


def test_nobody_gets_in_unknown(console: Console) -> None:
    asked = [
        (method, re.sub(r"{\w+}", "1", route.path))
        for route in routes(console)
        if route.path not in OPEN and not route.path.startswith(SIGNED)
        for method in sorted(route.methods - {"HEAD"})
    ]
    assert len(asked) > 50
    with console.client() as client:
        answers = {one: client.request(*one, headers=SAME) for one in asked}
    let_in = [
        one
        for one, answer in answers.items()
        if answer.status_code not in (401, 403)
        and not (answer.status_code == 303 and answer.headers["location"].startswith("/login"))
    ]
    assert let_in == []
