"""The functions that jobs name. They find the line of this process; jobs carry only ids."""

import gc
from contextlib import nullcontext

import structlog
from sqlalchemy.exc import OperationalError

from leitstand.database import is_of_data
from workers.line import Limit, Line

log = structlog.get_logger()

_YOUNG = 1  # the generations of objects that were made since the job before

_line: Line | None = None


def use(line: Line) -> None:
    """Set the line that this process's jobs move mentions along. Once, before the first job."""
    global _line  # a job is a function name: what it works with can only be the process's own
    _line = line


def assess(ids: list[int], limit: Limit = nullcontext) -> None:
    """Assess and triage the pending mentions among `ids`. Idempotent. `limit` ends what takes too long, each time."""
    if _line is None:
        raise RuntimeError("workers.jobs.use(line) comes first")
    try:
        _assess(_line, ids, limit)
    except OperationalError as error:
        # PostgreSQL is away: nothing was changed, and the sweep enqueues the ids again.
        log.warning("batch given back", mentions=len(ids), reason=type(error.orig).__name__)
    finally:
        gc.collect(_YOUNG)  # nothing of a batch outlives it: now there is next to nothing to look through for circles


def _assess(line: Line, ids: list[int], limit: Limit) -> None:
    try:
        with limit():
            line.move_all(ids)
    except Exception as error:  # the worker's outermost loop
        if not is_of_data(error):
            raise
        log.exception("batch failed, trying its mentions one by one", mentions=len(ids))
        line.move_singly(ids, limit)
