"""A score that an author writes: what is one, and what it does to their solved case."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from bench.invariants import broken, unexplained
from leitstand.model import CaseState, ClockState, MatchedMention, NoticeType, PostChange, Urgency
from leitstand.settings import Feedback
from tests.triage.building import NOW, mention, one, policy, run
from triage import clocks, ratings, records, timeline, upstream
from triage.actions import act
from triage.cases import Outcome
from triage.firing import fire_due
from triage.votes import Vote, vote_of, votes_by

HOUR = timedelta(hours=1)
PATTERN = votes_by(Feedback().keywords)


@pytest.mark.parametrize(
    ("said", "vote"),
    [
        ("#rating 4", Vote(4, "")),
        ("@acme #Rating: 5 that was quick", Vote(5, "that was quick")),
        ("Danke! #bewertung 4/5", Vote(4, "Danke!")),
        ("#bewertung 3 von 5, naja", Vote(3, ", naja")),
        ("@acme @anna #rating=1", Vote(1, "")),
        ("#rating 4. Thanks", Vote(4, ". Thanks")),
        ("#rating 6", None),
        ("#rating 0", None),
        ("#rating 45", None),
        ("#rating 4.5", None),
        ("#rating 4/10", None),
        ("#rating 4 von 10", None),
        ("#rating 4 out of 50", None),
        ("#ratings 4", None),
        ("no#rating 4", None),
        ("rating 4", None),
        ("#rating", None),
        ("", None),
    ],
)
def test_what_is_a_vote(said: str, vote: Vote | None) -> None:
    assert vote_of(mention(1, words=said).mention, PATTERN) == vote


@given(before=st.text(), score=st.integers(1, 5), after=st.text())
def test_any_words_may_stand_around_a_vote(before: str, score: int, after: str) -> None:
    said = mention(1, words=f"{before.replace('#', '')} #rating {score} ; {after}").mention
    found = vote_of(said, PATTERN)
    assert found is not None and found.score == score


@given(st.text())
def test_any_words_are_read(said: str) -> None:
    found = vote_of(mention(1, words=f"#rating{said}").mention, PATTERN)
    assert found is None or 1 <= found.score <= 5
    if found is not None:
        assert any(letter.isdecimal() and int(letter) == found.score for letter in said), "nobody said that number"


def test_no_keyword_and_another_s_repost_cast_none() -> None:
    assert votes_by([]) is None
    assert vote_of(mention(1, words="#rating 4").mention, None) is None
    assert vote_of(replace(mention(1, words="#rating 4").mention, kind="repost"), PATTERN) is None
    assert vote_of(mention(1, words="Note: 2").mention, votes_by(["Note:", "No"])) == Vote(2, "")


@pytest.fixture
def number(database: Engine) -> int:
    """Ann's case, solved after an hour."""
    (opened,) = run(database, [one(mention(1, author="ann"))]).opened
    with database.begin() as connection:
        act(connection, opened.number, "resolve", actor="eve", now=NOW + HOUR, policy=policy())
    return opened.number


def answer(number: int, words: str, *, author: str = "ann", minutes: float = 120, own: bool = False) -> MatchedMention:
    return mention(number, author=author, words=words, root="post1", parent="post1", minutes=minutes, own=own)


def say(database: Engine, words: str, post: int = 2, hours: float = 2, **feedback: object) -> Outcome:
    """Ann answers in the conversation, sounding urgent."""
    said = [one(answer(post, words), Urgency.CRITICAL)]
    return run(database, said, policy(feedback=feedback), at=NOW + hours * HOUR)


def case_of(database: Engine, number: int) -> records.CaseRecord:
    with database.connect() as connection:
        return records.read(connection, [number])[number]


def rating(database: Engine, number: int) -> ratings.Rating | None:
    with database.connect() as connection:
        return ratings.rating_of(connection, number)


def holds(database: Engine, now: datetime) -> bool:
    """Whether every promise is kept once what is due has fired."""
    with database.begin() as connection:
        fire_due(connection, policy(), now)
        return broken(connection, now) == [] and unexplained(connection, NOW) == []


