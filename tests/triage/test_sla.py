"""Clock arithmetic: by example, and as properties that hold for any budget, pause and moment."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from leitstand.model import Clock, ClockName, ClockState, Severity, TrafficLight
from leitstand.settings import Sla
from tests.triage.building import NOW
from triage import sla
from triage.agreements import DEFAULTS, Agreement, Traits, best
from triage.hours import ALWAYS

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
minutes = st.integers(1, 10_000).map(lambda n: n * MINUTE)
severities = st.sampled_from(list(Severity))


def _agreement(budget: timedelta, *warn_at: float) -> Agreement:
    return Agreement("x/sev1", ((ClockName.FIRST_RESPONSE, budget),), "always", warn_at, remind_at=())


def _clock(budget: timedelta, *warn_at: float, now: timedelta = timedelta(0)) -> Clock:
    (clock,) = sla.plan(_agreement(budget, *warn_at), ALWAYS, NOW, NOW + now)
    return clock


def test_the_first_thing_to_do_is_the_first_warning() -> None:
    clock = _clock(100 * MINUTE, 0.5, 0.9)
    assert (clock.due_at, clock.fire_at) == (NOW + 100 * MINUTE, NOW + 50 * MINUTE)
    clock, fraction = sla.fire(clock, ALWAYS, NOW + 50 * MINUTE)
    assert (fraction, clock.fire_at, clock.warnings_left) == (0.5, NOW + 90 * MINUTE, (0.9,))
    clock, fraction = sla.fire(clock, ALWAYS, NOW + 90 * MINUTE)
    assert (fraction, clock.fire_at) == (0.9, clock.due_at)
    clock, fraction = sla.fire(clock, ALWAYS, clock.due_at)
    assert (fraction, clock.state) == (None, ClockState.BREACHED)


def test_a_sweep_that_slept_warns_once_of_the_latest_fraction() -> None:
    clock, fraction = sla.fire(_clock(100 * MINUTE, 0.5, 0.75, 0.9), ALWAYS, NOW + 80 * MINUTE)
    assert (fraction, clock.warnings_left) == (0.75, (0.9,))


def test_a_post_seen_late_skips_past_warnings() -> None:
    clock = _clock(100 * MINUTE, 0.5, 0.9, now=60 * MINUTE)
    assert (clock.warnings_left, clock.fire_at) == ((0.9,), NOW + 90 * MINUTE)


def test_a_post_seen_after_its_deadline_fires_at_once_and_keeps_its_due_time() -> None:
    clock = _clock(15 * MINUTE, 0.75, now=60 * MINUTE)
    assert (clock.due_at, clock.fire_at) == (NOW + 15 * MINUTE, NOW + 60 * MINUTE)
    assert sla.fire(clock, ALWAYS, NOW + 60 * MINUTE)[1] is None


@given(minutes, minutes)
def test_an_answer_is_a_miss_exactly_if_it_comes_after_the_due_time(budget: timedelta, answer: timedelta) -> None:
    met = sla.meet(_clock(budget), NOW + answer)
    assert met.state is (ClockState.MET if answer <= budget else ClockState.BREACHED)
    assert met.ended_at == NOW + answer
    assert sla.meet(met, NOW + 2 * answer) == met


def test_an_answer_in_time_that_was_seen_after_the_breach_is_met() -> None:
    breached, _ = sla.fire(_clock(15 * MINUTE), ALWAYS, NOW + 16 * MINUTE)
    assert sla.meet(breached, NOW + 14 * MINUTE).state is ClockState.MET
    assert sla.meet(breached, NOW + 17 * MINUTE).state is ClockState.BREACHED


@given(minutes, st.lists(st.tuples(minutes, minutes), max_size=4))
def test_pauses_shift_the_due_time_by_exactly_their_length(
    budget: timedelta, pauses: list[tuple[timedelta, timedelta]]
) -> None:
    clock, at, paused = _clock(budget, 0.5), NOW, timedelta(0)
    for before, length in pauses:
        at += before
        if clock.due_at <= at:
            assert sla.pause(clock, at) == clock
            break
        clock = sla.resume(sla.pause(clock, at), ALWAYS, at + length)
        at, paused = at + length, paused + length
    assert clock.due_at == NOW + budget + paused
    assert clock.state is ClockState.RUNNING


@given(severities, severities, minutes)
def test_a_rise_moves_due_times_only_earlier_and_never_the_start(
    before: Severity, after: Severity, seen: timedelta
) -> None:
    now = NOW + seen
    old = sla.plan(DEFAULTS[before], ALWAYS, NOW, NOW)
    new = {c.name: c for c in sla.tighten(old, DEFAULTS[after], ALWAYS, NOW, now)}
    for clock in old:
        assert new[clock.name].due_at == min(clock.due_at, NOW + dict(DEFAULTS[after].budgets)[clock.name])
        assert new[clock.name].started_at == NOW


def test_a_rise_counts_the_pauses_that_were() -> None:
    paused = sla.resume(sla.pause(_clock(100 * MINUTE), NOW + 10 * MINUTE), ALWAYS, NOW + 40 * MINUTE)
    (tightened,) = sla.tighten([paused], _agreement(50 * MINUTE), ALWAYS, NOW, NOW + 41 * MINUTE)
    assert tightened.due_at == NOW + 80 * MINUTE


def test_a_rise_leaves_ended_clocks_alone_and_adds_what_is_new() -> None:
    met = sla.meet(_clock(100 * MINUTE), NOW + MINUTE)
    granted = Agreement("x", ((ClockName.FIRST_RESPONSE, MINUTE), (ClockName.RESOLUTION, 5 * MINUTE)))
    clocks = sla.tighten([met], granted, ALWAYS, NOW, NOW + 2 * MINUTE)
    assert clocks[0] == met
    assert [(c.name, c.due_at) for c in clocks[1:]] == [(ClockName.RESOLUTION, NOW + 5 * MINUTE)]


def test_reopening_counts_the_time_between_as_a_pause() -> None:
    resolved = sla.meet(_clock(100 * MINUTE), NOW + 60 * MINUTE)
    running = sla.restart(resolved, ALWAYS, NOW + 500 * MINUTE)
    assert (running.state, running.due_at) == (ClockState.RUNNING, NOW + 540 * MINUTE)


def test_the_traffic_light() -> None:
    clock = _clock(100 * MINUTE)
    lights = [sla.light([(clock, ALWAYS)], NOW + n * MINUTE) for n in (0, 74, 75, 99, 100)]
    green, amber, red = TrafficLight.GREEN, TrafficLight.AMBER, TrafficLight.RED
    assert lights == [green, green, amber, amber, red]
    paused = sla.pause(clock, NOW + 50 * MINUTE)
    assert sla.light([(paused, ALWAYS)], NOW + 500 * MINUTE) is green
    assert sla.light([(replace(clock, state=ClockState.BREACHED), ALWAYS)], NOW) is red


def test_the_most_specific_entry_applies() -> None:
    entries = [
        Sla(acknowledge=MINUTE),
        Sla(channels=["x"], acknowledge=MINUTE),
        Sla(channels=["x"], severity=[Severity.SEV1], acknowledge=MINUTE),
    ]
    assert best(entries, Traits("x", severity="sev1")) == [2]
    assert best(entries, Traits("x", severity="sev2")) == [1]
    assert best(entries, Traits("blog", severity="sev1")) == [0]
    assert best([entries[2]], Traits("blog", severity="sev1")) == []
    assert best([entries[1], Sla(severity=[Severity.SEV1])], Traits("x", severity="sev1")) == [0, 1]


def test_the_next_response_is_due_only_after_the_first_and_only_once_at_a_time() -> None:
    granted = Agreement("x", ((ClockName.FIRST_RESPONSE, HOUR),), next_response=30 * MINUTE)
    clocks = {c.name: c for c in sla.plan(granted, ALWAYS, NOW, NOW)}

    def ask(minutes: int) -> Clock | None:
        return sla.ask(clocks, granted, ALWAYS, NOW + minutes * MINUTE, NOW + minutes * MINUTE)

    assert ask(5) is None
    first = sla.answer(clocks, NOW + 10 * MINUTE)
    assert first is not None
    clocks[first.name] = first
    assert sla.answer(clocks, NOW + 11 * MINUTE) is None
    assert ask(9) is None  # written before the answer, seen after it
    asked = ask(20)
    assert asked is not None
    assert asked.due_at == NOW + 50 * MINUTE
    clocks[asked.name] = asked
    assert ask(30) is None
    second = sla.answer(clocks, NOW + 60 * MINUTE)
    assert second is not None
    assert (second.name, second.state) == (ClockName.NEXT_RESPONSE, ClockState.BREACHED)
    clocks[second.name] = second
    assert ask(70) is not None
    assert sla.answer(clocks, NOW + 65 * MINUTE) is None
