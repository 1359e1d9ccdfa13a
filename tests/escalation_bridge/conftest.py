"""Back-offs of milliseconds, where a test does not ask for the real ones."""

from datetime import timedelta

import pytest

from escalation_bridge import decide, delivery


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "FIRST_WAIT", timedelta(milliseconds=5))
    monkeypatch.setattr(decide, "FIRST_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr(decide, "LONGEST_PAUSE", timedelta(milliseconds=100))
    monkeypatch.setattr(delivery, "LOOK_EVERY", 0.02)