def test_the_author_s_reply_with_the_keyword_is_a_rating_and_no_complaint(database: Engine, number: int) -> None:
    before = case_of(database, number)
    outcome = say(database, "@acme #rating 4 it is down no more")
    assert (outcome.notices, outcome.opened, outcome.rated) == ((), (), frozenset({2}))
    after = case_of(database, number)
    assert (after.state, after.severity, after.mention_count) == (CaseState.RESOLVED, before.severity, 2)
    assert rating(database, number) == ratings.Rating(4, "it is down no more", NOW + 2 * HOUR)
    with database.connect() as connection:
        last = timeline.read(connection, number)[-1]
        assert (last.kind, last.actor, last.data) == ("rated", "the author", {"score": "4", "mention": "2"})
        assert all(
            clock.state is not ClockState.RUNNING for clock in clocks.read(connection, [number])[number].values()
        )
    assert holds(database, NOW + 2 * HOUR)


def test_the_last_vote_counts(database: Engine, number: int) -> None:
    say(database, "#rating 3")
    say(database, "#bewertung 5 doch", post=3)
    found = rating(database, number)
    assert found is not None and (found.score, found.comment) == (5, "doch")
    assert case_of(database, number).mention_count == 3


def test_a_low_vote_opens_the_case_again_as_a_link_does(database: Engine, number: int) -> None:
    told = say(database, "#rating 1 still down").notices
    assert [(notice.type, notice.target) for notice in told] == [(NoticeType.CASE_UPDATED, "desk")]
    assert case_of(database, number).state is CaseState.OPEN
    with database.connect() as connection:
        assert [e.kind for e in timeline.read(connection, number)][-2:] == ["rated", "reopened"]
    assert holds(database, NOW + 2 * HOUR)


def test_a_low_vote_escalates_where_the_file_says_so(database: Engine, number: int) -> None:
    told = say(database, "#rating 1", on_low="escalate").notices
    assert NoticeType.CASE_ESCALATED in {notice.type for notice in told}
    assert case_of(database, number).state is CaseState.OPEN


def test_a_complaint_after_a_low_vote_in_one_batch_opens_the_case_once(database: Engine, number: int) -> None:
    said = [one(answer(2, "#rating 1")), one(answer(3, "it is down again", minutes=121))]
    run(database, said, policy(), at=NOW + 3 * HOUR)
    assert case_of(database, number).state is CaseState.OPEN
    with database.connect() as connection:
        assert [e.kind for e in timeline.read(connection, number)].count("reopened") == 1
    assert holds(database, NOW + 3 * HOUR)


def test_who_did_not_open_the_case_does_not_rate_it(database: Engine, number: int) -> None:
    run(database, [one(answer(2, "#rating 1", author="ben"), Urgency.NONE)], at=NOW + 2 * HOUR)
    run(database, [one(answer(3, "#rating 5", author="acme", own=True), Urgency.NONE)], at=NOW + 2 * HOUR)
    assert rating(database, number) is None


def test_a_vote_on_an_open_case_is_one_more_post(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1, author="ann"))]).opened
    assert say(database, "#rating 1").joined == 1
    assert rating(database, opened.number) is None


def test_a_vote_may_come_as_long_as_a_link_would_be_valid(database: Engine, number: int) -> None:
    assert say(database, "#rating 5", hours=24 * 59).rated == {2}
    assert say(database, "#rating 1", post=3, hours=24 * 62).rated == frozenset()
    assert say(database, "#rating 1", post=4, hours=25, keywords=[]).rated == frozenset()
    found = rating(database, number)
    assert found is not None and found.score == 5


def test_the_words_of_a_vote_go_with_its_post(database: Engine, number: int) -> None:
    say(database, "#rating 5 I am Ann Example")
    with database.begin() as connection:
        upstream.note(connection, [PostChange(2, "deleted")], NOW + 3 * HOUR)
    found = rating(database, number)
    assert found is not None and (found.score, found.comment) == (5, "")
