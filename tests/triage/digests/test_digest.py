"""When a digest is due, which quotes are the strongest, and how it reads."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand import settings
from leitstand.model import Sentiment
from triage.digests import words
from triage.digests.digest import (
    WEEK,
    Count,
    Digest,
    Quote,
    Topic,
    ends_in,
    last_due,
    shortened,
    strength,
    strongest,
    week_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
BAD, GOOD = Sentiment.NEGATIVE, Sentiment.POSITIVE


def entry(**more: object) -> settings.Digest:
    plain = {"name": "product", "target": "desk", "watchlists": ["cloud"], "timezone": "Europe/Berlin"}
    return settings.Digest.model_validate({**plain, **more})


def quote(number: int, sentiment: Sentiment = BAD, strong: float = 1.0, **more: str) -> Quote:
    return Quote(
        number, "x", "https://x.example/1", more.get("text", f"words of {number}"), sentiment, strong,
        more.get("author", f"x:{number}"),
    )  # fmt: skip


DIGEST = Digest(
    "product", "Cloud features", datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC),
    Count(124, 105), Count(9, 12), 7, 31, 12,
    (Topic("cloud", "watchlist", Count(90, 0), Count(5, 5)), Topic("billing", "tag", Count(0, 0), Count(4, 7))),
    (quote(1, text="The export <b>eats</b> my “umlauts”"), quote(2, GOOD, text="best update in years")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-09T08:00+01:00", "2026-03-09T08:00+01:00"),
        ("2026-03-09T07:59+01:00", "2026-03-02T08:00+01:00"),
        ("2026-03-15T23:00+01:00", "2026-03-09T08:00+01:00"),
        ("2026-03-30T08:00+02:00", "2026-03-30T08:00+02:00"),  # the night before, the clocks went forward
        ("2026-03-30T07:59+02:00", "2026-03-23T08:00+01:00"),
    ],
)
def test_it_is_due_by_the_clock_on_the_wall(now: str, due: str) -> None:
    assert last_due(entry(), datetime.fromisoformat(now)) == datetime.fromisoformat(due)


@given(
    st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
    st.integers(0, 23),
    st.integers(0, 6 * 366 * 1440).map(lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
)
def test_each_week_has_one_digest_and_is_found_by_its_monday(day: str, hour: int, now: datetime) -> None:
    plan = entry(weekday=day, time=f"{hour:02}:00")
    due = last_due(plan, now)
    before = last_due(plan, due - timedelta(seconds=1))
    assert due <= now < due + WEEK + timedelta(hours=1)
    assert week_of(plan, due) - week_of(plan, before) == timedelta(days=7)
    assert week_of(plan, due).weekday() == 0 and ends_in(plan, week_of(plan, due)) == due


def test_the_week_is_the_one_in_which_most_of_it_lies() -> None:
    assert week_of(entry(), last_due(entry(), datetime(2026, 3, 9, 12, tzinfo=UTC))) == date(2026, 3, 2)
    friday = entry(weekday="fri", time="17:00")
    assert week_of(friday, last_due(friday, datetime(2026, 3, 6, 17, tzinfo=UTC))) == date(2026, 3, 2)


def test_both_kinds_are_quoted_in_turn_nobody_twice_and_no_text_twice() -> None:
    said = [
        quote(1, strong=0.9), quote(2, strong=0.8, author="x:1"), quote(3, strong=0.7, text="Words  of 1"),
        quote(4, strong=0.1), quote(5, GOOD, 0.2), quote(6, GOOD, 0.3), quote(7, GOOD, 9, text="  "),
    ]  # fmt: skip
    assert [q.mention for q in strongest(said, 9)] == [1, 6, 5, 4]
    assert [q.mention for q in strongest(said, 2)] == [1, 6]
    assert strongest([], 5) == ()


def test_what_is_felt_surely_and_heard_by_many_is_strong() -> None:
    assert strength(-0.9, 0.9, 100_000) > strength(-0.9, 0.9, 10) > strength(-0.9, 0.3, 10) > strength(0.1, 0.3, None)


def test_a_long_post_is_quoted_up_to_a_word() -> None:
    said = shortened("a  word\n" * 100)
    assert said.startswith("a word a word") and said.endswith("word …") and len(said) <= 240


def test_it_reads_in_english() -> None:
    said = words.letter(DIGEST, "en", BERLIN, "https://desk.example")
    assert said.subject == "Cloud features, 02 Mar to 09 Mar: 124 posts (+18 %), 9 cases"
    assert said.text.splitlines() == [
        "Posts: 124 (+18 %; 105 the week before)",
        "Cases: 9 (\u221225 %; 12 the week before), 7 of them solved",
        "31 posts are negative, 12 positive",
        "",
        "By topic",
        "• cloud: 90 posts (new), 5 cases (as before)",
        "• tagged billing: 0 posts (none), 4 cases (\u221243 %)",
        "",
        "What people said",
        "\u2212 “The export <b>eats</b> my “umlauts”” (x, https://x.example/1)",
        "+ “best update in years” (x, https://x.example/1)",
    ]
    assert said.mentions == (1, 2)


def test_it_reads_in_german_and_html_is_safe() -> None:
    said = words.letter(DIGEST, "de", BERLIN, "https://desk.example")
    assert said.subject == "Cloud features, 02.03. bis 09.03.: 124 Beiträge (+18 %), 9 Fälle"
    assert "Schlagwort billing: 0 Beiträge (keine), 4 Fälle (\u221243 %)" in said.text
    assert '<html lang="de">' in said.html and "<b>eats" not in said.html and "&lt;b&gt;eats" in said.html


def test_a_silent_week_says_so() -> None:
    nothing = Digest("p", "p", DIGEST.starts, DIGEST.ends, Count(), Count(), 0, 0, 0, (), ())
    assert nothing.silent and not DIGEST.silent
    for heard in (Count(1, 0), Count(0, 1)):
        assert not replace(nothing, posts=heard).silent and not replace(nothing, cases=heard).silent
    assert words.letter(nothing, "de", BERLIN, "").text.endswith("Nichts davon ist ein Zitat wert.")
