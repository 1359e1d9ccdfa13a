"""What a role starts with: the settings that its supervisor holds, and a database that answers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console import serve
from leitstand.errors import ConfigurationError, ServiceError
from workers import setup
from workers.setup import Place


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(setup, "_held", {})
    (written := tmp_path / "leitstand.toml").write_text('[brand]\nname = "Acme"\n')
    return written


def test_what_is_held_is_gone_by_whatever_becomes_of_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = setup.load(config)
    setup.hold(config, held)
    config.write_text("half an edit")
    monkeypatch.chdir(config.parent)
    assert setup.load(config) is setup.load("leitstand.toml") is held


def test_another_file_is_read(config: Path) -> None:
    setup.hold(config, setup.load(config))
    (other := config.with_name("other.toml")).write_text("half an edit")
    with pytest.raises(ConfigurationError):
        setup.load(other)


@pytest.mark.parametrize("start", [lambda where: setup.open_database(where, pool_size=1), serve.open_database])
def test_a_role_alone_is_told_who_runs_its_database(config: Path, start: Callable[[Place], object]) -> None:
    config.write_text(f'[server]\ndata_dir = "{config.parent / "var"}"\n')
    with pytest.raises(ServiceError, match=r"no PostgreSQL runs on .*/var: start `leitstand run`"):
        start(setup.place(setup.load(config)))
