"""When an incident begins and ends: the bundled day, a quiet month, and the arithmetic behind both."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import scenario
from console.offline import incidents as offline
from leitstand import configuration
from leitstand.model import Assessment, Author, Intent, Reason, Sentiment, Urgency
from leitstand.settings import Incidents
from nlp import pipeline
from tests.triage.building import NOW, assessment, mention
from tests.triage.quiet_month import BEGINS, month
from triage.incidents.backtest import Heard, Moment, backtest, moments
from triage.incidents.baseline import HOUR, NEVER, SELDOM, Lately, Usual, remembered, threshold, usual
from triage.incidents.detector import Reading, Watch, look
from triage.incidents.signals import SLOTS, Signal, authors, signals, slot, voices

SETTINGS = Incidents()
DAY = datetime(2026, 3, 10, 5, tzinfo=UTC)  # 06:00 in Berlin
OWN = ("acmecloud", "acmecloud@social.example")
MINUTE = timedelta(minutes=1)
BOTH = (Signal.TROUBLE, Signal.IMPACT)


def bundled_day() -> list[Heard]:
    """The bundled day as a person judged each of its posts."""
    found: list[Heard] = []
    for post in scenario.posts():
        truth, author = post.truth, post.form["author"]
        judged = Assessment(
            truth["language"], Sentiment(truth["sentiment"]), 0, Urgency(truth["urgency"]),
            tuple(map(Intent, truth["intents"])), truth["needs_reply"],
            tuple(Reason(intent, "as a person reads it", 0, 0, 1) for intent in truth["intents"]), "person",
        )  # fmt: skip
        given = () if author["handle"] in OWN else signals(judged, post.form["text"])
        who = slot(post.form["channel"], Author(author["id"], author["handle"]))
        found += [Heard(DAY + post.at, name, who, given) for name in truth["watchlists"] if given]
    return found


@pytest.fixture(scope="module")
def the_day() -> list[Moment]:
    return moments(backtest(bundled_day(), SETTINGS, DAY))


def berlin(at: datetime) -> str:
    return f"{at + HOUR:%H:%M:%S}"


def test_the_outage_of_the_bundled_day_is_found_within_three_minutes(the_day: list[Moment]) -> None:
    outage = [m for m in the_day if m.watchlist == "cloud" and "09:40" <= berlin(m.at) < "13:30"]
    assert outage[0].kind == "opened" and "09:42:00" <= berlin(outage[0].at) <= "09:45:00"
    assert outage[-1].kind == "closed" and berlin(outage[-1].at) > "12:00:00"
    assert sum(m.kind == "opened" for m in outage) == 1, "one outage, one incident"


def test_with_our_own_assessments_the_outage_is_found_as_soon() -> None:
    """The first posts ask and joke: that they are neither urgent nor called an outage must not matter."""
    environment = {
        "LEITSTAND_DEMO_RECEIVER": "http://127.0.0.1:9", "LEITSTAND_DEMO_TOKEN": "t" * 24,
        "LEITSTAND_DEMO_SECRET": "whsec_" + "A" * 40,
    }  # fmt: skip
    settings = configuration.load(scenario.CONFIGURATION, environment=environment)
    problems: list[str] = []
    mentions = offline.read(scenario.DAY.read_bytes().splitlines(), NOW, problems)
    track = offline.replay(mentions, settings, pipeline.load())["cloud"]
    opened = [f"{m.at:%H:%M:%S}" for m in track.moments if m.kind == "opened"]
    assert problems == [] and any("09:42:00" <= at <= "09:45:00" for at in opened), opened


def test_nothing_else_is_found_than_what_happened(the_day: list[Moment]) -> None:
    """The regional login trouble at 08:31, the outage at 09:42, other customers' invoices at 14:05."""
    opened = [berlin(m.at)[:5] for m in the_day if m.kind == "opened"]
    assert len(opened) == 3 and [at[:2] for at in opened] == ["08", "09", "14"]


@pytest.mark.parametrize("seed", [1, 5])
def test_a_quiet_month_with_a_harmless_campaign_has_no_incident(seed: int) -> None:
    """In the fifth, three voices come within five minutes on the first day: chance, and not in each minute."""
    assert moments(backtest(month(seed), SETTINGS, BEGINS)) == []


def test_an_outage_in_the_middle_of_a_busy_week_is_found_and_closed() -> None:
    outage = BEGINS + timedelta(days=9, hours=11)
    hit = [Heard(outage + n * timedelta(seconds=8), "cloud", n, BOTH) for n in range(200)]
    week = [h for h in month(2) if h.at < BEGINS + timedelta(days=10)]
    found = moments(backtest(sorted([*week, *hit], key=lambda h: h.at), SETTINGS, BEGINS))
    assert found[0].kind == "opened" and found[0].at - outage <= 3 * MINUTE
    assert found[-1].kind == "closed"
    assert found[-1].at >= hit[-1].at + SETTINGS.quiet


def test_one_author_who_cries_a_hundred_times_is_one_author() -> None:
    loud = [Heard(NOW + n * timedelta(seconds=3), "cloud", 7, BOTH) for n in range(100)]
    assert moments(backtest(loud, SETTINGS, NOW - HOUR)) == []


def test_a_burst_of_one_minute_does_not_persist() -> None:
    burst = [Heard(NOW + n * timedelta(seconds=1), "cloud", n, BOTH) for n in range(40)]
    assert moments(backtest(burst, SETTINGS, NOW - 2 * HOUR)) == []


