"""`report`, `cases migrate` and `cases --review` on a real database."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from console.reporting.figures import COLUMNS, DIMENSIONS
from console.web.language import translations
from leitstand import clock
from leitstand.model import Urgency
from tests.console.commanding import Leitstand, commander
from tests.triage.building import NOW, mention, one, run
from triage import clocks
from triage.policy import compile_policy
from workers import setup

CONFIG = """
[server]
language = "de"
[database]
url = "{url}"
[redis]
url = "{redis}"
[[watchlists]]
name = "cloud"
query = "acme"
importance = "high"
[[sla]]
name = "desk"
acknowledge = "{budget}"
[[rules]]
name = "rumour"
when = {{ authors = ["cem"] }}
then = {{ case = "hold" }}
"""


def configure(path: Path, url: str, redis_url: str, budget: str) -> None:
    path.write_text(CONFIG.format(url=url, redis=redis_url, budget=budget))


@pytest.fixture
def leitstand(
    tmp_path: Path,
    database_url_of_test: str,
    redis_url: str,
    database: Engine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Leitstand:
    """Three cases of March 2026, one of them held, and one of now."""
    config = tmp_path / "leitstand.toml"
    configure(config, database_url_of_test, redis_url, "10m")
    monkeypatch.setenv("LEITSTAND_CONFIG", str(config))
    policy = compile_policy(setup.load(config))
    march = [one(mention(1)), one(mention(2, author="cem")), one(mention(3, channel="blog"), Urgency.CRITICAL)]
    run(database, march, policy)
    today = (clock.now() - NOW) / timedelta(minutes=1)
    run(database, [one(mention(4, minutes=today))], policy, at=clock.now())
    return commander(capsys)


MARCH = ("report", "--from", "2026-03-01", "--to", "2026-03-31")


def test_the_report_in_all_its_shapes(leitstand: Leitstand, tmp_path: Path) -> None:
    rows = leitstand(*MARCH, "--json").rows
    assert [(row["dimension"], row["value"], row["cases"]) for row in rows] == [
        ("all", "", 3),
        ("day", "2026-03-03", 3),
        ("channel", "blog", 1),
        ("channel", "x", 2),
        ("team", "default", 3),
        ("severity", "sev1", 1),
        ("severity", "sev2", 2),
        ("contract", "no contract", 3),
    ]
    assert len(leitstand(*MARCH, "--format", "csv").out.splitlines()) == 9
    table = leitstand(*MARCH).out
    assert "By channel" in table
    assert (
        leitstand(*MARCH, "--format", "html", "--out", tmp_path / "march.html").out == f"wrote {tmp_path}/march.html\n"
    )
    html = (tmp_path / "march.html").read_text()
    assert "Fälle, eröffnet vom 01.03.2026 bis zum 31.03.2026" in html
    assert leitstand("report", "--json").rows[0]["cases"] == 1
    assert (
        leitstand("report", "--from", "2020-01-01", "--to", "2020-01-02").out == "No case was opened in this period.\n"
    )


def test_a_period_that_is_none_is_refused(leitstand: Leitstand) -> None:
    for words in (("--from", "March"), ("--from", "2026-03-02", "--to", "2026-03-01")):
        assert leitstand("report", *words).code == 2


def test_every_heading_of_a_report_has_german_words() -> None:
    german = translations("de").gettext
    english = [column.heading for column in COLUMNS] + list(DIMENSIONS.values())
    assert [words for words in english if german(words) == words] == []


def test_open_cases_move_to_new_deadlines_only_when_told(
    leitstand: Leitstand, tmp_path: Path, database: Engine, database_url_of_test: str, redis_url: str
) -> None:
    configure(tmp_path / "leitstand.toml", database_url_of_test, redis_url, "2h")

    def due() -> timedelta:
        with database.connect() as connection:
            (kept,) = clocks.read(connection, [1])[1].values()
        return kept.due_at - NOW

    planned = leitstand("cases", "migrate", "1", "--dry-run").out
    assert "1 case would be migrated." in planned
    assert due() == timedelta(minutes=10)
    assert leitstand("cases", "migrate", "1", "--json").rows[0]["number"] == 1
    assert due() == timedelta(hours=2)
    assert "3 cases migrated." in leitstand("cases", "migrate").out
    assert "0 cases migrated." in leitstand("cases", "migrate").out
    assert leitstand("cases", "migrate", "99").code == 1


def test_cases_that_wait_for_approval_are_listed(leitstand: Leitstand) -> None:
    (held,) = leitstand("cases", "--review", "--json").rows
    assert (held["number"], held["review"]) == (2, "rule “rumour”")
