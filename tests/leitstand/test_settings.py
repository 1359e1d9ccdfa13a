"""Durations are written as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.settings import Settings, parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1.5h", 5400),
        ("1w", 604_800),
        ("36500d", 36_500 * 86_400),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


LONGEST = ["36501d", "9" * 9 + "d", "9" * 15 + "d", "9" * 400 + "w"]


@pytest.mark.parametrize("text", ["", "15", "m", "15 minutes", "-5m", 15, None, "1h-2m", *LONGEST])
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**8))
def test_shown_durations_read_back(seconds: int) -> None:
    assert parse_duration(show_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"listen": "0.0.0.0:80"}, "http://0.0.0.0:80"),
        ({"listen": "0.0.0.0:80", "url": "https://desk.example/"}, "https://desk.example"),
    ],
)
def test_the_address_that_people_are_given(given: dict[str, str], shown: str) -> None:
    assert Settings.model_validate({"server": given}).server.public_url == shown
