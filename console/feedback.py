"""Signed public links by which the author of a solved case rates it: `…/feedback/27.67f3a1c0.<signature>`.

A link is for one case and ends on a day. Whoever has it can rate that case, and learns nothing of it.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_PURPOSE = b"leitstand feedback "
_BYTES = 16
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links and reads them. `key` is the console's own; `base` its address as people reach it."""

    key: bytes
    base: str
    valid: timedelta

    def link(self, number: int, now: datetime) -> str:
        """The address at which a case can be rated."""
        said = f"{number}.{int((now + self.valid).timestamp()):x}"
        return f"{self.base}/feedback/{said}.{self._sign(said)}"

    def number(self, token: str, now: datetime) -> int | None:
        """The case that a link is for; None for one that is not ours, or has ended."""
        said, _, signature = token[:_LONGEST].rpartition(".")
        if not hmac.compare_digest(self._sign(said).encode(), signature.encode()):
            return None
        number, _, ends = said.partition(".")
        return int(number) if now <= datetime.fromtimestamp(int(ends, 16), UTC) else None

    def _sign(self, said: str) -> str:
        digest = hmac.digest(self.key, _PURPOSE + said.encode(), "sha256")[:_BYTES]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
