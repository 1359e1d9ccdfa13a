"""What `leitstand check` finds in the parts of the configuration that triage gives meaning to."""

import pytest

from leitstand.settings import Settings
from tests.triage.building import SETTINGS
from triage.checks import problems


def found(**changes: object) -> list[tuple[str, str]]:
    return [(p.path, p.message) for p in problems(Settings.model_validate({**SETTINGS, **changes}))]


def test_a_good_file_has_no_problems() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        (
            {"retention": {"posts": "8d"}, "triage": {"story_window": "5d"}},
            "retention.posts",
            "8d is shorter than twice triage.story_window: new posts are compared with them (10d)",
        ),
        (
            {"retention": {"posts": "20d"}, "digests": [{"name": "d", "target": "desk", "watchlists": ["cloud"]}]},
            "retention.posts",
            "20d is shorter than three weeks: [[digests]] count two, and may be late (21d)",
        ),
        (
            {"retention": {"cases": "29d"}},
            "retention.cases",
            "29d is shorter than triage.repeat_window: until then they count as repeat contact (30d)",
        ),
        (
            {"retention": {"cases": "31d"}, "triage": {"reopen_within": "40d"}},
            "retention.cases",
            "31d is shorter than triage.reopen_within: until then they may be opened again (40d)",
        ),
    ],
)
def test_what_is_still_worked_with_must_be_kept(changes: dict[str, object], path: str, says: str) -> None:
    assert found(**changes) == [(path, says)]


def test_limits_that_are_long_enough_are_fine() -> None:
    assert found(retention={"posts": "7d", "cases": "30d"}) == []
    assert found(retention={"cases": "36500d"}) == []


def test_two_entries_that_tie_are_both_named() -> None:
    sla = [{"channels": ["x"], "acknowledge": "5m"}, {"severity": ["sev1"], "acknowledge": "9m"}]
    assert found(sla=sla) == [
        (
            "sla.1",
            "entry 1 (x; all severities) and entry 2 (all channels; sev1) are equally specific and both apply to a case"
            " (x, sev1); narrow one",
        ),
        ("sla.0", "ties with entry 2: see there"),
    ]


def test_a_tie_that_a_more_specific_entry_settles_is_none() -> None:
    sla = [{"channels": ["x"]}, {"severity": ["sev1"]}, {"channels": ["x"], "severity": ["sev1"]}]
    assert found(sla=sla) == []


def test_two_entries_for_everything_tie_on_any_channel() -> None:
    (path, message), _ = found(sla=[{}, {}])
    assert path == "sla.1"
    assert "any other channel" in message


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({}, {"channels": ["x"]}, "which always matches"),
        ({"channels": ["x"]}, {"channels": ["x"]}, "whenever this one does"),
        ({"channels": ["x", "blog"]}, {"channels": ["x"], "languages": ["de"]}, "whenever this one does"),
        ({"urgency_at_least": "normal"}, {"urgency_at_least": "high"}, "whenever this one does"),
    ],
)
def test_a_rule_that_is_never_reached(first: dict[str, object], second: dict[str, object], why: str) -> None:
    rules = [{"name": "a", "when": first, "then": {}}, {"name": "b", "when": second, "then": {}}]
    ((path, message),) = found(rules=rules)
    assert path == "rules.1"
    assert why in message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"channels": ["x"]}, {"channels": ["x", "blog"]}),
        ({"channels": ["x"]}, {}),
        ({"urgency_at_least": "high"}, {"urgency_at_least": "normal"}),
        ({"followers_at_least": 10}, {"followers_at_least": 5}),
    ],
)
def test_a_rule_that_can_be_reached(first: dict[str, object], second: dict[str, object]) -> None:
    rules = [{"name": "a", "when": first, "then": {}}, {"name": "b", "when": second, "then": {}}]
    assert found(rules=rules) == []


def test_a_step_for_a_team_without_targets_and_a_deadline_of_nothing() -> None:
    teams = {"cloud-support": {"forward": ["desk"]}, "idle": {}}
    escalation = {"late": {"steps": [{"notify": "idle"}]}}
    paths = [path for path, _ in found(teams=teams, escalation=escalation, sla=[{"acknowledge": "0s"}])]
    assert paths == ["escalation.late.steps.0.notify", "sla.0.acknowledge"]


WEEK = {"office": {"hours": {"mon-fri": ["08:00-16:00"]}}, "monday": {"hours": {"mon": ["09:00-10:00"]}}}


