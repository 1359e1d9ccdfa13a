"""The role `work`: takes batches of ids from the queue and moves them along the line."""

import gc
import sys
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError

from monitoring.metrics import open_metrics
from nlp import language, pipeline
from triage.policy import compile_policy
from workers import jobs, queues, setup, succession
from workers.at_hand import AtHand
from workers.line import Line
from workers.logs import configure_logging

log = structlog.get_logger()

COLLECT_AT = 200_000


def main(config: Path | str, slot: str = "work") -> None:
    """Work until SIGTERM, or until it is time to be replaced by a fresh process, or to make way for a newer version."""
    configure_logging(slot)
    settings = setup.load(config)
    where = setup.place(settings)
    engine = setup.open_database(where, pool_size=2)
    at_hand = AtHand(settings.server.data_dir / "at_hand" / slot)
    line = Line(
        engine=engine,
        assessor=pipeline.load(settings),
        policy=compile_policy(settings),
        metrics=open_metrics(where.metrics_dir, slot),
        holding=at_hand.holding,
    )
    jobs.use(line)
    _keep_letters(settings.server.data_dir / "letters")
    _collect_seldom()
    with succession.current(engine):
        _go_on(line, at_hand.left())
        queues.run_worker(
            queues.connect(where.redis_url, queues.WORKERS_PATIENCE),
            setup.host_slot(slot),
            jobs=settings.workers.recycle_after,
            ready=lambda: log.info("working"),
        )
    engine.dispose()


def _go_on(line: Line, ids: list[int]) -> None:
    """What the process before this one had at hand when it ended."""
    try:
        if ids:
            line.after_death(ids, queues.limit)
    except OperationalError as error:
        log.warning("what was at hand waits", mentions=len(ids), reason=type(error.orig).__name__)


def _keep_letters(folder: Path) -> None:
    """Have at hand what the letters of languages are, else the first post in doubt holds up those behind it."""
    try:
        language.keep_letters(folder)
    except OSError as error:
        log.warning("letters of languages are not shared with other processes", folder=str(folder), reason=str(error))
        language.letters()


def _collect_seldom() -> None:
    """A batch is twenty thousand objects, none of them in a circle: whoever looks for circles meanwhile looks through
    all of them, a twentieth of what it costs. They are looked for between batches; this is the net under that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AT)


if __name__ == "__main__":
    main(*sys.argv[1:3])
