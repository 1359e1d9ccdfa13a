"""How a network calls us: what was not taken is sent again so many times, then never."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leitstand import clock
from listeners.hooks import HookRequest
from tests.listeners.worlds.world import Deliver


def nobody(request: HookRequest) -> int:
    """Whoever has not said where to call is not there."""
    raise ConnectionError("nobody is called")


@dataclass
class Caller:
    """`tries`: so often a call is sent until it is taken."""

    tries: int
    deliver: Deliver = nobody

    def call(self, request: HookRequest) -> bool:
        """Whether it was taken in the end."""
        return any(self._taken(request) for _ in range(self.tries))

    def _taken(self, request: HookRequest) -> bool:
        try:
            return 200 <= self.deliver(request) < 300
        except ConnectionError:
            return False


def posted(body: Any, headers: Mapping[str, str], secret: str = "", header: str = "x-hub-signature-256") -> HookRequest:
    """A call with a JSON body, signed if there is a secret."""
    content = json.dumps(body).encode()
    mark = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    signed = {header: f"sha256={mark}"} if secret else {}
    return HookRequest("POST", {"content-type": "application/json", **headers, **signed}, {}, content, clock.now())
