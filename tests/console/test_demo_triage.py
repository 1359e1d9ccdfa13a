"""The bundled day, read as a person reads it, through listening and triage: case by case what the day says of itself.

What nlp makes of the words is judged in tests/end_to_end/test_demo_day.py; here a person's labels stand in its place.
"""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, text

from console import scenario
from leitstand.model import Assessment, Intent, MatchedMention, Mention, Reason, Sentiment, Urgency
from leitstand.settings import Settings
from listeners import store
from listeners.watchlists import Watchlists
from nlp import store as assessments
from triage import cases
from triage.policy import compile_policy
from workers import setup

SIX_O_CLOCK = datetime(2025, 11, 25, 5, tzinfo=UTC)
TOGETHER = 20  # so many posts a batch, as a busy worker takes them

Outcome = dict[tuple[str, str], tuple[int, str]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The demonstration's own configuration."""
    monkeypatch.setenv("LEITSTAND_DEMO_RECEIVER", "http://127.0.0.1:1")
    monkeypatch.setenv("LEITSTAND_DEMO_SECRET", "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    monkeypatch.setenv("LEITSTAND_DEMO_TOKEN", "t" * 24)
    config = tmp_path / "leitstand.toml"
    config.write_text(scenario.CONFIGURATION.read_text())
    return setup.load(config)


def judged(truth: dict[str, object]) -> Assessment:
    """What a person understood of a post."""
    label = msgspec.convert(truth, Label)
    urgency = Urgency(label.urgency)
    reasons = (Reason("urgency", "read by a person", 0, 1, float(urgency)),) if urgency else ()
    return Assessment(
        label.language, label.sentiment, 0.0, urgency, label.intents, label.needs_reply, reasons, "person"
    )


class Label(msgspec.Struct):
    """The part of a post's truth that nlp would say."""

    language: str
    sentiment: Sentiment
    urgency: int
    intents: tuple[Intent, ...]
    needs_reply: bool


def mention(post: scenario.Post) -> Mention:
    """The post as it was received, at its own time of that day."""
    at = SIX_O_CLOCK + post.at
    return msgspec.convert({**post.form, "created_at": at, "received_at": at}, Mention)


def handle(database: Engine, settings: Settings, day: list[scenario.Post]) -> Outcome:
    """The day in batches; (channel, external_id) → the case and its severity at the end."""
    watchlists, policy = Watchlists(settings), compile_policy(settings)
    truth = {(p.form["channel"], p.form["external_id"]): p.truth for p in day}
    for start in range(0, len(day), TOGETHER):
        posts = [mention(post) for post in day[start : start + TOGETHER]]
        now = posts[-1].created_at
        with database.begin() as connection:
            new = store.store(connection, "ingest", posts, watchlists, now=now).new_ids
            matched: list[MatchedMention] = store.load(connection, new)
            items = [(m, judged(truth[m.mention.channel, m.mention.external_id])) for m in matched]
            assessments.store(connection, [(m.id, found) for m, found in items], now)
            cases.process(connection, items, policy, now)
    with database.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT m.channel, m.external_id, c.number, c.severity FROM case_mentions"
                " JOIN mentions m ON m.id = mention_id JOIN cases c ON c.number = case_number"
            )
        ).all()
    return {(row.channel, row.external_id): (row.number, row.severity) for row in rows}


def test_every_post_is_in_its_case_and_every_case_has_its_severity(database: Engine, settings: Settings) -> None:
    day = scenario.posts()
    got = handle(database, settings, day)
    number_of: dict[str, int] = {}
    wrong: list[str] = []
    for post in day:
        key, label = (post.form["channel"], post.form["external_id"]), post.truth["case"]
        number, severity = got.get(key, (0, ""))
        if (number > 0) != (label is not None) or (label and number_of.setdefault(label, number) != number):
            wrong.append(f"{post.time_of_day} {key}: case {number}, not {label} ({number_of.get(label)})")
        elif label and severity != post.truth["severity"]:
            wrong.append(f"{post.time_of_day} {key}: {label} is {severity}, not {post.truth['severity']}")
    assert wrong == []
    assert len(set(number_of.values())) == len(number_of), "two cases of the day became one"
