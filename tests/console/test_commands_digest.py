"""`leitstand digest` and `leitstand cases share`, on real PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from leitstand import clock
from tests.console.commanding import Leitstand, commander
from tests.triage.building import mention, one, policy, run

EXTRA = """
[targets.product-team]
kind = "log"
[[digests]]
name = "product"
title = "Cloud"
watchlists = ["brand"]
target = "product-team"
"""


@pytest.fixture
def leitstand(capsys: pytest.CaptureFixture[str], installation: Path) -> Leitstand:
    installation.write_text(installation.read_text() + EXTRA)
    return commander(capsys)


def written(database: Engine) -> int:
    """One post of yesterday on the watchlist, and its case."""
    yesterday = clock.now() - timedelta(days=1)
    run(database, [one(mention(1, watchlists=("brand",)))], policy(), at=yesterday)
    with database.begin() as connection:
        connection.execute(text("UPDATE mentions SET created_at = :at"), {"at": yesterday})
        number: int = connection.execute(text("SELECT number FROM cases")).scalar_one()
    return number


def test_a_digest_is_shown_as_it_would_be(leitstand: Leitstand, database: Engine) -> None:
    written(database)
    shown = leitstand("digest", "show", "product")
    assert shown.code == 0 and "Posts: 1 (new; 0 the week before)" in shown.out
    (row,) = leitstand("digest", "show", "product", "--json").rows
    assert row["posts"] == {"now": 1, "before": 0} and row["topics"][0]["name"] == "brand"
    assert leitstand("digest", "show", "product", "--html").out.startswith("<!doctype html>")
    old = leitstand("digest", "show", "product", "--week", "2026-01-07", "--json").rows[0]
    assert old["posts"]["now"] == 0 and old["ends"] == "2026-01-12T08:00:00Z"
    assert leitstand("digest", "list", "--json").rows[0]["made"] is False


def test_what_does_not_exist_is_said(leitstand: Leitstand) -> None:
    ended = leitstand("digest", "show", "nothing")
    assert ended.code == 2 and "there is no digest 'nothing'; known: product" in ended.err
    assert leitstand("digest", "show", "product", "--week", "soon").code == 2


def test_a_case_is_shared(leitstand: Leitstand, database: Engine) -> None:
    number = written(database)
    ended = leitstand("cases", "share", number, "--target", "product-team", "--text", "so happy", "--json")
    assert ended.code == 0
    with database.connect() as connection:
        told = connection.execute(text("SELECT target, type FROM deliveries")).all()
    assert [tuple(row) for row in told] == [("product-team", "case.shared")]
    refused = leitstand("cases", "share", number, "--target", "nowhere")
    assert refused.code == 1 and "there is no target 'nowhere'; known: " in refused.err
