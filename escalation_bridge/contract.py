"""What a target is: a module with a docstring, `Settings`, `ABOUT` and `connect(name, settings, language) -> Target`.

A target answers one question: did you take this delivery? It never retries and never waits; it raises DeliveryError
and says which kind of failure it was. The delivery loop decides when to try again, and ends an attempt that takes too
long. Several deliveries, each of another case, may be under way at one target at once.
"""

import asyncio
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from leitstand import plugins
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.language.catalogue import Language
from leitstand.model import Delivery, Receipt
from leitstand.settings import TargetSettings


class ReaderSettings(TargetSettings):
    """What a target adds whose messages people read."""

    language: Language | None = Field(None, description="The language of its messages. Default: the server's.")
    timezone: str = Field("UTC", description="Deadlines are told in this zone, as in Europe/Berlin.")

    @field_validator("timezone")
    @classmethod
    def _exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("is no time zone; write it as in Europe/Berlin") from None
        return value


class Target(Protocol):
    """One configured target, connected once and used by one task."""

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Send it. Returns a Receipt if the target surely took it; raises DeliveryError otherwise."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """A target that can tell whether it already took a delivery: asked before a doubtful one is sent again."""

    async def lookup(self, delivery: Delivery) -> Receipt | None:
        """The receipt of an earlier attempt with the same key, or None if it surely was not taken."""
        ...


@runtime_checkable
class OpensRooms(Protocol):
    """A target that can open a channel of a case's own: asked for a delivery with a `room`, in place of `deliver`."""

    async def open_room(self, delivery: Delivery) -> Receipt:
        """Open the channel of that name, or find it, and tell the delivery there."""
        ...


@runtime_checkable
class Removes(Protocol):
    """A target that can take back what it was told: asked with CASE_FORGOTTEN, in place of `deliver`.

    Its `ABOUT.removes` says whether it is asked once for each message, or once for the case.
    """

    async def remove(self, delivery: Delivery) -> Receipt:
        """Remove the message `delivery.withdraws`, or what it has of the case. What is gone already is removed."""
        ...


@runtime_checkable
class Verifies(Protocol):
    """A target that can be checked without sending anything."""

    async def verify(self) -> str:
        """One sentence on what was checked. Raises DeliveryError."""
        ...


def connect(name: str, settings: TargetSettings, language: Language = "en") -> Target:
    """Load the target's module and connect it. Nothing is sent before the first delivery."""
    target: Target = plugins.load(plugins.TARGETS, settings.kind).connect(name, settings, language)
    return target


async def verify(name: str, settings: TargetSettings, language: Language = "en") -> str:
    """Check the target without sending anything, within its timeout: one sentence. Raises DeliveryError."""
    target = connect(name, settings, language)
    if not isinstance(target, Verifies):
        await target.close()
        return "cannot be checked without sending something"
    try:
        async with asyncio.timeout(settings.timeout.total_seconds()):
            return await target.verify()
    except TimeoutError as error:
        raise DeliveryError("no answer in time", DeliveryOutcome.RETRY) from error
    finally:
        await target.close()
