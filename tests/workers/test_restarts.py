"""When a child is started again and when it is killed, on moments handed in: no process, no waiting."""

import math

from hypothesis import given
from hypothesis import strategies as st

from leitstand.keeping import LONGEST_DELAY, STEADY_AFTER, delay
from workers.restarts import Life, Phase, asked_to_end, ended, started, to_kill, to_start

moments = st.floats(0, 1e6)
runs = st.lists(st.floats(0, 200), max_size=40)


@given(st.integers(1, 10_000))
def test_delay_grows_to_its_limit(failures: int) -> None:
    assert delay(1) == 0.2
    assert delay(failures) <= delay(failures + 1) <= LONGEST_DELAY
    assert delay(10_000) == LONGEST_DELAY


@given(runs)
def test_a_child_is_always_started_again_and_never_in_a_tight_loop(lengths: list[float]) -> None:
    now, life = 0.0, Life()
    for length in lengths:
        assert to_start(life, now)
        life = started(life, now)
        assert not to_start(life, now) and life.due == math.inf
        now += length
        life = ended(life, now)
        assert not to_start(life, now)
        assert life.due - now + 1e-6 >= 0.2 and life.due - now <= LONGEST_DELAY + 1e-6
        now = life.due
    assert life.starts == len(lengths)


@given(st.integers(0, 30), moments)
def test_a_steady_run_forgets_the_failures(failures: int, now: float) -> None:
    life = started(Life(failures=failures), now)
    assert ended(life, now + STEADY_AFTER + 0.01).failures == 1
    assert ended(life, now + STEADY_AFTER - 0.01).failures == failures + 1


def test_a_long_wait_is_not_a_steady_run() -> None:
    waiting = ended(started(Life(), 0.0), 1.0)
    assert ended(waiting, 1000.0).failures == 2


@given(moments, st.floats(0, 100), st.floats(0, 100))
def test_asking_twice_brings_the_end_forward_only(now: float, grace: float, again: float) -> None:
    life = asked_to_end(started(Life(), now), now, grace)
    assert asked_to_end(life, now, again).due == now + min(grace, again)
    assert to_kill(life, now + grace)
    assert ended(life, now).phase is Phase.STOPPED


@given(moments)
def test_who_does_not_run_has_ended_at_once(now: float) -> None:
    assert asked_to_end(Life(), now, 30.0).phase is Phase.STOPPED
    assert not to_start(asked_to_end(Life(), now, 30.0), now)
