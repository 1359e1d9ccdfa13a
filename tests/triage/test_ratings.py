"""What a score does: it is kept, counted, and a low one opens the case again."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import CaseState, NoticeType, Severity
from tests.triage.building import NOW, mention, one, policy, run
from triage import records, timeline
from triage.actions import act
from triage.ratings import rate, rating_of

HOUR = timedelta(hours=1)


@pytest.fixture
def number(database: Engine) -> int:
    """A case that was solved after an hour."""
    (opened,) = run(database, [one(mention(1))]).opened
    with database.begin() as connection:
        act(connection, opened.number, "resolve", actor="eve", now=NOW + HOUR, policy=policy())
    return opened.number


def case_of(database: Engine, number: int) -> records.CaseRecord:
    with database.connect() as connection:
        return records.read(connection, [number])[number]


def scored(database: Engine, number: int, score: int, **feedback: object) -> list[str]:
    """Whom a score told, and of what."""
    with database.begin() as connection:
        notices = rate(connection, number, score, " slow ", policy(feedback=feedback), NOW + 2 * HOUR)
    return [f"{notice.type} {notice.target}" for notice in notices]


def test_a_good_score_is_kept_and_the_last_one_counts(database: Engine, number: int) -> None:
    assert scored(database, number, 3) == []
    assert scored(database, number, 5) == []
    with database.connect() as connection:
        found = rating_of(connection, number)
        assert found is not None and (found.score, found.comment) == (5, "slow")
        assert timeline.read(connection, number)[-1].text == "rated 5 of 5 by the author"
    assert case_of(database, number).state is CaseState.RESOLVED


def test_a_low_score_opens_the_case_again_once(database: Engine, number: int) -> None:
    assert scored(database, number, 2) == [f"{NoticeType.CASE_UPDATED} desk"]
    assert case_of(database, number).state is CaseState.OPEN
    with pytest.raises(StateError, match="not solved yet"):
        scored(database, number, 1)


def test_a_low_score_escalates_where_the_file_says_so(database: Engine, number: int) -> None:
    told = scored(database, number, 1, on_low="escalate")
    assert f"{NoticeType.CASE_ESCALATED} sev1-group" in told
    assert case_of(database, number).severity is Severity.SEV1


def test_the_file_says_what_is_low_and_whether_it_matters(database: Engine, number: int) -> None:
    assert scored(database, number, 1, on_low="nothing") == []
    assert scored(database, number, 1, low=0) == []
    assert scored(database, number, 4, low=4) != []


def test_what_is_no_score_is_refused(database: Engine, number: int) -> None:
    for score, comment in ((0, ""), (6, ""), (3, "x" * 2001)):
        with database.begin() as connection, pytest.raises(InputError):
            rate(connection, number, score, comment, policy(), NOW)
    with database.begin() as connection, pytest.raises(NotFoundError):
        rate(connection, 99, 3, "", policy(), NOW)
