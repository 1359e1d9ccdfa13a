"""Lets go of what is past `[retention]`: a pass a day, in small transactions, each of which leaves all rows whole.

cases that ended long ago: what targets have of them ─► they, with what is theirs
    ─► posts received long ago that no case holds (any more)

Nothing is kept of how far a pass came: a new sweep begins at the oldest again and finds what is left. Of several
sweeps, each passes over what another one is at.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from escalation_bridge import forgetting
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
from workers.resting import Resting

log = structlog.get_logger()

EVERY = timedelta(days=1)
REST = timedelta(hours=1)
ASKED = timedelta(minutes=10)  # so long targets have to take back what they were asked to
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
    """How far a pass is, and what it has met. `case` and `post` are where to look on; None: there are no more.

    `asked`: cases wait until targets have taken back what they were told of them.
    """

    case: cases.Place | None = field(default_factory=cases.Place)
    post: int | None = 0
    met: Over = Over(0, 0)
    asked: bool = False

    @property
    def over(self) -> bool:
        """Whether all was looked at."""
        return self.case is None and self.post is None


@dataclass
class Retention:
    """One sweeper's. `next_at` is when the next pass begins; one that failed begins anew after its rest."""

    engine: Engine
    limits: settings.Retention
    metrics: Metrics
    targets: Mapping[str, forgetting.Can] = field(default_factory=dict)
    next_at: datetime = _AT_ONCE
    under_way: Pass = field(default_factory=Pass)
    resting: Resting = field(init=False)

    def __post_init__(self) -> None:
        self.resting = Resting(REST, self._failed)

    def step(self, now: datetime) -> None:
        """Let go of a little, if something is due and the line is not behind. Raises OperationalError."""
        if now < self.next_at or not (self.limits.posts or self.limits.cases):
            return
        self.resting.do("retention", self._step, now)

    def _failed(self, _part: str) -> None:
        self.under_way = Pass()
        log.exception("letting go of what is past its limit failed and rests for an hour; deadlines go on")

    def _step(self, now: datetime) -> None:
        with self.engine.begin() as connection:
            if pending.behind(connection, now - BEHIND):
                return
            before, after = self.under_way, self._advance(connection, now)
        self.metrics.let_go.labels("posts").inc(after.met.posts - before.met.posts)
        self.metrics.let_go.labels("cases").inc(after.met.cases - before.met.cases)
        self.under_way = after
        if after.over:
            log.info("let go of what is past its limit", posts=after.met.posts, cases=after.met.cases)
            self.under_way, self.next_at = Pass(), now + (ASKED if after.asked else EVERY)

    def _advance(self, connection: Connection, now: datetime) -> Pass:
        return advance(connection, self.under_way, since(self.limits, now), self.targets, now)


def since(limits: settings.Retention, now: datetime) -> Before:
    """The limits as moments."""
    return Before(now - limits.cases if limits.cases else None, now - limits.posts if limits.posts else None)


def advance(
    connection: Connection, at: Pass, before: Before, targets: Mapping[str, forgetting.Can], now: datetime
) -> Pass:
    """Let go of the next few cases or posts; the pass as it is once the caller commits.

    A case of which these targets have something goes in a later pass, once they have been asked to take it back.
    """
    going, after = _next(connection, at, before, now)
    if at.case is None:
        _let_posts_go(connection, going, now)
        return after
    waiting = forgetting.ask(connection, going, targets, now) if targets and going else set[int]()
    gone = _whole(cases.families(connection, going), set(going) - waiting) if waiting else going
    for number, target in forgetting.not_removed(connection, gone):
        log.warning("a target keeps what it was told of a case that goes", case=number, target=target)
    copies.let_go(connection, gone)
    cases.let_go(connection, gone)
    met = Over(after.met.posts, after.met.cases - len(going) + len(gone))
    return replace(after, met=met, asked=at.asked or bool(waiting))


def over(engine: Engine, limits: settings.Retention, now: datetime) -> Over:
    """What would go by now; nothing is changed. Posts that are held by cases which would go are not among them."""
    at, ended = Pass(), set[int]()
    while not at.over:
        with engine.connect() as connection:
            going, after = _next(connection, at, since(limits, now), now)
            connection.rollback()
        ended |= set(going if at.case else ())  # merged ones are met once each
        at = after
    return Over(at.met.posts, len(ended))


def _next(connection: Connection, at: Pass, before: Before, now: datetime) -> tuple[list[int], Pass]:
    """The next few cases, or posts after all cases, that may go: they are locked. With the pass after them."""
    if at.case is not None:
        ended = cases.look(connection, before.cases, at.case, CASES_AT_ONCE) if before.cases else cases.Window((), None)
        going = _cases(connection, ended.numbers, before.cases, now) if before.cases else []
        return going, replace(at, case=ended.after, met=Over(at.met.posts, at.met.cases + len(going)))
    old = posts.look(connection, before.posts, at.post or 0, POSTS_AT_ONCE) if before.posts else posts.Window((), None)
    going = cases.free(connection, posts.lock(connection, cases.free(connection, old.ids)))
    return going, replace(at, post=old.after, met=Over(at.met.posts + len(going), at.met.cases))


def _cases(connection: Connection, numbers: tuple[int, ...], before: datetime, now: datetime) -> list[int]:
    families = cases.families(connection, numbers)
    may = cases.lock(connection, {number for family in families for number in family}, before)
    may -= copies.busy(connection, sorted(may), now)
    return _whole(families, may)


def _whole(families: Iterable[frozenset[int]], may: Set[int]) -> list[int]:
    """The cases of families that may go as a whole."""
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
