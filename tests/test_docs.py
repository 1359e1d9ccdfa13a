"""The documentation says what the code says: every key, kind and command is explained, and no page is stale."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import BaseModel
from typer.main import get_command

from console.catalogue import kinds, options
from console.cli import COMMANDS
from console.cli import build as build_command
from docs import build, check
from leitstand import plugins, settings
from leitstand.schema import json_schema
from leitstand.substitution import secret_fields

SECTIONS = [section for _, section in build._TABLES]


def test_no_generated_page_is_stale() -> None:
    assert check.stale_pages() == []


def test_no_link_is_broken() -> None:
    assert check.broken_links() == []


def test_no_path_is_lost() -> None:
    assert check.lost_paths() == []


def test_a_lost_path_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "triage").mkdir()
    (tmp_path / "triage/__init__.py").touch()
    (tmp_path / "page.md").write_text("`triage/` and `triage/__init__.py`, but `triage/sla.py`; not `etc/passwd`.")
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    monkeypatch.setattr(check, "TOP", tmp_path)
    assert check.lost_paths() == ["page.md: there is no triage/sla.py"]


def test_the_architecture_names_every_room_of_a_stage() -> None:
    """A network's folder has the network's name, as the page says once for all."""
    page = (build.DOCS / "ARCHITECTURE.md").read_text()
    rooms = {path.parent.relative_to(check.TOP) for path in Path(check.TOP).glob("*/*/__init__.py")}
    networks = {Path("listeners") / kind.name for kind in kinds() if kind.table == "listeners"}
    assert {f"{room}/" for room in rooms - networks if room.parts[0] != "tests" and f"`{room}/" not in page} == set()


def test_a_stale_page_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    page = build.DOCS / "commands.md"
    monkeypatch.setattr(check, "pages", lambda: {page: page.read_text() + "more\n"})
    assert check.stale_pages() == ["docs/commands.md: not what the code says any more: ./run docs"]


def test_every_section_of_the_configuration_has_its_table() -> None:
    everything = {
        found
        for name in dir(settings)
        if isinstance(found := getattr(settings, name), type) and issubclass(found, settings.Section)
    }
    assert everything - set(SECTIONS) == {settings.Section, settings.Settings, settings.Api}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_is_explained(section: type[BaseModel]) -> None:
    assert [option.name for option in options(section) if not option.description] == []
    assert section.__doc__


def test_every_kind_is_explained() -> None:
    for kind in kinds():
        assert len(kind.guide) > 100, kind.name
        assert f'kind = "{kind.name}"' in kind.guide
        assert [option.name for option in kind.options if not option.description] == []


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The commands that do something, by their words."""
    if not hasattr(command, "commands"):
        yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, f"{name} {word}")


def test_every_command_takes_a_configuration_and_whoever_does_not_read_it_says_so() -> None:
    groups = {name: cast(Any, get_command(build_command(name))).commands[name] for name in COMMANDS}
    found = dict(leaf for name, group in groups.items() for leaf in leaves(group, name))
    taken = {name: next((p.help for p in one.params if "--config" in p.opts), None) for name, one in found.items()}
    assert None not in taken.values()
    unread = {name for name, said in taken.items() if "not read" in str(said)}
    assert unread == {"integrations", "demo", "query format", "query test"}
    assert all("configuration" in found[name].help for name in unread)


def test_every_command_has_its_heading() -> None:
    page = (build.DOCS / "commands.md").read_text()
    assert {f"leitstand {name}" for name in COMMANDS} <= set(re.findall("^## (.+)$", page, re.MULTILINE))


def test_a_secret_that_may_be_absent_is_a_secret() -> None:
    webhook = plugins.load(plugins.TARGETS, "webhook").Settings
    assert {"secret", "previous_secret"} <= set(secret_fields(webhook))


def test_the_schema_knows_the_keys_of_each_kind() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    good = {"kind": "webhook", "url": "https://hooks.example/a", "secret_file": "a", "previous_secret_file": "b"}
    assert validator.is_valid({"targets": {"a": good}})
    assert not validator.is_valid({"targets": {"a": good | {"secrte": "c"}}})
    assert not validator.is_valid({"targets": {"a": {"kind": "fax"}}})
    assert validator.is_valid({"targets": {"a": {"kind": "our.fax", "number": 1}}})


def test_pages_are_where_the_check_looks() -> None:
    assert {path.parent for path in build.pages()} == {Path(check.TOP) / "docs"}
