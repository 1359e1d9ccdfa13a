"""Loads a source or a target by its kind: `kind = "mastodon"` is `<folder>/mastodon.py`; a dotted kind is any module.

A plugin module has a docstring (the operator's guide), `Settings` (a pydantic model: every field has a description,
secrets are `SecretStr`) and `ABOUT`. One contract test holds all of them to it.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType

from leitstand.errors import PluginError

SOURCES = "listeners.sources"
TARGETS = "escalation_bridge.targets"


@dataclass(frozen=True, slots=True)
class About:
    """What `leitstand integrations`, the docs and the errors say about a kind.

    `credentials_url` is the page where its secrets are issued ("" where none are needed); `extra` is the optional
    extra that installs its SDK ("" where none is needed).
    """

    title: str
    summary: str
    credentials_url: str = ""
    extra: str = ""


def kinds(folder: str) -> list[str]:
    """The built-in kinds of a folder, sorted."""
    package = importlib.import_module(folder)
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def load(folder: str, kind: str) -> ModuleType:
    """The module of a kind. Raises PluginError with the known kinds, or with the extra to install."""
    name = kind if "." in kind else f"{folder}.{kind}"
    if "." not in kind and kind not in kinds(folder):
        raise PluginError(f"unknown kind {kind!r}; known: {', '.join(kinds(folder))}, or a dotted module name")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            raise PluginError(f"there is no module {name!r} for this kind") from error
        raise PluginError(f"kind {kind!r} needs {error.name!r}: pip install 'leitstand[{kind}]'") from error
    if not hasattr(module, "Settings") or not hasattr(module, "ABOUT"):
        raise PluginError(f"module {name!r} is no plugin: it lacks Settings or ABOUT")
    return module
