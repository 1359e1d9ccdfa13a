"""The first minute as an operator lives it: init, try, check, replay, in a folder of its own, each a real process."""

import json
import os
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from console import starter
from console.health import gaps, host, outside
from console.health.finding import State
from leitstand.settings import Settings, TargetSettings
from tests.console.commanding import Leitstand
from tests.listeners.servers_api import Asked, Reply, serving
from workers import setup
from workers.directories import claimed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder fresh from `init`, on any port that is free."""
    for _ in starter.write(tmp_path):
        pass
    config = tmp_path / "leitstand.toml"
    config.write_text(config.read_text().replace("127.0.0.1:8080", "127.0.0.1:0"))
    return tmp_path


def shell(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "console", *words],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


def test_init_try_check_replay(tmp_path: Path) -> None:
    made = shell(tmp_path, "init", "acme")
    assert made.returncode == 0, made.stderr
    assert made.stdout.rstrip().endswith("Next: cd acme && leitstand try sample.jsonl")
    acme = tmp_path / "acme"
    config = acme / "leitstand.toml"
    config.write_text(config.read_text().replace("127.0.0.1:8080", "127.0.0.1:0"))

    tried = shell(acme, "try", "sample.jsonl")
    assert tried.returncode == 0, tried.stderr
    assert "Nothing was stored or sent." in tried.stdout
    assert not (acme / "var").exists(), "try needs no database"

    checked = shell(acme, "check", "--online")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Ready. Next: leitstand run" in checked.stdout
    assert "fail" not in checked.stdout

    replayed = shell(acme, "replay", "sample.jsonl", "--json")
    assert replayed.returncode == 0, replayed.stderr
    tally = json.loads(replayed.stdout)
    assert (tally["read"], tally["stored"], tally["unmatched"]) == (12, 10, 2)


def test_init_makes_secrets_that_only_their_owner_reads(folder: Path) -> None:
    for name in ("ingest-token", "console-token"):
        path = folder / "secrets" / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(path.read_text().strip()) >= 40
    assert (folder / "secrets/ingest-token").read_text() != (folder / "secrets/console-token").read_text()
    assert "secrets/" in (folder / ".gitignore").read_text()


def test_init_overwrites_nothing(tmp_path: Path, leitstand: Leitstand) -> None:
    (tmp_path / "sample.jsonl").write_text("mine")
    ended = leitstand("init", tmp_path)
    assert ended.code == 2
    assert "already has sample.jsonl" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["sample.jsonl"]
    assert (tmp_path / "sample.jsonl").read_text() == "mine"


def test_init_writes_the_configuration_where_it_is_told(tmp_path: Path, leitstand: Leitstand) -> None:
    site = tmp_path / "etc/site.toml"
    ended = leitstand("init", "--config", site)
    assert ended.code == 0
    assert ended.out.rstrip().endswith(f"Next: cd {site.parent} && leitstand try sample.jsonl --config site.toml")
    assert sorted(path.name for path in site.parent.iterdir()) == [
        ".gitignore", "leitstand.schema.json", "sample.jsonl", "secrets", "site.toml",
    ]  # fmt: skip
    assert leitstand("try", site.parent / "sample.jsonl", "--config", site).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [(("a", "--config", "b/c.toml"), "say where once"), (("--config", "sample.jsonl"), "name the configuration other")],
)
def test_init_refuses_two_places_and_a_name_that_is_taken(
    tmp_path: Path, leitstand: Leitstand, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = leitstand("init", *words)
    assert (ended.code, list(tmp_path.iterdir())) == (2, [])
    assert said in ended.err


def test_init_says_where_it_cannot_write(leitstand: Leitstand) -> None:
    ended = leitstand("init", "a" * 300)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("leitstand: cannot write aaa") and "File name too long" in ended.err


def test_init_adds_to_a_gitignore_that_is_there(tmp_path: Path, leitstand: Leitstand) -> None:
    (tmp_path / ".gitignore").write_text("*.log")
    assert leitstand("init", tmp_path).code == 0
    assert {"*.log", "secrets/", "var/"} <= set((tmp_path / ".gitignore").read_text().splitlines())


def test_the_starter_fits_the_schema_beside_it(folder: Path) -> None:
    schema = json.loads((folder / "leitstand.schema.json").read_text())
    written = tomllib.loads((folder / "leitstand.toml").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(written)) == []
    written["listeners"]["ingest"]["tokn"] = "x"
    assert list(validator.iter_errors(written)), "an editor marks a key that does not exist"
    assert (folder / "leitstand.toml").read_text().startswith("#:schema ./leitstand.schema.json\n")


def test_try_tells_what_the_sample_would_cause(folder: Path, leitstand: Leitstand) -> None:
    ended = leitstand("try", folder / "sample.jsonl", "--config", folder / "leitstand.toml", "--json")
    rows = {row["id"]: row for row in ended.rows}
    assert ended.code == 0
    outage = rows["s1"]
    assert (outage["move"], outage["opens"]["severity"]) == ("open", "sev1")
    assert outage["watchlists"][0]["name"] == "brand"
    assert set(outage["opens"]["clocks"]) == {"acknowledge", "first_response", "resolution"}
    told = [(one["target"], one["after_seconds"], one["why"]) for one in outage["opens"]["tells"]]
    assert told == [("log", 0, "team support"), ("log", 0, "escalation sev1"), ("log", 600, "escalation sev1")]
    assert (rows["s2"]["move"], rows["s2"]["case"]) == ("join", outage["case"])
    assert rows["s3"]["move"] == "answer"
    assert outage["opens"]["clocks"]["first_response"]["state"] == "met"
    assert rows["s12"]["why"] == "matches no watchlist"
    assert rows["s10"]["why"] == "matches no watchlist"
    assert rows["s9"]["opens"] is None


def test_try_opens_no_connection_for_a_file(
    folder: Path, leitstand: Leitstand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(f"socket.socket.{name}", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    assert leitstand("try", folder / "sample.jsonl", "--config", folder / "leitstand.toml").code == 0
    assert not (folder / "var").exists()


def test_try_takes_a_post_once(folder: Path, leitstand: Leitstand) -> None:
    twice = folder / "twice.jsonl"
    twice.write_text((folder / "sample.jsonl").read_text().splitlines()[0] + "\n" * 2, encoding="utf-8")
    twice.write_text(twice.read_text() * 2)
    rows = leitstand("try", twice, "--config", folder / "leitstand.toml", "--json").rows
    assert [(row["move"], row["why"]) for row in rows] == [("open", ""), ("ignore", "the same post again")]


def test_try_fetches_from_a_source(folder: Path, leitstand: Leitstand) -> None:
    config = folder / "leitstand.toml"
    export = f'\n[listeners.export]\nkind = "file"\npath = "{folder / "sample.jsonl"}"\n'
    config.write_text(config.read_text() + export)
    ended = leitstand("try", "export", "--config", config, "--limit", "5", "--json")
    assert ended.code == 0, ended.err
    assert [row["external_id"] for row in ended.rows] == ["s1", "s2", "s3", "s4", "s5"]


def test_what_a_source_logs_is_no_data(folder: Path) -> None:
    with (folder / "leitstand.toml").open("a") as config:
        config.write('\n[listeners.blogs]\nkind = "feed"\nurls = ["http://127.0.0.1:9/feed"]\n')
    ended = shell(folder, "try", "blogs", "--json")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("http://127.0.0.1:9/feed: ") and len(ended.stderr.splitlines()) == 1
    assert "has no posts" not in shell(folder, "try", "blogs").stdout, "that is not known"


def test_try_asks_a_network_for_what_the_watchlists_ask_and_changes_nothing_there(
    folder: Path, leitstand: Leitstand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Asked] = []

    def respond(request: Asked) -> Reply:
        asked.append(request)
        post = {"id": "1994000000000000001", "text": "acme cloud is down", "author_id": "7"}
        return Reply({"data": [post], "meta": {"result_count": 1}})

    config = folder / "leitstand.toml"
    with serving(respond) as url:
        listener = f'\n[listeners.x]\nkind = "x"\nbearer_token = "a-token"\nurl = "{url}"\n'
        config.write_text(config.read_text() + listener)
        ended = leitstand("try", "x", "--config", config, "--json")
    assert ended.code == 0, ended.err
    assert [row["external_id"] for row in ended.rows] == ["1994000000000000001"]
    assert {(one.method, one.path) for one in asked} == {("GET", "/2/tweets/search/recent")}
    assert "acme" in asked[0].query["query"]


@pytest.mark.parametrize(("source", "said"), [("ingest", "waits for posts"), ("nix", "(ingest) nor a file")])
def test_try_says_what_it_can_try(folder: Path, leitstand: Leitstand, source: str, said: str) -> None:
    ended = leitstand("try", source, "--config", folder / "leitstand.toml")
    assert ended.code == 2
    assert said in ended.err


def test_check_reports_every_problem_of_the_configuration(folder: Path, leitstand: Leitstand) -> None:
    config = folder / "leitstand.toml"
    config.write_text(
        config.read_text().replace("importance", "importence").replace('forward = ["log"]', 'forward = ["lgo"]')
    )
    ended = leitstand("check", "--config", config)
    assert ended.code == 2
    assert "did you mean 'importance'" in ended.err
    assert "did you mean 'log'" in ended.err
    assert ended.err.count(f"{config}:") == 2
    rows = leitstand("check", "--config", config, "--json").rows
    assert [row["state"] for row in rows] == ["fail", "fail"]


def test_check_says_which_services_cannot_be_reached(folder: Path, leitstand: Leitstand) -> None:
    config = folder / "leitstand.toml"
    extra = '[database]\nurl = "postgresql://x@127.0.0.1:1/x"\n[redis]\nurl = "redis://127.0.0.1:1/0"\n'
    config.write_text(config.read_text() + extra)
    ended = leitstand("check", "--config", config, "--json")
    assert ended.code == 1
    states = {row["part"]: row["state"] for row in ended.rows}
    assert (states["PostgreSQL"], states["Redis"], states["data_dir"]) == ("fail", "fail", "ok")
    assert all(row["advice"] for row in ended.rows if row["state"] == "fail")


def test_check_finds_what_no_worker_could_load(folder: Path, leitstand: Leitstand) -> None:
    config = folder / "leitstand.toml"
    config.write_text(f'{config.read_text()}\n[nlp]\nmodel = "nowhere"\n')
    ended = leitstand("check", "--config", config, "--json")
    (model,) = (row for row in ended.rows if row["part"].startswith("nlp"))
    assert (ended.code, model["part"], model["state"]) == (1, "nlp.model", "fail")
    assert f"{folder / 'nowhere'} is not a trained model" in model["said"] and model["advice"]


def test_check_finds_all_that_no_worker_could_load_in_one_go(folder: Path, leitstand: Leitstand) -> None:
    config = folder / "leitstand.toml"
    wrong = 'model = "nowhere"\nentities = "no_such_package"\ncomponents = { urgency = "none", intents = "nor_this" }'
    config.write_text(f"{config.read_text()}\n[nlp]\n{wrong}\n")
    ended = leitstand("check", "--config", config, "--json")
    found = {row["part"]: row["said"] for row in ended.rows if row["part"].startswith("nlp") and row["state"] == "fail"}
    assert ended.code == 1
    assert sorted(found) == ["nlp.components.intents", "nlp.components.urgency", "nlp.entities", "nlp.model"]
    assert found["nlp.components.urgency"] == "no spaCy factory 'none' is installed"


def test_check_says_that_what_is_named_can_be_loaded(folder: Path, leitstand: Leitstand) -> None:
    config = folder / "leitstand.toml"
    config.write_text(f'{config.read_text()}\n[nlp.products]\ncloud = ["acme cloud"]\n')
    rows = leitstand("check", "--config", config, "--json").rows
    assert [row["state"] for row in rows if row["part"] == "nlp"] == ["ok"]


def test_a_role_that_starts_without_its_database_says_so_in_a_sentence(folder: Path) -> None:
    with (folder / "leitstand.toml").open("a") as config:
        config.write('[database]\nurl = "postgresql://x@127.0.0.1:1/x"\n[redis]\nurl = "redis://127.0.0.1:1"\n')
    ended = shell(folder, "deliver")
    assert ended.returncode == 1
    assert ended.stderr.startswith("leitstand: PostgreSQL cannot be used: ") and len(ended.stderr.splitlines()) == 1


def test_check_refuses_an_address_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = Settings.model_validate({"server": {"listen": listen}})
        assert host.address(settings, runs=False).state is State.FAIL
        assert host.address(settings, runs=True).state is State.OK


def test_a_command_that_starts_the_servers_itself_is_no_daemon(tmp_path: Path) -> None:
    with claimed(tmp_path):
        found, runs = host.data_dir(tmp_path)
    assert not runs and "runs on it" not in found.said


def parts(settings: Mapping[str, object]) -> list[str]:
    found = gaps.gaps(Settings.model_validate(settings))
    return [finding.part for finding in found if finding.state is State.WARN]


def test_check_warns_of_a_configuration_that_is_of_no_use() -> None:
    assert parts({}) == ["watchlists", "listeners", "targets"]
    open_to_all = {"server": {"listen": "0.0.0.0:8080"}, "watchlists": [{"name": "a", "query": "acme"}]}
    assert parts(open_to_all) == ["listeners", "targets", "api.tokens"]


@pytest.mark.parametrize(
    ("limits", "said", "advised"),
    [
        ({}, "posts in no case are kept for ever; ended cases are kept for ever", True),
        ({"posts": "90d"}, "posts in no case go after 90d; ended cases are kept for ever", True),
        ({"posts": "90d", "cases": "730d"}, "posts in no case go after 90d; ended cases go after 730d", False),
    ],
)
def test_check_and_doctor_say_how_long_things_are_kept(limits: dict[str, str], said: str, advised: bool) -> None:
    (found,) = (f for f in gaps.gaps(Settings.model_validate({"retention": limits})) if f.part == "retention")
    assert (found.state, found.said, bool(found.advice)) == (State.OK, said, advised)


@pytest.mark.parametrize(("forwarded", "keeping"), [(True, "mail"), (False, "hook, mail")])
def test_check_names_the_targets_that_keep_what_they_were_told(forwarded: bool, keeping: str) -> None:
    config = Settings.model_validate({"retention": {"cases": "730d", "forwarded": forwarded}})
    kinds = {"hook": "webhook", "mail": "email", "trace": "log"}
    targets = {name: TargetSettings(kind=kind) for name, kind in kinds.items()}
    (found,) = (f for f in gaps.gaps(config.model_copy(update={"targets": targets})) if f.part == "retention")
    assert found.said.endswith(f"ended cases go after 730d; what was told to {keeping} of them stays there")


def test_the_starter_tells_of_limits(folder: Path) -> None:
    config = folder / "leitstand.toml"
    for line in ("[retention]", 'posts = "90d" ', 'cases = "730d" '):
        assert f"\n# {line}" in config.read_text()
        config.write_text(config.read_text().replace(f"\n# {line}", f"\n{line}"))
    kept = setup.load(config).retention
    assert (kept.posts, kept.cases) == (timedelta(days=90), timedelta(days=730))


def test_online_asks_every_source_and_target(tmp_path: Path) -> None:
    config = tmp_path / "leitstand.toml"
    config.write_text(
        f'[listeners.gone]\nkind = "file"\npath = "{tmp_path}/gone.jsonl"\n[targets.log]\nkind = "log"\n'
        '[targets.dead]\nkind = "webhook"\nurl = "http://127.0.0.1:1/"\n'
        f'secret = "whsec_{"A" * 32}"\n'
    )
    found = {finding.part: finding.state for finding in outside.outside(setup.load(config))}
    assert found == {"listeners.gone": State.FAIL, "targets.log": State.OK, "targets.dead": State.FAIL}