def test_what_goes_up_and_down_around_the_threshold_is_one_incident() -> None:
    waves = [Heard(NOW + (20 * wave + n) * MINUTE, "cloud", 10 * wave + n, BOTH) for wave in range(6) for n in range(6)]
    kinds = [m.kind for m in moments(backtest(waves, Incidents(quiet=timedelta(minutes=30)), NOW - 2 * HOUR))]
    assert kinds.count("opened") == 1 and kinds[-1] == "closed"


@pytest.mark.parametrize(
    ("authors", "minutes", "above"),
    [(4, 9, False), (5, 3, True), (5, 2, False), (9, 2, False), (10, 2, True), (10, 1, False)],
)
def test_a_spike_lasts_three_minutes_or_two_where_it_is_as_high_again(authors: int, minutes: int, above: bool) -> None:
    assert Reading(Signal.IMPACT, authors, minutes, 0.1, "hour", 5, NOW).above is above


def test_each_baseline_falls_back_to_the_next() -> None:
    hour = NOW.replace(minute=0)
    weeks = {hour - n * timedelta(weeks=1) + b * HOUR: 2.0 for n in (1, 2) for b in (-1, 0, 1)}
    days = {hour - n * timedelta(days=1): float(n) for n in (1, 2)}
    lately = Lately(90.0, 60.0)
    told = usual(remembered({**weeks, **days}, NOW), lately)
    assert told.source == "week" and told.rate == pytest.approx(2.0, abs=0.01)
    assert usual(remembered(days, NOW), lately) == Usual(2.0, "day")
    assert usual(remembered({}, NOW), lately) == Usual(1.5, "hour")
    assert usual(remembered({}, NOW), Lately(5, 5)) == Usual(0.0, "nothing")


def test_long_silence_of_the_daemon_teaches_nothing() -> None:
    watch = look(Watch(), {}, {}, SETTINGS, NOW).watch
    later = look(watch, {}, {}, SETTINGS, NOW + 5 * HOUR).watch
    assert later.series[Signal.IMPACT].lately.minutes == 0


def voiced(minutes: tuple[float, ...], signal: tuple[Signal, ...], first: int = 0) -> list[Heard]:
    return [Heard(NOW + at * MINUTE, "cloud", first + n, signal) for n, at in enumerate(minutes)]


@pytest.mark.parametrize(
    ("trouble", "others", "found"),
    [
        ((0.8, 1.9, 2.95), (), True),
        ((0.8, 1.9, 2.95), (0.5, 1.2, 1.4, 2.2), False),
        ((0.8, 0.9, 2.95), (), False),
        ((0.8, 1.9, 4.5), (), False),
    ],
    ids=["in each of three minutes", "among much else", "not in each minute", "over five minutes"],
)
def test_three_voices_are_a_spike_if_they_come_minute_by_minute_and_nearly_alone(
    trouble: tuple[float, ...], others: tuple[float, ...], found: bool
) -> None:
    before = voiced(tuple(range(-240, -6, 60)), BOTH, first=100)  # one an hour is usual
    posts = [*before, *voiced(trouble, BOTH), *voiced(others, (Signal.IMPACT,), first=50)]
    kinds = [m.kind for m in moments(backtest(sorted(posts, key=lambda h: h.at), SETTINGS, NOW - 5 * HOUR))]
    assert kinds == (["opened", "closed"] if found else [])


def test_who_gives_which_signal() -> None:
    outage = replace(assessment(Urgency.NONE, Intent.OUTAGE), reasons=(Reason("outage", "down", 0, 4, 1),))
    assert signals(outage, "ach je") == BOTH
    assert signals(assessment(Urgency.NONE), "Is the shop down for anyone else?") == BOTH
    assert signals(assessment(Urgency.HIGH, Intent.OUTAGE), "please call me") == (Signal.IMPACT,), "no cue names it"
    likely = replace(outage, urgency=Urgency.HIGH, reasons=(Reason("outage", "call", 7, 11, 1, learned=True),))
    assert signals(likely, "please call me") == (Signal.IMPACT,), "only the model says so"
    assert signals(assessment(Urgency.NORMAL, Intent.QUESTION), "how much is it?") == (Signal.IMPACT,)
    assert signals(assessment(Urgency.NONE, Intent.PRAISE), "lovely") == ()
    assert signals(assessment(Urgency.CRITICAL, Intent.SPAM), "the shop is down") == ()


def test_own_posts_and_posts_of_yesterday_are_not_voices() -> None:
    items = [(mention(1, own=True), assessment()), (mention(2, minutes=-600), assessment())]
    assert voices(items, NOW, SETTINGS.window) == []
    ahead = voices([(mention(3, minutes=5), assessment())], NOW, SETTINGS.window)
    assert [voice.minute for voice in ahead] == [NOW], "no post is from the future"


@given(st.floats(0, 300), st.integers(2, 50), st.floats(1, 5), st.sampled_from((SELDOM, NEVER)))
def test_the_threshold_is_never_below_the_minimum_or_the_usual(
    mean: float, minimum: int, factor: float, by_chance: float
) -> None:
    found = threshold(mean, minimum, factor, by_chance)
    assert found >= minimum and found > mean * factor
    assert threshold(mean + 1, minimum, factor, by_chance) >= found


@given(st.integers(0, 3000))
def test_authors_are_counted_about_right(count: int) -> None:
    filled = {slot("x", Author(f"someone-{n}")) for n in range(count)}
    assert len(filled) < SLOTS and abs(authors(filled) - count) <= 3 + 0.05 * count
