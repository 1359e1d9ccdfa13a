"""The erasure of an author: no table keeps a word of theirs, and whoever had a copy is told."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from escalation_bridge import outbox
from leitstand import clock
from leitstand.model import Assessment, Author, Intent, Mention, Reason, Sentiment, Urgency
from leitstand.settings import Settings
from listeners import store
from listeners.watchlists import Watchlists
from nlp import store as assessments
from tests.console.running import settings
from triage import cases
from triage.policy import compile_policy
from workers.erasure import REASON, Erased, erase

SECRET = "zanzibar"


def keep(database: Engine, config: Settings, external_id: str, author: str, parent: str = "") -> None:
    """A post, assessed, in its case, with the notices of it in the outbox."""
    now, cue = clock.now(), SECRET if author == SECRET else "down"
    words = f"acme is down, says {SECRET} {external_id}" if author == SECRET else f"acme is down for me, {external_id}"
    mention = Mention(
        "x", external_id, words, now, now, url=f"https://x.example/{author}", title=words, parent_id=parent,
        author=Author(f"id-{author}", f"@{author}", author.title(), 100),
    )  # fmt: skip
    found = Assessment(
        "en",
        Sentiment.NEGATIVE,
        -0.5,
        Urgency.HIGH,
        (Intent.OUTAGE,),
        True,
        (Reason("urgency", cue, 0, 4, 2.0),),
        "t",
    )
    with database.begin() as connection:
        new = store.store(connection, "in", [mention], Watchlists(config), part="", cursor=None, now=now).new_ids
        assessments.store(connection, [(new[0], found)], now)
        outcome = cases.process(connection, [(store.load(connection, new)[0], found)], compile_policy(config), now)
        outbox.add(connection, outcome.notices, now)


def everything(database: Engine) -> str:
    """All that the database holds, as text, a line a table."""
    with database.connect() as connection:
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        return "\n".join(
            f"{name} "
            + str(connection.scalars(text(f"SELECT coalesce(json_agg(t)::text, '') FROM \"{name}\" t")).one())
            for name in tables
        )


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return settings(tmp_path)


def test_nothing_of_the_author_is_left_and_the_targets_are_told(database: Engine, config: Settings) -> None:
    keep(database, config, "1", SECRET)
    keep(database, config, "2", "other")
    assert SECRET in everything(database)
    with database.begin() as connection:
        erased = erase(connection, "x", f"@{SECRET.upper()}", compile_policy(config))
    assert erased == Erased(1, 1, ("desk",))
    left = everything(database)
    assert [line[:80] for line in left.lower().splitlines() if SECRET in line] == []
    assert "acme is down for me, 2" in left
    with database.connect() as connection:
        told = connection.execute(text("SELECT snapshot FROM deliveries WHERE reason = :r"), {"r": REASON}).scalar_one()
    assert (told["title"], told["author"]["name"]) == ("[deleted]", "")


def test_it_does_not_come_back_and_erasing_twice_changes_nothing(database: Engine, config: Settings) -> None:
    keep(database, config, "1", SECRET)
    with database.begin() as connection:
        erase(connection, "x", SECRET, compile_policy(config))
    before = everything(database)
    with database.begin() as connection:
        assert erase(connection, "x", SECRET, compile_policy(config)) == Erased(0, 0, ())
        now = clock.now()
        again = Mention("x", "1", f"acme is down, says {SECRET}", now, now, author=Author(f"id-{SECRET}"))
        found = store.store(connection, "in", [again], Watchlists(config), part="", cursor=None, now=now)
    assert not found.new_ids
    assert everything(database) == before


def test_a_post_in_anothers_case_goes_and_the_case_stays(database: Engine, config: Settings) -> None:
    keep(database, config, "1", "other")
    keep(database, config, "2", SECRET, parent="1")
    with database.begin() as connection:
        erase(connection, "x", SECRET, compile_policy(config))
    left = everything(database)
    assert SECRET not in left.lower()
    with database.connect() as connection:
        case = connection.execute(text("SELECT title, author_name, mention_count FROM cases")).one()
    assert case == ("acme is down for me, 1", "Other", 2)
