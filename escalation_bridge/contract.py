"""What a target is: a module with a docstring, `Settings`, `ABOUT` and `connect(name, settings) -> Target`.

A target answers one question: did you take this delivery? It never retries and never waits; it raises DeliveryError
and says which kind of failure it was. The delivery loop decides when to try again.
"""

from typing import Protocol, runtime_checkable

from leitstand.model import Delivery, Receipt


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
class Verifies(Protocol):
    """A target that can be checked without sending anything."""

    async def verify(self) -> str:
        """One sentence on what was checked. Raises DeliveryError."""
        ...
