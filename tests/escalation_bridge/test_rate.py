"""The token bucket never lets more through than its rate, whenever it is asked."""

from hypothesis import given
from hypothesis import strategies as st

from escalation_bridge.rate import Bucket

steps = st.lists(st.tuples(st.floats(0, 3), st.integers(0, 20)), max_size=50)


@given(st.floats(0.1, 100), steps)
def test_never_more_than_the_rate_and_one_seconds_worth(rate: float, asked: list[tuple[float, int]]) -> None:
    bucket, now, taken = Bucket(rate, 0.0), 0.0, 0
    for passed, wanted in asked:
        now += passed
        got = bucket.take(wanted, now)
        assert 0 <= got <= wanted
        taken += got
        assert taken <= max(1.0, rate) + rate * now + 1e-6


@given(st.floats(0.1, 100))
def test_after_the_wait_there_is_a_token(rate: float) -> None:
    bucket = Bucket(rate, 0.0)
    bucket.take(1000, 0.0)
    assert bucket.take(1, bucket.wait() + 1e-6) == 1


def test_unused_tokens_come_back() -> None:
    bucket = Bucket(5, 0.0)
    bucket.put_back(bucket.take(5, 0.0))
    assert bucket.take(9, 0.0) == 5
