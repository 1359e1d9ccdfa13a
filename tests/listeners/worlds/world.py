"""What a world is: the network of one source in the small, on loopback, written into and told to misbehave.

Each kind has a file here with two functions:
    opened() -> Iterator[World]     a context manager: its servers run until the end of the block
    hasten(patch) -> None           shortens what the source would wait for, for tests inside of this process
A world serves a source in this process as well as a real daemon: `settings` can be written into a configuration.
"""

import importlib
import json
import random
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import pytest

from leitstand import plugins
from leitstand.settings import ListenerSettings
from listeners.hooks import HookRequest

Deliver = Callable[[HookRequest], int]


class Trouble(StrEnum):
    """What a server does wrong with every answer."""

    NONE = ""
    TRICKLE = "it answers a byte now and then, and never ends"
    DRIBBLE = "it answers, but its stream brings a byte now and then, and never a whole line"
    GARBAGE = "it answers what is no answer"
    REFUSED = "it refuses the credential"
    LIMITED = "it has had enough of us for a second"


class World(Protocol):
    """A network. What it tells of a post is of the brand Acme; posts are called by numbers from 1 on."""

    trouble: Trouble

    @property
    def requests(self) -> list[float]:
        """When it was asked for something, in monotonic seconds."""
        ...

    def settings(self) -> dict[str, Any]:
        """A listener of it, as in a configuration: text, numbers, true and false, lists and tables of them."""
        ...

    def name(self, number: int) -> str:
        """What a post's `external_id` is."""
        ...

    def write(self, *numbers: int) -> None:
        """New posts, each newer than the one before; a network that calls us does so, and again if it must."""
        ...

    def disconnect(self, chance: random.Random, times: int) -> None:
        """Break off in the middle so many times from now on, at moments left to chance."""
        ...

    def to_come(self) -> int:
        """How many of these are still to come."""
        ...


@runtime_checkable
class Calls(Protocol):
    """A world that calls us: by this, which answers with our status, or raises ConnectionError."""

    deliver: Deliver


def opened(kind: str) -> AbstractContextManager[World]:
    """The world of a kind."""
    return cast(AbstractContextManager[World], importlib.import_module(f"{__package__}.{kind}").opened())


def hasten(kind: str, patch: pytest.MonkeyPatch) -> None:
    """Let the source of a kind wait for less."""
    importlib.import_module(f"{__package__}.{kind}").hasten(patch)


def exists(kind: str) -> bool:
    """Whether a kind has a world."""
    return Path(__file__).with_name(f"{kind}.py").exists()


def parsed(kind: str, there: World) -> ListenerSettings:
    """Its settings as a configuration gives them."""
    settings = plugins.load(plugins.SOURCES, kind).Settings.model_validate({"kind": kind, **there.settings()})
    assert isinstance(settings, ListenerSettings)
    return settings


def toml(name: str, kind: str, settings: Mapping[str, Any]) -> str:
    """A listener in a configuration."""
    lines = [f"[listeners.{name}]", *(f"{key} = {_value(value)}" for key, value in {"kind": kind, **settings}.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items()) + " }"
    return "[" + ", ".join(map(_value, value)) + "]" if isinstance(value, list) else json.dumps(value)
