"""Loads a source or a target by its kind: `kind = "mastodon"` is `<folder>/mastodon.py`; a dotted kind is any module.

A plugin module has a docstring (the operator's guide), `Settings` (a pydantic model: every field has a description,
secrets are `SecretStr`) and `ABOUT`. One contract test holds all of them to it.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Literal

from leitstand.errors import PluginError

SOURCES = "listeners.sources"
TARGETS = "escalation_bridge.targets"


@dataclass(frozen=True, slots=True)
class About:
    """What `leitstand integrations`, the docs and the errors say about a kind.

    `credentials_url` is the page where its secrets are issued ("" where none are needed); `extra` is the optional
    extra that installs its SDK ("" where none is needed). `removes` is what a target can take back: each message of a
    case, what it has of the case as a whole, nothing; or there is no need, for it is told no words of a post.
    """

    title: str
    summary: str
    credentials_url: str = ""
    extra: str = ""
    removes: Literal["messages", "case", "needless", ""] = ""


def kinds(folder: str) -> list[str]:
    """The built-in kinds of a folder, sorted."""
    package = importlib.import_module(folder)
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def load(folder: str, kind: str) -> ModuleType:
    """The module of a kind. Raises PluginError with the known kinds, or with what is missing and how to get it."""
    name = kind if "." in kind else f"{folder}.{kind}"
    if "." not in kind and kind not in kinds(folder):
        close = get_close_matches(kind, kinds(folder), 1)
        meant = f" did you mean {close[0]!r}?" if close else ""
        raise PluginError(f"unknown kind {kind!r};{meant} known: {', '.join(kinds(folder))}, or a dotted module name")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise PluginError(_missing(error.name or "", name, kind)) from error
    if not hasattr(module, "Settings") or not hasattr(module, "ABOUT"):
        raise PluginError(f"module {name!r} is no plugin: it lacks Settings or ABOUT")
    return module


def _missing(module: str, name: str, kind: str) -> str:
    """What it means that `module` was not found when the kind's module `name` was loaded."""
    if f"{name}.".startswith(f"{module}."):
        return f"there is no module {name!r} for this kind"
    if module.partition(".")[0] in ("leitstand", name.partition(".")[0]):
        return f"kind {kind!r} is broken: its own module {module!r} is missing; install it anew"
    return f"kind {kind!r} needs {module!r}: pip install " + (module if "." in kind else f"'leitstand[{kind}]'")
