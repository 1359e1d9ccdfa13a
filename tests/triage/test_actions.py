"""What people may do with a case, what it does to the clocks, and that twice is as good as once."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import CaseState, ClockName, ClockState, NoticeType, Severity, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import timeline
from triage.actions import ACTIONS, act
from triage.clocks import Clocks, read
from triage.in_hand import Acted
from triage.views import CaseDetail, load_case

MINUTE = timedelta(minutes=1)
POLICY = policy()


@pytest.fixture
def number(database: Engine) -> int:
    """An open sev2 case: acknowledge 15m, first response 1h, resolution 8h."""
    (opened,) = run(database, [one(mention(1, author="ann"))]).opened
    return opened.number


def do(database: Engine, number: int, action: str, minutes: float = 1, text: str = "", value: str = "") -> Acted:
    with database.begin() as connection:
        at = NOW + minutes * MINUTE
        return act(connection, number, action, actor="eve", now=at, policy=POLICY, text=text, value=value)


def clocks_of(database: Engine, number: int) -> Clocks:
    with database.connect() as connection:
        return read(connection, [number])[number]


def said(database: Engine, number: int) -> list[str]:
    with database.connect() as connection:
        return [event.text for event in timeline.read(connection, number)]


def test_twice_is_as_good_as_once(database: Engine) -> None:
    tried = [("acknowledge", "", ""), ("assign", "", "bob"), ("pause", "why", ""), ("label", "", "billing")]
    tried += [("resolve", "", ""), ("close", "", "")]
    opened = run(database, [one(mention(n)) for n in range(1, len(tried) + 1)]).opened
    for case, (action, text, value) in zip(opened, tried, strict=True):
        first = do(database, case.number, action, 1, text, value)
        lines = said(database, case.number)
        second = do(database, case.number, action, 2, text, value)
        assert (first.changed, second.changed, second.notices) == (True, False, ())
        assert said(database, case.number) == lines
        assert second.case.revision == first.case.revision


def test_acknowledging_in_time_meets_the_clock_and_names_who(database: Engine, number: int) -> None:
    acted = do(database, number, "acknowledge", 14)
    assert (acted.case.state, acted.case.acknowledged_by) == (CaseState.OPEN, "eve")
    assert clocks_of(database, number)[ClockName.ACKNOWLEDGE].state is ClockState.MET
    assert said(database, number)[-1] == "acknowledged by eve (acknowledge met after 14m)"


def test_a_reply_meets_the_first_response_and_acknowledges(database: Engine, number: int) -> None:
    do(database, number, "reply", 20, text="We are on it.")
    clocks = clocks_of(database, number)
    assert clocks[ClockName.FIRST_RESPONSE].state is ClockState.MET
    assert clocks[ClockName.ACKNOWLEDGE].state is ClockState.BREACHED
    assert said(database, number)[-2:] == [
        "acknowledged by eve (acknowledge missed: 5m late)",
        "answered by eve (first response met after 20m)",
    ]


def test_pausing_shifts_every_running_clock_by_exactly_the_pause(database: Engine, number: int) -> None:
    before = clocks_of(database, number)
    paused = do(database, number, "pause", 10)
    assert paused.case.state is CaseState.WAITING
    do(database, number, "resume", 130.5)
    after = clocks_of(database, number)
    for name in (ClockName.FIRST_RESPONSE, ClockName.RESOLUTION):
        assert after[name].due_at - before[name].due_at == 120.5 * MINUTE
        assert after[name].state is ClockState.RUNNING


def test_the_author_who_writes_again_ends_the_wait(database: Engine, number: int) -> None:
    do(database, number, "pause", 10)
    run(database, [one(mention(2, author="ann", minutes=25), Urgency.NORMAL)], at=NOW + 26 * MINUTE)
    assert clocks_of(database, number)[ClockName.RESOLUTION].due_at == NOW + (480 + 15) * MINUTE


def test_resolving_ends_all_clocks_and_frees_the_conversation(database: Engine, number: int) -> None:
    acted = do(database, number, "resolve", 30, text="fixed")
    states = {name: clock.state for name, clock in clocks_of(database, number).items()}
    assert states == {"acknowledge": "breached", "first_response": "idle", "resolution": "met"}
    assert [n.type for n in acted.notices] == [NoticeType.CASE_UPDATED]
    (again,) = run(database, [one(mention(2, parent="post1", minutes=40))], at=NOW + 6000 * MINUTE).opened
    assert again.number != number
    with database.connect() as connection:
        assert timeline.read(connection, again.number)[0].kind == "opened"
    assert f"the conversation had a case before: {number}" in [
        r.text for r in _case(database, again.number).case.reasons
    ]


def test_reopening_takes_the_conversation_back_and_runs_the_clocks_on(database: Engine, number: int) -> None:
    do(database, number, "resolve", 30)
    acted = do(database, number, "reopen", 90)
    clocks = clocks_of(database, number)
    assert acted.case.state is CaseState.OPEN
    assert clocks[ClockName.RESOLUTION].due_at == NOW + (480 + 60) * MINUTE
    assert clocks[ClockName.FIRST_RESPONSE].due_at == NOW + (60 + 60) * MINUTE
    assert clocks[ClockName.ACKNOWLEDGE].state is ClockState.BREACHED
    assert run(database, [one(mention(2, parent="post1", minutes=95))]).joined == 1


def test_reopening_leaves_a_newer_case_its_keys(database: Engine, number: int) -> None:
    do(database, number, "resolve", 30)
    run(database, [one(mention(2, parent="post1", minutes=40))], at=NOW + 6000 * MINUTE)
    do(database, number, "reopen", 6000)
    assert run(database, [one(mention(3, parent="post1", minutes=95))]).joined == 1
    assert _case(database, number).case.mention_count == 1


def test_escalating_raises_one_step_and_starts_the_policy(database: Engine, number: int) -> None:
    acted = do(database, number, "escalate", 2, text="the press calls")
    assert acted.case.severity is Severity.SEV1
    assert [(n.target, n.type) for n in acted.notices] == [
        ("desk", NoticeType.CASE_UPDATED),
        ("sev1-group", NoticeType.CASE_ESCALATED),
    ]
    assert clocks_of(database, number)[ClockName.ACKNOWLEDGE].due_at == NOW + 5 * MINUTE
    assert "escalated from sev2 to sev1 by eve: the press calls" in said(database, number)


def test_escalating_with_a_named_policy_starts_it(database: Engine, number: int) -> None:
    acted = do(database, number, "escalate", value="late")
    assert [(n.target, n.type) for n in acted.notices] == [("manager", NoticeType.CASE_ESCALATED)]


def test_forwarding_tells_the_target_once_more_each_time(database: Engine, number: int) -> None:
    first = do(database, number, "forward", value="manager", text="please look")
    second = do(database, number, "forward", value="manager")
    assert [n.target for n in first.notices + second.notices] == ["manager", "manager"]
    assert first.notices[0].purpose != second.notices[0].purpose
    assert first.notices[0].reason == "forwarded to manager by eve: please look"


def test_closing_says_so_to_the_team(database: Engine, number: int) -> None:
    acted = do(database, number, "close")
    assert (acted.case.state, [n.type for n in acted.notices]) == (CaseState.CLOSED, [NoticeType.CASE_CLOSED])


def test_labels_come_and_go(database: Engine, number: int) -> None:
    do(database, number, "label", value="billing")
    assert _case(database, number).tags == ("billing",)
    do(database, number, "label", value="-billing")
    assert _case(database, number).tags == ()


def test_what_the_state_does_not_allow_is_said_clearly(database: Engine) -> None:
    tried = [
        ("resolve", "acknowledge", "is resolved; this needs a case that is new or open or waiting"),
        ("close", "pause", "is closed; this needs a case that is new or open"),
        ("resolve", "forward", "is resolved; this needs a case that is new or open or waiting"),
        ("close", "forward", "is closed; this needs a case that is new or open or waiting"),
        ("note", "resume", "is new; this needs a case that is waiting"),
        ("close", "resolve", "is closed; this needs"),
    ]
    opened = run(database, [one(mention(n)) for n in range(1, len(tried) + 1)]).opened
    for case, (first, then, sentence) in zip(opened, tried, strict=True):
        do(database, case.number, first, text="a word")
        with pytest.raises(StateError, match=f"case {case.number} {sentence}"):
            do(database, case.number, then, text="a word")


def test_bad_input_changes_nothing(database: Engine, number: int) -> None:
    before = said(database, number)
    tried: list[tuple[str, str, str, type[Exception]]] = [
        ("note", "", "", InputError),
        ("reply", " ", "", InputError),
        ("forward", "", "nowhere", InputError),
        ("escalate", "", "sev9", InputError),
        ("escalate", "", "sev4", StateError),
        ("note", "x" * 10_001, "", InputError),
        ("explode", "", "", NotFoundError),
    ]
    for action, text, value, error in tried:
        with pytest.raises(error):
            do(database, number, action, text=text, value=value)
    assert said(database, number) == before


def test_there_is_no_action_on_a_case_that_does_not_exist(database: Engine) -> None:
    for action in ACTIONS:
        with pytest.raises(NotFoundError, match="there is no case 7"):
            do(database, 7, action)


def _case(database: Engine, number: int) -> CaseDetail:
    with database.connect() as connection:
        return load_case(connection, number, POLICY, NOW)
