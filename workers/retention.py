"""Lets go of what is past `[retention]`: a pass a day, in small transactions, each of which leaves all rows whole.

cases that ended long ago, with what is theirs ─► posts received long ago that no case holds (any more)

Nothing is kept of how far a pass came: a new sweep begins at the oldest again and finds what is left. Of several
sweeps, each passes over what another one is at.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from escalation_bridge import retention as copies
from leitstand import settings
from listeners import erasure, pending
from listeners import retention as posts
from monitoring.metrics import Metrics
from nlp import store as assessments
from triage import ratings
from triage import retention as cases
from triage.stories import ageing
from workers import digests

log = structlog.get_logger()

EVERY = timedelta(days=1)
REST = timedelta(hours=1)
BEHIND = timedelta(seconds=2)  # what waits so long makes this wait
CASES_AT_ONCE = 50
POSTS_AT_ONCE = 500
_AT_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Over:
    """How much is past its limit."""

    posts: int
    cases: int


@dataclass(frozen=True, slots=True)
class Before:
    """The moments before which a case must have ended and a post been received to go; None: none goes."""

    cases: datetime | None
    posts: datetime | None


@dataclass(frozen=True, slots=True)
class Pass:
    """How far a pass is, and what it has met. `case` and `post` are where to look on; None: there are no more."""

    case: cases.Place | None = field(default_factory=cases.Place)
    post: int | None = 0
    met: Over = Over(0, 0)

    @property
    def over(self) -> bool:
        """Whether all was looked at."""
        return self.case is None and self.post is None


@dataclass
class Retention:
    """One sweeper's. `next_at` is when the next pass begins, or the one that failed begins anew."""

    engine: Engine
    limits: settings.Retention
    metrics: Metrics
    next_at: datetime = _AT_ONCE
    under_way: Pass = field(default_factory=Pass)

    def step(self, now: datetime) -> None:
        """Let go of a little, if something is due and the line is not behind. Raises OperationalError."""
        if now < self.next_at or not (self.limits.posts or self.limits.cases):
            return
        try:
            self._step(now)
        except OperationalError:
            raise
        except Exception:  # a fault here must not make deadlines late
            self.under_way, self.next_at = Pass(), now + REST
            log.exception("letting go of what is past its limit failed and rests for an hour; deadlines go on")

    def _step(self, now: datetime) -> None:
        with self.engine.begin() as connection:
            if pending.behind(connection, now - BEHIND):
                return
            before, after = self.under_way, advance(connection, self.under_way, since(self.limits, now), now)
        self.metrics.let_go.labels("posts").inc(after.met.posts - before.met.posts)
        self.metrics.let_go.labels("cases").inc(after.met.cases - before.met.cases)
        self.under_way = after
        if after.over:
            log.info("let go of what is past its limit", posts=after.met.posts, cases=after.met.cases)
            self.under_way, self.next_at = Pass(), now + EVERY


def since(limits: settings.Retention, now: datetime) -> Before:
    """The limits as moments."""
    return Before(now - limits.cases if limits.cases else None, now - limits.posts if limits.posts else None)


def advance(connection: Connection, at: Pass, before: Before, now: datetime) -> Pass:
    """Let go of the next few cases or posts; the pass as it is once the caller commits."""
    going, after = _next(connection, at, before)
    if at.case is None:
        _let_posts_go(connection, going, now)
    else:
        copies.let_go(connection, going)
        cases.let_go(connection, going)
    return after


def over(engine: Engine, limits: settings.Retention, now: datetime) -> Over:
    """What would go by now; nothing is changed. Posts that are held by cases which would go are not among them."""
    at, ended = Pass(), set[int]()
    while not at.over:
        with engine.connect() as connection:
            going, after = _next(connection, at, since(limits, now))
            connection.rollback()
        ended |= set(going if at.case else ())  # merged ones are met once each
        at = after
    return Over(at.met.posts, len(ended))


def _next(connection: Connection, at: Pass, before: Before) -> tuple[list[int], Pass]:
    """The next few cases, or posts after all cases, that may go: they are locked. With the pass after them."""
    if at.case is not None:
        ended = cases.look(connection, before.cases, at.case, CASES_AT_ONCE) if before.cases else cases.Window((), None)
        going = _cases(connection, ended.numbers, before.cases) if before.cases else []
        return going, Pass(ended.after, at.post, Over(at.met.posts, at.met.cases + len(going)))
    old = posts.look(connection, before.posts, at.post or 0, POSTS_AT_ONCE) if before.posts else posts.Window((), None)
    going = cases.free(connection, posts.lock(connection, cases.free(connection, old.ids)))
    return going, Pass(None, old.after, Over(at.met.posts + len(going), at.met.cases))


def _cases(connection: Connection, numbers: tuple[int, ...], before: datetime) -> list[int]:
    families = cases.families(connection, numbers)
    may = cases.lock(connection, {number for family in families for number in family}, before)
    may -= copies.busy(connection, sorted(may))
    return sorted({number for family in families if family <= may for number in family})


def _let_posts_go(connection: Connection, ids: list[int], now: datetime) -> None:
    if not ids:
        return
    erasure.erase(connection, ids, now)
    posts.forget_checks(connection, ids)
    assessments.remove(connection, ids)
    digests.erase(connection, ids)
    ratings.forget(connection, ids)
    ageing.let_go(connection, ids)
