"""Kinds are found by their names; what cannot be loaded says what is missing and how to get it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leitstand import plugins
from leitstand.errors import PluginError


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package `some_house` with a good plugin and bad ones."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "some_house"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name, code in {
        "good": "Settings = ABOUT = object()",
        "hungry": "import some_sdk.client",
        "torn": "from some_house import parts\nimport some_house.lost.part",
        "parts": "",
        "behind": "import leitstand.gone",
        "empty": "",
        "half": "Settings = object",
    }.items():
        (package / f"{name}.py").write_text(code)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "some_house"]:
        del sys.modules[name]


def refusal(kind: str, folder: str = plugins.SOURCES) -> str:
    with pytest.raises(PluginError) as caught:
        plugins.load(folder, kind)
    return str(caught.value)


def test_a_kind_is_a_file_of_the_folder_or_any_module() -> None:
    assert plugins.load(plugins.TARGETS, "log").__name__ == "escalation_bridge.targets.log"
    assert plugins.load(plugins.TARGETS, "some_house.good").__name__ == "some_house.good"
    assert {"api", "feed", "mastodon"} <= set(plugins.kinds(plugins.SOURCES))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("fax", "unknown kind 'fax'; known: api, "),
        ("no_house.fax", "there is no module 'no_house.fax' for this kind"),
        ("some_house.fax", "there is no module 'some_house.fax' for this kind"),
        ("some_house.good.fax", "there is no module 'some_house.good.fax' for this kind"),
        ("some_house.hungry", "kind 'some_house.hungry' needs 'some_sdk': pip install some_sdk"),
        ("some_house.torn", "kind 'some_house.torn' is broken: its own module 'some_house.lost' is missing"),
        ("some_house.behind", "kind 'some_house.behind' is broken: its own module 'leitstand.gone' is missing"),
        ("some_house.half", "module 'some_house.half' is no plugin: it lacks Settings or ABOUT"),
        ("some_house.empty", "module 'some_house.empty' is no plugin: it lacks Settings or ABOUT"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_for_what_it_is(kind: str, said: str) -> None:
    assert refusal(kind).startswith(said)


def test_a_kind_of_ours_names_its_extra() -> None:
    assert refusal("hungry", "some_house") == "kind 'hungry' needs 'some_sdk': pip install 'leitstand[hungry]'"