@pytest.mark.parametrize(
    ("entry", "longest"),
    [
        ({"resolution": "391d", "calendar": "office"}, "390d"),  # 468 weeks of 40 hours, told of twice as late
        ({"acknowledge": "9d18h1m", "calendar": "monday"}, "9d18h"),
        ({"acknowledge": "19d12h1m", "calendar": "monday", "remind_at": []}, "19d12h"),
    ],
)
def test_a_deadline_beyond_what_is_looked_ahead_is_a_problem(entry: dict[str, object], longest: str) -> None:
    ((path, said),) = found(calendars=WEEK, sla=[entry])
    assert path == f"sla.0.{next(iter(entry))}" and said.endswith(f"must be {longest} or less")
    assert found(calendars=WEEK, sla=[{**entry, next(iter(entry)): longest}]) == []


def test_a_deadline_by_the_clock_may_be_as_long_as_any() -> None:
    assert found(sla=[{"resolution": "36500d"}]) == []


def test_a_reply_with_a_variable_that_nobody_knows_and_articles_that_are_nowhere() -> None:
    replies = [{"name": "thanks", "text": "Hello {author}"}, {"name": "sorry", "text": "Hello {autor}"}]
    told = found(replies=replies, knowledge={"articles": "/none/such"})
    assert [path for path, _ in told] == ["replies.1.text", "knowledge.articles"]
    assert "unknown variable {autor}" in told[0][1]


def test_everything_that_is_wrong_with_a_calendar_is_told_at_once() -> None:
    calendar = {
        "timezone": "Europe/Berlim",
        "hours": {"mo": ["08:00-12:00"]},
        "holidays": "XX",
        "exceptions": {"24.12.": []},
        "ical": "/none/such.ics",
    }
    assert [path for path, _ in found(calendars={"office": calendar})] == [
        f"calendars.office.{key}" for key in ("timezone", "hours", "holidays", "exceptions", "ical")
    ]


@pytest.mark.parametrize(
    ("calendar", "message"),
    [
        ({"timezone": "Europe/Berlim", "hours": {"mon": ["08:00-12:00"]}}, "no time zone 'Europe/Berlim'"),
        ({"timezone": "../etc", "hours": {"mon": ["08:00-12:00"]}}, "no time zone"),
        ({"hours": {"mon": ["8-12"]}}, "'8-12' is no interval"),
        ({"hours": {"mon": ["08:61-12:00"]}}, "is not a time of day"),
        ({"hours": {"mon": ["08:00-24:01"]}}, "is not a time of day"),
        ({"hours": {"mon": ["22:00-06:00"]}}, "ends before it begins"),
        ({"hours": {"monday": ["08:00-12:00"]}}, "names no weekdays"),
        ({"hours": {"mon": []}}, "no working hours at all"),
        ({"hours": {"mon": ["08:00-12:00"]}, "holidays": "XX"}, "no holidays are known for 'XX'"),
        ({"hours": {"mon": ["08:00-12:00"]}, "holidays": "DE-XX"}, "no holidays are known for 'DE-XX'"),
    ],
)
def test_a_calendar_that_cannot_be_read(calendar: dict[str, object], message: str) -> None:
    ((path, said),) = found(calendars={"office": calendar})
    assert path.rpartition(".")[0] == "calendars.office"
    assert message in said


def test_the_name_of_the_built_in_calendar_is_taken() -> None:
    ((path, _),) = found(calendars={"always": {"hours": {"mon": ["08:00-12:00"]}}})
    assert path == "calendars.always"


def paths(**changes: object) -> list[str]:
    return [path for path, _ in found(**changes)]


def test_what_would_never_wake_anybody_or_never_stop_is_found() -> None:
    assert paths(rotas={"empty": {}}) == ["rotas.empty"]
    assert paths(rotas={"desk": {"people": ["desk"]}}) == ["rotas.desk"]
    assert paths(escalation={"sev1": {"steps": [{"notify": "on-call"}]}, "late": {"steps": [{"notify": "desk"}]}}) == [
        "escalation.sev1.steps.0.notify"
    ]
    assert paths(escalation={"late": {"steps": [{"notify": "desk"}, {"notify": "manager"}], "repeat": 3}}) == [
        "escalation.late.repeat"
    ]
    assert paths(escalation={"late": {"steps": [{"webhook": "desk"}]}}) == ["escalation.late.steps.0.webhook"]
