"""Both ends of the line: what is listened for and where, and who is told."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from leitstand.model import Importance
from leitstand.settings.base import Duration, Name, Section


class Watchlist(Section):
    """A query, and what a match means to the brand."""

    name: Name = Field(description="How rules, cases and metrics call it.")
    query: str = Field(min_length=1, max_length=20000, description="What to listen for, in the watchlist language.")
    languages: list[str] = Field([], description="Only posts in these languages (ISO 639-1); empty: all.")
    importance: Importance = Field(Importance.NORMAL, description="The impact side of severity.")
    team: Name = Field("default", description="The team whose cases these are.")


class ListenerSettings(Section):
    """What every listener has. A source's own Settings add to it."""

    kind: str = Field(description="The source: one of `leitstand integrations`, or a dotted module name.")
    enabled: bool = Field(True, description="false: keep the entry, do not listen.")

    def watchlist_names(self) -> Mapping[str, Iterable[str]]:
        """The watchlists that a source's own fields name, by the field: they must exist."""
        return {}


class TargetSettings(Section):
    """What every target has. A target's own Settings add to it."""

    kind: str = Field(description="The target: one of `leitstand integrations`, or a dotted module name.")
    rate: float = Field(5.0, gt=0, le=1000, description="At most so many deliveries a second, of all daemons together.")
    timeout: Duration = Field(timedelta(seconds=15), description="How long one attempt may take.")
    max_age: Duration = Field(timedelta(hours=24), description="A notice not delivered after this is a dead letter.")
    callback_secret: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        None,
        description="What its calls to /hooks/NAME/case are signed with, 16 characters or more. Absent: none is taken.",
    )
