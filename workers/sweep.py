"""The role `sweep`: what must happen because time passes. Any number of sweeps may run; each thing happens once.

due clocks fire (`deadlines`) · steps of escalations are taken (`escalation_steps`)
· incidents, escalations and risks are looked at beside that (`watch`)
· mentions that no job carries any more are enqueued again, and answers that overtook the post they answer
· what only served to find stories that are closed by now is let go, and what is past `[retention]` (`retention`)
"""

import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from redis import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from escalation_bridge import forgetting
from leitstand import clock
from leitstand.clock import NEVER, is_due
from listeners import pending
from monitoring.metrics import Metrics, open_metrics
from triage import overtaken
from triage.firing import Due
from triage.policy import Policy, compile_policy
from triage.runs.store import DueRun
from triage.stories import store as stories
from workers import queues, setup, succession
from workers.apart import Apart
from workers.deadlines import Deadlines
from workers.escalation_steps import EscalationSteps
from workers.logs import configure_logging
from workers.queues import AssessQueue
from workers.resting import Resting
from workers.retention import Retention
from workers.watch import EVERY, Aside, Looks, Watch

log = structlog.get_logger()

TICK = 0.2  # a clock must fire within 1 s of falling due
LOOK_FOR_LOST = timedelta(seconds=1)
LOST_AFTER = timedelta(seconds=10)
COMMIT_TO_ENQUEUE = timedelta(seconds=5)  # a row is stamped when stored, its job a moment later
WITHOUT_REDIS = timedelta(seconds=5)
LOOK_FOR_OVERTAKEN = timedelta(seconds=5)
FORGET_STORIES = timedelta(minutes=10)
ENQUEUE_AT_ONCE = 2000
AFTER_TROUBLE = 1.0
REST = timedelta(seconds=5)
LEAVE = 5.0
PATIENCE = 0.3  # with Redis: a clock that falls due meanwhile must still fire within a second


def lost_before(now: datetime, head_enqueued_at: datetime | None) -> datetime:
    """Pending mentions last enqueued before this have no job any more.

    The queue is first in, first out: what was enqueued after the job that comes next is still waiting its turn, however
    long the backlog. What was enqueued before it had its turn; ten seconds on, the worker that took it is dead.
    """
    turn_passed = now - LOST_AFTER
    return min(turn_passed, head_enqueued_at - COMMIT_TO_ENQUEUE) if head_enqueued_at else turn_passed


def _told(part: str) -> None:
    log.exception("a part of the sweep failed and rests; the others go on", part=part, rests_s=REST.seconds)


@dataclass
class Sweep:
    """One sweeper. `lost_at` is when it last looked for lost mentions, `redis_gone_at` when it could not, `forgot_at`
    when it last let old stories go, `settled_at` when it last looked for overtaken answers. A part of it that meets a
    fault that nobody foresaw rests for a little.
    """

    engine: Engine
    queue: AssessQueue
    policy: Policy
    metrics: Metrics
    watch: Looks
    retention: Retention
    lost_at: datetime = field(default_factory=clock.now)
    redis_gone_at: datetime = NEVER
    forgot_at: datetime = field(default_factory=clock.now)
    watched_at: datetime = field(default_factory=clock.now)
    settled_at: datetime = field(default_factory=clock.now)
    resting: Resting = field(default_factory=lambda: Resting(REST, _told))
    deadlines: Apart[Due] = field(init=False)
    steps: Apart[DueRun] = field(init=False)

    def __post_init__(self) -> None:
        self.deadlines = Apart("deadlines", Deadlines(self.engine, self.policy, self.metrics))
        self.steps = Apart("steps", EscalationSteps(self.engine, self.policy))

    def tick(self) -> bool:
        """Do what is due now. True if there was so much that the next tick should come at once."""
        now = clock.now()
        due = [self.resting.do(timely.part, timely.do, now) for timely in (self.deadlines, self.steps)]
        if is_due(self.watched_at, EVERY, now):
            self.watched_at = now
            self.watch.look(now)
        if is_due(self.lost_at, LOOK_FOR_LOST, now) and is_due(self.redis_gone_at, WITHOUT_REDIS, now):
            self.lost_at = now
            self.resting.do("lost posts", self._enqueue_lost, now)
        if is_due(self.settled_at, LOOK_FOR_OVERTAKEN, now):
            self.settled_at = now
            self.resting.do("overtaken answers", self._settle, now)
        if is_due(self.forgot_at, FORGET_STORIES, now):
            self.forgot_at = now
            self.resting.do("old stories", self._forget, now)
        more = any(due)
        if not more:
            self.retention.step(now)
        return more

    def _forget(self, now: datetime) -> None:
        with self.engine.begin() as connection:
            stories.forget(connection, now - 2 * self.policy.triage.story_window)

    def _settle(self, now: datetime) -> None:
        """Have the answers decided on again that were there before their case."""
        with self.engine.begin() as connection:
            ids = overtaken.find_on(connection, now)
            pending.again(connection, ids, now)
        with suppress(RedisError):  # then they wait like those that no job carries
            self.queue.enqueue(ids)

    def _enqueue_lost(self, now: datetime) -> None:
        try:
            before = lost_before(now, self.queue.head_enqueued_at())
            with self.engine.begin() as connection:
                ids = pending.lost(connection, before, ENQUEUE_AT_ONCE, now)
                self.queue.enqueue(ids)
        except RedisError as error:  # deadlines must fire without it
            log.warning("Redis cannot be reached", reason=str(error))
            self.redis_gone_at = now
            return
        if ids:
            log.warning("mentions enqueued again", mentions=len(ids))


def main(config: Path | str, slot: str = "sweep") -> None:
    """Sweep until SIGTERM, or until it is time to make way for a newer version."""
    configure_logging(slot)
    settings = setup.load(config)
    where = setup.place(settings)
    engine = setup.open_database(where, pool_size=2)
    queue = AssessQueue(queues.connect(where.redis_url, PATIENCE))
    policy = compile_policy(settings)
    metrics = open_metrics(where.metrics_dir, slot)
    can = forgetting.able(settings.targets) if settings.retention.cases and settings.retention.forwarded else {}
    retention = Retention(engine, settings.retention, metrics, can)
    looks = Aside(Watch(engine, policy))
    sweep = Sweep(engine, queue, policy, metrics, looks, retention)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("sweeping")
    with succession.current(engine, stop.set):
        _run(sweep, stop)
        looks.leave(LEAVE)
    engine.dispose()


def _run(sweep: Sweep, stop: threading.Event) -> None:
    pause = 0.0
    while not stop.wait(pause):
        try:
            pause = 0.0 if sweep.tick() else TICK
        except OperationalError as error:
            log.warning("sweep waits for PostgreSQL", reason=type(error.orig).__name__)
            pause = AFTER_TROUBLE


if __name__ == "__main__":
    main(*sys.argv[1:3])
