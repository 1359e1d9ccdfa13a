"""Digests from the database to the outbox: gathered from posts and cases, made once, forgotten where erased."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Engine, text

from escalation_bridge import outbox
from leitstand.model import Assessment, Intent, MatchedMention, Notice, Sentiment, Urgency
from nlp import store as assessments
from tests.triage.building import NOW, assessment, mention, policy, run
from triage.actions import act
from triage.digests import store
from workers import digests
from workers import erasure as erasing

DAY = timedelta(days=1)
# NOW is Tuesday, 3 March 2026, 09:00 UTC.
PLAN = {
    "name": "product", "title": "Cloud", "watchlists": ["cloud"], "tags": ["export"], "target": "desk",
    "weekday": "tue", "time": "09:00", "language": "de", "quotes": 3,
}  # fmt: skip
POLICY = policy(digests=[PLAN])


def felt(item: MatchedMention, score: float, *intents: Intent) -> tuple[MatchedMention, Assessment]:
    sentiment = Sentiment.NEGATIVE if score < 0 else Sentiment.POSITIVE
    said = assessment(Urgency.NORMAL, *intents or (Intent.COMPLAINT,))
    return item, replace(said, sentiment=sentiment, sentiment_score=score)


def written(number: int, days: float, words: str, watchlists: tuple[str, ...] = ("cloud",)) -> MatchedMention:
    return mention(number, minutes=days * 1440, words=words, watchlists=watchlists)


def heard(database: Engine) -> None:
    """Four posts on the watchlist this week, one tagged elsewhere, one the week before, one long ago."""
    items = [
        felt(written(1, -1, "the export breaks every accent"), -0.8),
        felt(written(2, -2, "love the new dashboard"), 0.9, Intent.PRAISE),
        felt(written(3, -3, "buy followers now"), -1, Intent.SPAM),
        felt(written(4, -4, "meh"), -0.1),
        felt(written(5, -5, "csv export is slow", ("brand",)), -0.5),
        felt(written(6, -8, "the week before"), -0.9),
        felt(written(7, -20, "long ago"), -0.9),
    ]
    for item in items:
        at = item[0].mention.created_at
        outcome = run(database, [item], POLICY, at=at)
        with database.begin() as connection:
            assessments.store(connection, [(item[0].id, item[1])], at)
            if item[0].id == 5:
                number = outcome.opened[0].number
                act(connection, number, "label", actor="ann", now=at, policy=POLICY, value="export")
                act(connection, number, "resolve", actor="ann", now=at, policy=POLICY)


def sweep(database: Engine, after: timedelta = timedelta(0)) -> list[Notice]:
    with database.begin() as connection:
        return digests.sweep(connection, POLICY, NOW + after)


def test_a_week_is_counted_compared_and_quoted(database: Engine) -> None:
    heard(database)
    (told,) = sweep(database)
    assert told.target == "desk" and told.letter is not None
    with database.connect() as connection:
        digest = store.made(connection, "product", date(2026, 2, 23))
    assert digest is not None
    assert (digest.posts.now, digest.posts.before) == (5, 1)
    assert (digest.cases.now, digest.cases.before, digest.solved) == (4, 1, 1), "spam opens no case"
    assert (digest.negative, digest.positive) == (4, 1)
    assert [(t.name, t.posts.now, t.cases.now) for t in digest.topics] == [("cloud", 4, 3), ("export", 1, 1)]
    assert [q.mention for q in digest.quotes] == [1, 2, 5], "spam is nobody's voice"
    assert told.letter.subject == "Cloud, 24.02. bis 03.03.: 5 Beiträge (+400 %), 4 Fälle"


def test_it_is_made_once_a_week_by_however_many(database: Engine) -> None:
    heard(database)
    with ThreadPoolExecutor(4) as many:
        told = [notice for notices in many.map(lambda _: sweep(database), range(4)) for notice in notices]
    assert len(told) == 1
    assert sweep(database, 6 * DAY) == [], "the week is told"
    (next_one,) = sweep(database, 7 * DAY)
    assert next_one.purpose != told[0].purpose


def test_where_nobody_says_anything_nobody_is_told(database: Engine) -> None:
    assert sweep(database) == []


def test_it_goes_through_the_outbox_beside_no_case(database: Engine) -> None:
    heard(database)
    with database.begin() as connection:
        outbox.add(connection, digests.sweep(connection, POLICY, NOW), NOW)
    with database.begin() as connection:
        (claimed,) = outbox.claim(connection, "desk", 9, timedelta(seconds=9), NOW)
    assert claimed.letter is not None and claimed.case.number == 0
    assert "the export breaks every accent" in claimed.letter.text and "<html" in claimed.letter.html


def test_an_erased_author_is_in_no_digest(database: Engine) -> None:
    heard(database)
    with database.begin() as connection:
        outbox.add(connection, digests.sweep(connection, POLICY, NOW), NOW)
    with database.begin() as connection:
        assert erasing.erase(connection, "x", "author1", POLICY).mentions == 1
    with database.connect() as connection:
        digest = store.made(connection, "product", date(2026, 2, 23))
        kept = connection.execute(
            text("SELECT letter->>'text', letter->>'html' FROM deliveries WHERE letter IS NOT NULL")
        )
        assert [tuple(row) for row in kept] == [("[deleted]", "")]
    assert digest is not None and [q.mention for q in digest.quotes] == [2, 5]
    assert digest.posts.now == 5, "numbers name nobody"


def test_a_digest_without_a_title_goes_by_its_name(database: Engine) -> None:
    heard(database)
    rules = policy(digests=[{name: value for name, value in PLAN.items() if name != "title"}])
    with database.begin() as connection:
        (told,) = digests.sweep(connection, rules, NOW)
    assert told.letter is not None and told.letter.subject.startswith("product, ")
