"""What cannot be read is missing, and said to be; everything else stays, in time."""

import threading
from collections.abc import Callable, Mapping

import pytest

from leitstand import __version__
from monitoring.collector import Found, Lane, Part, StateCollector
from monitoring.gauges import CASES_OPEN, GAUGES, MENTIONS_PENDING, QUEUE_DEPTH

Values = Mapping[str, float]


def read(collector: StateCollector) -> Values:
    """Every sample, as `name` or `name{value,value}`."""
    shown = {}
    for family in collector.collect():
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            shown[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return shown


def pending(value: float) -> Part:
    return Part("mentions", lambda: {MENTIONS_PENDING: {(): value}})


def failing(error: BaseException) -> Callable[[], Found]:
    def look() -> Found:
        raise error

    return look


def test_a_part_that_fails_costs_only_its_own_gauges() -> None:
    parts = [Part("cases", failing(KeyError("column"))), pending(3)]
    queues = Part("queues", failing(ConnectionError("no Redis")))
    shown = read(StateCollector([Lane(parts), Lane([queues])]))
    assert shown == {
        "leitstand_mentions_pending": 3,
        f"leitstand_build_info{{{__version__}}}": 1,
        "leitstand_scrape_ok{cases}": 0,
        "leitstand_scrape_ok{mentions}": 1,
        "leitstand_scrape_ok{queues}": 0,
    }


def test_every_gauge_is_declared_even_without_a_value() -> None:
    families = list(StateCollector([]).collect())
    assert [(f.name, f.type, f.documentation) for f in families] == [(g.name, "gauge", g.help) for g in GAUGES]


def test_a_part_that_hangs_holds_up_the_scrape_only_for_so_long_and_is_not_asked_twice() -> None:
    released, asked = threading.Event(), []

    def hang() -> Found:
        asked.append(1)
        released.wait(60)
        return {QUEUE_DEPTH: {("assess",): 5}}

    collector = StateCollector([Lane([Part("queues", hang)]), Lane([pending(3)])], limit=0.5, fresh=0)
    for _ in range(2):
        shown = read(collector)
        assert shown["leitstand_scrape_ok{queues}"] == 0 and "leitstand_queue_depth{assess}" not in shown
        assert shown["leitstand_mentions_pending"] == 3
    assert len(asked) == 1
    released.set()
    patient = StateCollector([Lane([Part("queues", hang)])], limit=60, fresh=0)
    assert read(patient)["leitstand_queue_depth{assess}"] == 5


def test_what_was_read_before_the_hanging_part_is_never_shown_again_as_if_new() -> None:
    released = threading.Event()
    values = iter([1.0, 2.0])
    first = Part("mentions", lambda: {MENTIONS_PENDING: {(): next(values)}})

    def hang() -> Found:
        released.wait(60)
        return {}

    collector = StateCollector([Lane([first, Part("cases", hang)])], limit=0.5, fresh=0)
    assert read(collector)["leitstand_mentions_pending"] == 1
    assert "leitstand_mentions_pending" not in read(collector)
    released.set()


def test_scrapes_within_a_second_read_once() -> None:
    values = iter([1.0, 2.0])
    part = Part("mentions", lambda: {MENTIONS_PENDING: {(): next(values)}})
    collector = StateCollector([Lane([part])], fresh=3600)
    assert [read(collector)["leitstand_mentions_pending"] for _ in range(3)] == [1, 1, 1]


def test_a_failure_is_logged_when_it_begins_not_at_every_scrape(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes: list[BaseException | None] = [ConnectionError("away"), ConnectionError("away"), None, KeyError("odd")]

    def look() -> Found:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome
        return {CASES_OPEN: {("sev1", "x", "new"): 1}}

    collector = StateCollector([Lane([Part("cases", look)])], fresh=0)
    said = [(read(collector), capsys.readouterr())[1] for _ in range(4)]
    assert ["gauges cannot be read" in text.out + text.err for text in said] == [True, False, False, True]
