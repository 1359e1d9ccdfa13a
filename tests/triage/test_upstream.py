"""What a network does to a post later is on the timeline of its case."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from leitstand.model import (
    Assessment,
    Author,
    ClockName,
    ClockState,
    Intent,
    MatchedMention,
    Mention,
    PostChange,
    Sentiment,
    Urgency,
)
from leitstand.settings import Settings
from triage import cases, clocks, records, timeline, upstream
from triage.policy import compile_policy

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
URGENT = Assessment("en", Sentiment.NEGATIVE, -1, Urgency.HIGH, (Intent.OUTAGE,), True, (), "test")
STORE = text(
    "INSERT INTO mentions (id, channel, external_id, listener, watchlists, own, url, title, text, language, kind,"
    " author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)"
    " VALUES (CAST(:id AS bigint), 'x', CAST(:id AS text), 't', '{brand}', false, '', '', '', '', 'post',"
    " '', '', '', '', '', '{}', 0, :now, :now)"
)


def opened(database: Engine) -> int:
    """A case of two mentions, 1 and 2."""
    matched = [
        MatchedMention(
            n, "t", ("brand",), False, Mention("x", str(n), "acme is down", NOW, NOW, author=Author("7", "a"))
        )
        for n in (1, 2)
    ]
    with database.begin() as connection:
        connection.execute(STORE, [{"id": str(n), "now": NOW} for n in (1, 2)])
        policy = compile_policy(Settings())
        return cases.process(connection, [(m, URGENT) for m in matched], policy, NOW).opened[0].number


def test_an_edit_and_a_delete_are_events_of_the_case(database: Engine) -> None:
    number, later = opened(database), NOW + timedelta(minutes=1)
    with database.begin() as connection:
        changes = [PostChange(1, "edited"), PostChange(2, "deleted"), PostChange(3, "deleted")]
        assert upstream.note(connection, changes, later) == [number]
        said = [(e.kind, e.at, e.data) for e in timeline.read(connection, number)[-2:]]
        assert said == [("post_edited", later, {"mention": "1"}), ("post_deleted", later, {"mention": "2"})]
        row = connection.execute(text("SELECT text, updated_at FROM cases")).one()
    assert (row.text, row.updated_at) == ("acme is down", later)


def test_the_words_of_a_deleted_post_are_taken_from_the_case_it_opened(database: Engine) -> None:
    opened(database)
    with database.begin() as connection:
        upstream.note(connection, [PostChange(1, "deleted")], NOW)
        assert connection.execute(text("SELECT title, text FROM cases")).one() == ("[deleted]", "")


def test_the_reasons_of_a_case_quote_no_deleted_post_and_still_say_what_was_found(database: Engine) -> None:
    number = opened(database)
    said = [{"about": "urgency", "text": "urgency high: “acme (is) down” (outage now), “now” (now)"},
            {"about": "rule", "text": "rule “acme is down”: severity sev1"}]  # fmt: skip
    with database.begin() as connection:
        connection.execute(text("UPDATE cases SET reasons = CAST(:said AS jsonb)"), {"said": json.dumps(said)})
        upstream.note(connection, [PostChange(2, "edited")], NOW)
        assert "“now”" in records.read(connection, [number])[number].reasons[0].text
        upstream.note(connection, [PostChange(2, "deleted")], NOW)
        kept = records.read(connection, [number])[number].reasons
    assert [reason.text for reason in kept] == ["urgency high: outage now, now", said[1]["text"]]


def test_words_that_were_taken_for_themselves_go_altogether(database: Engine) -> None:
    number = opened(database)
    with database.begin() as connection:
        for quoted, left in (("“going mad here”, “down” (outage)", "urgency high: outage"), ("“mad”", "urgency high")):
            said = json.dumps([{"about": "urgency", "text": f"urgency high: {quoted}"}])
            connection.execute(text("UPDATE cases SET reasons = CAST(:said AS jsonb)"), {"said": said})
            upstream.note(connection, [PostChange(2, "deleted")], NOW)
            assert [reason.text for reason in records.read(connection, [number])[number].reasons] == [left]


@pytest.mark.parametrize(("title", "then"), [("acme is down", "[deleted]"), ("The outage of March",) * 2])
def test_an_escalation_that_is_called_like_the_post_is_called_so_no_more(
    database: Engine, title: str, then: str
) -> None:
    number = opened(database)
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO escalations (title, state, cause, case_number, team, owner, opened_at, opened_by)"
                " VALUES (:title, 'open', 'sev1', :case, 'desk', '', :now, '')"
            ),
            {"title": title, "case": number, "now": NOW},
        )
        connection.execute(text("UPDATE cases SET title = 'acme is down'"))
        upstream.note(connection, [PostChange(1, "deleted")], NOW)
        assert connection.execute(text("SELECT title FROM escalations")).scalar_one() == then


def test_nobody_is_to_be_answered_where_the_first_post_is_gone(database: Engine) -> None:
    number = opened(database)
    with database.begin() as connection:
        upstream.note(connection, [PostChange(2, "deleted")], NOW)
        assert {clock.state for clock in clocks.read(connection, [number])[number].values()} == {ClockState.RUNNING}
        upstream.note(connection, [PostChange(1, "deleted")], NOW)
        after = clocks.read(connection, [number])[number]
    assert {name for name, clock in after.items() if clock.state is ClockState.RUNNING} == {
        ClockName.ACKNOWLEDGE, ClockName.RESOLUTION,
    }  # fmt: skip
    assert after[ClockName.FIRST_RESPONSE].history[-1].event == "withdrawn"
