"""What follows from a failure: bounds of every wait, for any input."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation_bridge import decide
from escalation_bridge.decide import FAILURES_TO_PAUSE, LONGEST_PAUSE, LONGEST_RETRY_AFTER, LONGEST_WAIT
from escalation_bridge.pauses import TargetStatus
from leitstand.errors import DeliveryError, DeliveryOutcome
from tests.escalation_bridge.words import NOW

DAY = timedelta(hours=24)
attempts = st.integers(1, 10**6)
randoms = st.floats(0, 1, exclude_max=True)
asked = st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=400))


@given(attempts, randoms)
def test_a_wait_is_never_longer_than_the_cap(attempt: int, random: float) -> None:
    assert timedelta(0) <= decide.back_off(attempt, lambda: random) <= LONGEST_WAIT


@given(attempts)
def test_the_jitter_is_full(attempt: int) -> None:
    ceiling = decide.back_off(attempt, lambda: 1.0)
    assert decide.back_off(attempt, lambda: 0.0) == timedelta(0)
    assert decide.back_off(attempt, lambda: 0.5) == ceiling / 2
    assert decide.back_off(attempt + 1, lambda: 1.0) == min(LONGEST_WAIT, ceiling * 2)


@given(st.sampled_from(DeliveryOutcome), attempts, randoms, asked, st.timedeltas(timedelta(0), DAY))
def test_every_failure_has_a_verdict(
    outcome: DeliveryOutcome, attempt: int, random: float, retry_after: timedelta | None, age: timedelta
) -> None:
    error = DeliveryError("no", outcome, retry_after=retry_after)
    verdict = decide.after_failure(error, attempt, NOW - age, DAY, NOW, lambda: random)
    if outcome is DeliveryOutcome.REFUSED:
        assert verdict.state == "dead"
    elif verdict.state == "dead":
        assert age + max(LONGEST_WAIT, LONGEST_RETRY_AFTER) >= DAY
    else:
        assert (verdict.state == "unknown") == (outcome is DeliveryOutcome.UNKNOWN)
        assert NOW <= verdict.at < NOW - age + DAY
        if retry_after:
            assert verdict.at >= NOW + min(retry_after, LONGEST_RETRY_AFTER)


@given(st.sampled_from(DeliveryOutcome), st.integers(0, 10**6), asked)
def test_no_pause_is_endless(outcome: DeliveryOutcome, failures: int, retry_after: timedelta | None) -> None:
    error = DeliveryError("no", outcome, retry_after=retry_after)
    after = decide.target_after_failure(error, TargetStatus(failures), NOW)
    assert after.paused_until is None or after.paused_until <= NOW + max(LONGEST_PAUSE, LONGEST_RETRY_AFTER)


def test_a_target_pauses_after_failures_in_a_row_and_longer_each_time() -> None:
    status, pauses, now = TargetStatus(), [], NOW
    for _ in range(FAILURES_TO_PAUSE + 3):
        status = decide.target_after_failure(DeliveryError("no", DeliveryOutcome.RETRY), status, now)
        pauses.append(status.paused_until - now if status.paused_until else timedelta(0))
        now = status.paused_until or now
    assert pauses[: FAILURES_TO_PAUSE - 1] == [timedelta(0)] * (FAILURES_TO_PAUSE - 1)
    growing = pauses[FAILURES_TO_PAUSE - 1 :]
    assert growing == [decide.FIRST_PAUSE * 2**n for n in range(4)]


def test_those_under_way_when_a_pause_begins_do_not_lengthen_it() -> None:
    paused = TargetStatus(FAILURES_TO_PAUSE, NOW + timedelta(seconds=10))
    for outcome in (DeliveryOutcome.RETRY, DeliveryOutcome.UNKNOWN, DeliveryOutcome.UNAUTHORISED):
        assert decide.target_after_failure(DeliveryError("no", outcome), paused, NOW) == paused


def test_wrong_credentials_pause_at_once() -> None:
    after = decide.target_after_failure(DeliveryError("no", DeliveryOutcome.UNAUTHORISED), TargetStatus(), NOW)
    assert after.paused(NOW)
    assert decide.may_send(after, 0, 8, NOW) == 0


def test_a_refusal_shows_that_the_target_lives() -> None:
    after = decide.target_after_failure(DeliveryError("no", DeliveryOutcome.REFUSED), TargetStatus(4), NOW)
    assert after.failures == 0


def test_retry_after_nothing_is_no_pause() -> None:
    error = DeliveryError("no", DeliveryOutcome.RATE_LIMITED, retry_after=timedelta(0))
    assert not decide.target_after_failure(error, TargetStatus(), NOW).paused(NOW)
    unsaid = decide.target_after_failure(DeliveryError("no", DeliveryOutcome.RATE_LIMITED), TargetStatus(), NOW)
    assert unsaid.paused_until == NOW + decide.PAUSE_WITHOUT_RETRY_AFTER


def test_the_longest_that_anybody_waits() -> None:
    """In figures: what these constants promise is what operators count on."""
    late = DeliveryError("no", DeliveryOutcome.RATE_LIMITED, retry_after=timedelta(days=30))
    asked = decide.target_after_failure(late, TargetStatus(), NOW)
    failing = decide.target_after_failure(DeliveryError("no", DeliveryOutcome.RETRY), TargetStatus(10**6), NOW)
    assert asked.paused_until == NOW + timedelta(hours=1)
    assert failing.paused_until == NOW + timedelta(minutes=5)
    assert decide.back_off(10**6, lambda: 1.0) == timedelta(minutes=5)
    assert decide.back_off(1, lambda: 1.0) == timedelta(seconds=2)


def test_one_probe_at_a_time_after_a_pause() -> None:
    over = TargetStatus(FAILURES_TO_PAUSE, NOW)
    assert [decide.may_send(over, n, 8, NOW) for n in (0, 1)] == [1, 0]
    assert [decide.may_send(TargetStatus(), n, 8, NOW) for n in (0, 3, 8, 9)] == [8, 5, 0, 0]
