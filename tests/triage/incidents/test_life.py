"""Incidents in the database: opened with a leading case, gathering cases, holding back pages, told of once, over."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from leitstand.model import Intent, Notice, NoticeType, Urgency
from tests.triage.building import NOW, assessment, mention, one, policy, store
from tests.triage.waiting import until_somebody_waits
from triage import records, timeline
from triage.actions import act
from triage.cases import Outcome, process
from triage.decide import Item
from triage.firing import fire_due
from triage.incidents import held, life, views
from triage.incidents import store as voices
from triage.incidents.baseline import Usual
from triage.incidents.detector import Watch
from triage.incidents.signals import Signal
from triage.merging import merge
from triage.runs.advancing import advance_due

POLICY = policy()
MINUTE = timedelta(minutes=1)


def handle(database: Engine, items: list[Item], at: datetime) -> Outcome:
    """A batch, as a worker handles it: into cases, and counted."""
    with database.begin() as connection:
        store(connection, items)
        outcome = process(connection, items, POLICY, at)
        voices.note(connection, items, POLICY.incidents, at)
        return outcome


def look(database: Engine, minutes: float) -> tuple[Notice, ...]:
    with database.begin() as connection:
        return life.evaluate(connection, POLICY, NOW + minutes * MINUTE)


def quiet_hour(database: Engine) -> None:
    """Half an hour and more in which nobody had anything to say is known."""
    for minutes in range(-70, 0, 10):
        look(database, minutes)


def outage(
    database: Engine, count: int = 6, first: int = 1, start: float = 0, every: float = 0.5, watchlist: str = "cloud"
) -> Outcome:
    """So many authors in trouble, half a minute apart; returns what came of the last."""
    outcome = Outcome()
    for n in range(count):
        number, minutes = first + n, start + every * n
        words = f"acme cloud is down for us here, customer {number * 7919}"
        post = mention(number, minutes=minutes, words=words, watchlists=(watchlist,))
        item = (post, assessment(Urgency.CRITICAL, Intent.OUTAGE))
        outcome = handle(database, [item], NOW + minutes * MINUTE)
    return outcome


def rows(database: Engine, query: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_it_opens_with_its_cases_and_is_told_of_once(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    told = look(database, 3)
    assert [(n.type, n.target) for n in told] == [
        (NoticeType.INCIDENT_OPENED, "desk"), (NoticeType.INCIDENT_OPENED, "sev1-group"),
    ]  # fmt: skip
    assert "incident 1 on cloud: 6 authors within 5m where 0.0 are usual" in told[0].reason
    assert rows(database, "SELECT DISTINCT incident FROM cases") == [(1,)]
    assert look(database, 3.2) == () == look(database, 3.4)


def test_pages_after_it_are_held_back_each_on_its_case(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    outcome = outage(database, 1, first=50, start=4)
    assert [n.target for n in outcome.notices] == ["desk"], "the team has its case, nobody is paged"
    number = outcome.opened[0].number
    assert rows(database, "SELECT case_number, policy, incident FROM held_pages") == [(number, "sev1", 1)]
    with database.connect() as connection:
        said = [e.text for e in timeline.read(connection, number)]
    assert "escalation sev1 is held back by incident 1: the case is sev1" in said


def test_pages_and_held_pages_are_the_sev1_cases(database: Engine) -> None:
    quiet_hour(database)
    outage(database, 6)
    look(database, 3)
    outage(database, 4, first=50, start=4)
    paged = rows(database, "SELECT case_number FROM escalation_runs WHERE policy = 'sev1'")
    held_back = rows(database, "SELECT case_number FROM held_pages")
    sev1 = rows(database, "SELECT number FROM cases WHERE severity = 'sev1'")
    assert len(held_back) == 4 and sorted(paged + held_back) == sorted(sev1)


def test_further_steps_of_its_cases_wait_for_its_end(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    with database.begin() as connection:
        steps = advance_due(connection, POLICY, NOW + 12 * MINUTE)
    assert [n.type for n in steps.notices] == [], "the second step is the incident's, at thirteen minutes"
    with database.begin() as connection:
        steps = advance_due(connection, POLICY, NOW + 14 * MINUTE)
    assert [(n.target, n.type) for n in steps.notices] == [("manager", NoticeType.INCIDENT_OPENED)]


def test_leaks_dangers_and_lawyers_are_never_held_back(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    leak = (
        mention(60, minutes=4, words="your portal shows me other people"),
        assessment(Urgency.CRITICAL, Intent.SECURITY),
    )
    outcome = handle(database, [leak], NOW + 4 * MINUTE)
    assert "sev1-group" in [n.target for n in outcome.notices]
    assert rows(database, f"SELECT incident FROM cases WHERE number = {outcome.opened[0].number}") == [(None,)]


def test_what_a_person_starts_is_not_held_back(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    number = outage(database, 1, first=50, start=4).opened[0].number
    with database.begin() as connection:
        acted = act(connection, number, "escalate", actor="ann", now=NOW + 5 * MINUTE, policy=POLICY, value="sev1")
    assert [n.target for n in acted.notices if n.type is NoticeType.CASE_ESCALATED] == ["sev1-group"]


def test_it_is_told_of_again_when_it_has_doubled(database: Engine) -> None:
    quiet_hour(database)
    outage(database, 6)
    look(database, 3)
    outage(database, 12, first=100, start=3, every=0.25)
    told = look(database, 6)
    assert [n.type for n in told] == [NoticeType.INCIDENT_GROWN]
    assert "incident 1 on cloud grows: " in told[0].reason and "18 in all" in told[0].reason


def test_a_leading_case_that_is_merged_hands_the_lead_on(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    for number, other in ((2, 1), (3, 2)):
        with database.begin() as connection:
            merge(connection, number, other, actor="ann", now=NOW + 4 * MINUTE, policy=POLICY)
    outage(database, 12, first=100, start=4, every=0.1)
    (grown,) = look(database, 6)
    with database.begin() as connection:
        steps = advance_due(connection, POLICY, NOW + 14 * MINUTE)
    assert [(n.case.number, n.target, n.type) for n in steps.notices] == [(3, "manager", NoticeType.INCIDENT_OPENED)]
    closed = [n for n in over(database) if n.type is NoticeType.INCIDENT_CLOSED]
    assert {n.case.number for n in (grown, *closed)} == {3}
    assert "16 cases (16 sev1, 16 still open)" in closed[0].reason, "a case that was merged is no case"
    assert rows(database, "SELECT lead_case FROM incidents") == [(3,)]


def over(database: Engine) -> tuple[Notice, ...]:
    """Look until it is over."""
    for minutes in range(4, 40):
        told = look(database, minutes)
        if any(n.type is NoticeType.INCIDENT_CLOSED for n in told):
            return told
    raise AssertionError("it is never over")


def test_it_ends_with_a_summary_and_the_held_pages_that_nobody_answered_go_out(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    kept, answered = (outage(database, 1, first=50 + n, start=4).opened[0].number for n in range(2))
    with database.begin() as connection:
        act(connection, answered, "acknowledge", actor="ann", now=NOW + 5 * MINUTE, policy=POLICY)
    told = over(database)
    closed = [n for n in told if n.type is NoticeType.INCIDENT_CLOSED]
    assert {n.target for n in closed} == {"desk", "sev1-group"}
    assert "8 cases (8 sev1, 8 still open); 2 pages held back, 1 of them sent now" in closed[0].reason
    assert [(n.case.number, n.target) for n in told if n.type is NoticeType.CASE_ESCALATED] == [(kept, "sev1-group")]
    assert rows(database, "SELECT state, authors FROM incidents") == [("closed", 8)]
    assert rows(database, "SELECT state FROM escalation_runs WHERE policy = 'incident-1'") == [("stopped",)]


def paged(told: Iterable[Notice]) -> list[int]:
    return [n.case.number for n in told if n.type is NoticeType.CASE_ESCALATED]


def test_a_page_held_back_in_the_moment_its_incident_ends_goes_out_with_the_next_look(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    post = mention(50, minutes=4, words="acme cloud is down for us here, customer 50", watchlists=("cloud",))
    item = (post, assessment(Urgency.CRITICAL, Intent.OUTAGE))
    with database.begin() as worker:
        store(worker, [item])
        number = process(worker, [item], POLICY, NOW + 4 * MINUTE).opened[0].number
        over(database)
    assert rows(database, "SELECT case_number, released_at FROM held_pages") == [(number, None)]
    assert paged(look(database, 200)) == [number]
    assert look(database, 200.1) == ()
    assert rows(database, "SELECT count(*) FROM held_pages WHERE released_at IS NULL") == [(0,)]


def test_what_comes_to_an_incident_after_its_cases_are_locked_is_the_next_looks(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    kept, off = outage(database, 1, first=50, start=4).opened[0].number, policy(incidents={"enabled": False})

    def looks() -> list[int]:
        with database.begin() as connection:
            return paged(life.evaluate(connection, off, NOW + 5 * MINUTE))

    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            records.lock(connection, [kept])
            looking = pool.submit(looks)
            until_somebody_waits(database)
            late = outage(database, 1, first=60, start=4.5).opened[0].number
        assert looking.result(60) == [kept]
    assert looks() == [late]
    assert looks() == []


def test_a_page_that_somebody_answered_is_held_back_no_longer(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    number = outage(database, 1, first=50, start=4).opened[0].number
    with database.begin() as connection:
        act(connection, number, "acknowledge", actor="ann", now=NOW + 5 * MINUTE, policy=POLICY)
    assert number not in paged(over(database))
    assert rows(database, "SELECT count(*) FROM held_pages WHERE released_at IS NULL") == [(0,)]


def test_after_its_end_cases_page_by_themselves_again(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    over(database)
    outcome = outage(database, 1, first=70, start=60)
    assert "sev1-group" in [n.target for n in outcome.notices]


def test_what_nobody_watches_any_more_holds_nothing_back(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    kept = outage(database, 1, first=50, start=4).opened[0].number
    off = policy(incidents={"enabled": False})
    with database.begin() as connection:
        told = life.evaluate(connection, off, NOW + 5 * MINUTE)
        assert life.evaluate(connection, off, NOW + 5 * MINUTE) == ()
    assert [n.case.number for n in told if n.type is NoticeType.CASE_ESCALATED] == [kept]
    assert any("is not watched any more" in n.reason for n in told if n.type is NoticeType.INCIDENT_CLOSED)


def test_a_watchlist_that_was_gone_for_a_while_begins_anew(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE cases SET watchlists = '{other}'"))
    assert look(database, 3) == (), "an incident without a case is told of to nobody"
    off = policy(incidents={"enabled": False})
    with database.begin() as connection:
        assert life.evaluate(connection, off, NOW + 4 * MINUTE) == ()
    assert rows(database, "SELECT state FROM incidents") == [("closed",)]
    assert rows(database, "SELECT watchlist FROM incident_watches") == []


def test_a_deadline_missed_during_it_pages_afterwards_also_where_the_case_was_acknowledged(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    number = outage(database, 1, first=50, start=4).opened[0].number
    with database.begin() as connection:
        act(connection, number, "acknowledge", actor="ann", now=NOW + 5 * MINUTE, policy=POLICY)
        connection.execute(
            text("UPDATE sla_clocks SET fire_at = :at WHERE case_number = :n AND name = 'resolution'"),
            {"at": NOW + 6 * MINUTE, "n": number},
        )
        connection.execute(
            text(
                "UPDATE sla_clocks SET due_at = :at, warnings_left = '{}' WHERE case_number = :n"
                " AND name = 'resolution'"
            ),
            {"at": NOW + 6 * MINUTE, "n": number},
        )
        fired = fire_due(connection, POLICY, NOW + 7 * MINUTE)
    assert number in [b.number for b in fired.breaches]
    assert (number, "late") in rows(database, "SELECT case_number, policy FROM held_pages")
    told = over(database)
    assert (number, "manager") in [(n.case.number, n.target) for n in told if n.type is NoticeType.CASE_ESCALATED]


def test_two_sweeps_open_one(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    with database.connect() as one_, database.connect() as other:
        with one_.begin():
            first = life.evaluate(one_, POLICY, NOW + 3 * MINUTE)
        with other.begin():
            second = life.evaluate(other, POLICY, NOW + 3 * MINUTE)
    assert len(first) == 2 and second == ()
    assert rows(database, "SELECT count(*) FROM incidents") == [(1,)]


def beside_one_who_has_the_first_case(database: Engine, look: Callable[[Connection], object]) -> None:
    """A look, while somebody holds the first of its cases and then wants the others, as a batch does it."""

    def looks() -> object:
        with database.begin() as connection:
            return look(connection)

    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            numbers = list(connection.scalars(text("SELECT number FROM cases ORDER BY number")))
            records.lock(connection, numbers[:1])
            looking = pool.submit(looks)
            until_somebody_waits(database)
            records.lock(connection, numbers[1:])
        looking.result(60)


def two_outages(database: Engine) -> None:
    """The cases of the watchlist that is looked at first are the newer ones."""
    quiet_hour(database)
    outage(database, watchlist="cloud")
    outage(database, first=50, watchlist="brand")


def test_incidents_that_open_at_once_lock_their_cases_in_one_order(database: Engine) -> None:
    two_outages(database)
    beside_one_who_has_the_first_case(database, lambda c: life.evaluate(c, POLICY, NOW + 3 * MINUTE))
    assert rows(database, "SELECT watchlist FROM incidents ORDER BY number") == [("brand",), ("cloud",)]
    assert rows(database, "SELECT count(*), count(incident) FROM cases") == [(12, 12)]


def test_incidents_that_end_at_once_lock_their_cases_in_one_order(database: Engine) -> None:
    two_outages(database)
    look(database, 3)
    off = policy(incidents={"enabled": False})
    beside_one_who_has_the_first_case(database, lambda c: life.evaluate(c, off, NOW + 4 * MINUTE))
    assert rows(database, "SELECT DISTINCT state FROM incidents") == [("closed",)]


def test_an_incident_that_is_closed_by_hand_locks_its_cases_in_one_order(database: Engine) -> None:
    quiet_hour(database)
    outage(database)
    look(database, 3)
    outage(database, 2, first=50, start=4)
    beside_one_who_has_the_first_case(database, lambda c: views.close(c, 1, "over", POLICY, NOW + 5 * MINUTE))
    assert rows(database, "SELECT state FROM incidents") == [("closed",)]


def test_a_clock_that_is_set_back_stops_no_look(database: Engine) -> None:
    with database.begin() as connection:
        for minutes, claimed in ((60, {"cloud"}), (60.02, set[str]()), (0, {"cloud"}), (0.02, set[str]())):
            at = NOW + minutes * MINUTE
            assert set(voices.claim(connection, ["cloud"], POLICY.incidents.window, at)) == claimed


def test_a_voice_is_counted_once_a_minute_however_often_it_speaks(database: Engine) -> None:
    items = [one(mention(n, author="loud", minutes=0.1)) for n in range(1, 6)]
    handle(database, items, NOW + MINUTE)
    handle(database, [one(mention(9, author="loud", minutes=0.2), Urgency.NORMAL)], NOW + MINUTE)
    assert rows(database, "SELECT count(*), bool_and(trouble) FROM incident_voices") == [(1, True)]


def test_what_a_watch_has_learned_is_kept(database: Engine) -> None:
    quiet_hour(database)
    with database.begin() as connection:
        watch = voices.claim(connection, ["cloud"], POLICY.incidents.window, NOW)["cloud"]
        assert watch != Watch() and held.open_incidents(connection) == {}


def test_switched_off_nothing_is_counted_or_opened(database: Engine) -> None:
    off = policy(incidents={"enabled": False})
    with database.begin() as connection:
        voices.note(connection, [one(mention(1))], off.incidents, NOW)
        assert life.evaluate(connection, off, NOW) == ()
    assert rows(database, "SELECT count(*) FROM incident_voices") == [(0,)]


def test_the_same_hour_of_each_week_before_is_remembered(database: Engine) -> None:
    with database.begin() as connection:
        before = [(Signal.IMPACT, NOW - timedelta(weeks=back), float(back)) for back in (1, 2)]
        voices.keep(connection, "cloud", Watch(), before)
        voices.keep(connection, "brand", Watch(), [(Signal.IMPACT, NOW - timedelta(days=3), 9.0)])
        usual = {name: voices.known(connection, name, NOW + 59 * MINUTE) for name in ("cloud", "brand", "jobs")}
    assert usual["cloud"][Signal.IMPACT] == Usual(1.5 + 1 / 120, "week")
    assert usual["brand"][Signal.IMPACT] == Usual(9.0, "day")
    assert usual["cloud"][Signal.TROUBLE] is usual["jobs"][Signal.IMPACT] is None
