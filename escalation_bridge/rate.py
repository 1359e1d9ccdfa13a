"""A target's rate: at most so many a second, with one second's worth at once, whoever sends.

What is left is a row, so that all senders of a target share it and a restart fills nothing up. It is taken from in the
transaction that claims what is sent. One clock measures it, PostgreSQL's, however those of the hosts may differ.
"""

from typing import Final

from sqlalchemy import Connection

from leitstand.errors import LeitstandError
from leitstand.statements import Statement

# A clock that was set back would let nothing through until it caught up: what it was set back by has passed as well.
_LEFT: Final = (
    "least(CAST(:most AS double precision), r.tokens + CAST(:rate AS double precision)"
    " * abs(extract(epoch FROM clock_timestamp() - r.at)::double precision))"
)
_READ = Statement(f"SELECT {_LEFT} FROM target_rates AS r WHERE target = :target")  # noqa: S608  our own words
_TAKE = Statement(f"""
    INSERT INTO target_rates AS r (target, tokens, at)
    VALUES (:target, CAST(:most AS double precision) - CAST(:taken AS integer), clock_timestamp())
    ON CONFLICT (target) DO UPDATE SET tokens = {_LEFT} - CAST(:taken AS integer), at = clock_timestamp()
    WHERE {_LEFT} >= CAST(:taken AS integer)
""")  # noqa: S608


class SpentError(LeitstandError):
    """Another sender took what was left meanwhile: what was claimed for it is not to be sent now."""


def left(connection: Connection, target: str, rate: float) -> float:
    """How many may be sent now, as far as one knows who has not taken them."""
    rows = _READ.rows(connection, {"target": target, "rate": rate, "most": _most(rate)})
    return float(rows[0][0]) if rows else _most(rate)


def take(connection: Connection, target: str, rate: float, taken: int) -> None:
    """Take as many. Raises SpentError if they are not there any more."""
    if not _TAKE.run(connection, {"target": target, "rate": rate, "most": _most(rate), "taken": taken}):
        raise SpentError(target)


def wait(left: float, rate: float) -> float:
    """Seconds until one may be sent."""
    return max(0.0, 1.0 - left) / rate


def _most(rate: float) -> float:
    return max(1.0, rate)
