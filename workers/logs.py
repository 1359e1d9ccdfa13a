"""How every process of ours logs: events with fields, one line each, on stderr.

A line that cannot be written is lost, and work goes on: the disk that the log is kept on may be full, or whoever read
it may have ended.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

import structlog


class Lines:
    """Writes to where a stream leads, each line at once. What cannot be written is not kept, to fail again later."""

    def __init__(self, stream: TextIO) -> None:
        self._number, self._encoding = stream.fileno(), stream.encoding

    def write(self, line: str) -> None:
        """Write it, or lose it."""
        left = line.encode(self._encoding, "backslashreplace")
        with suppress(OSError):
            while left:
                left = left[os.write(self._number, left) :]

    def flush(self) -> None:
        """Nothing is kept back."""


def configure_logging(role: str) -> None:
    """JSON lines on stderr, or coloured ones on a terminal. Libraries' own loggers go the same way."""
    terminal, lines = sys.stderr.isatty(), Lines(sys.stderr)
    # Its own choice of traceback shows the local variables of every frame: posts, settings and secrets.
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if terminal else [structlog.processors.format_exc_info]),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(lines),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


@contextmanager
def errors_only() -> Iterator[None]:
    """For a command that tells by itself what is wrong: the log adds errors, on stderr, where no data goes."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
