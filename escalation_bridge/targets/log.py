"""Writes one line to the daemon's log for each notice: for trying out, and as a second trace beside a real target.

    [targets.trace]
    kind = "log"

The line tells the case, its severity and the step. It never contains what a post says. Nothing is needed from anywhere.
"""

from typing import Literal

import structlog
from pydantic import Field

from leitstand.language.catalogue import Language
from leitstand.model import Delivery, Receipt
from leitstand.plugins import About
from leitstand.settings import TargetSettings

ABOUT = About(title="Log", summary="One line in the daemon's own log.", removes="needless")

log = structlog.get_logger()


class Settings(TargetSettings):
    """The daemon's own log."""

    kind: Literal["log"] = Field("log", description="log")


def connect(name: str, settings: Settings, language: Language = "en") -> "LogTarget":
    """A target that logs."""
    return LogTarget(name)


class LogTarget:
    """The log."""

    def __init__(self, name: str) -> None:
        self._log = log.bind(target=name)

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Write the line."""
        case = delivery.case
        self._log.info(
            "notice",
            type=delivery.type.value,
            key=delivery.key,
            case=case.number,
            severity=case.severity.value,
            state=case.state.value,
            channel=case.channel,
            team=case.team,
            step=delivery.step,
            link=case.link,
        )
        return Receipt()

    async def verify(self) -> str:
        """There is nothing that could be missing."""
        return "the log is always there"

    async def close(self) -> None:
        """Nothing is open."""
